"""The cluster that kubectl points at, and one namespace of it."""

import json
import shutil
import subprocess
import time

from failure import Failure

LOOK_EVERY = 0.5


class NoCluster(Exception):
    """There is nothing to try anything on; one line that says what is missing."""


class Cluster:
    def __init__(self, namespace):
        self.namespace = namespace

    def version(self):
        if shutil.which("kubectl") is None:
            raise NoCluster("no kubectl on the PATH: install it, and point it at a cluster")
        try:
            done = self.attempt("version", "--output", "json", "--request-timeout=20s", limit=60)
            return json.loads(done.stdout)["serverVersion"]["gitVersion"]
        except Failure as failure:
            reason = str(failure)
        except (ValueError, KeyError):
            reason = (done.stderr.strip().splitlines() or ["it did not say why"])[-1]
        raise NoCluster(f"kubectl reaches no cluster ({reason}): start one (kind create cluster), or choose one (kubectl config use-context)")

    def run(self, *arguments, stdin=None, limit=120):
        done = self.attempt(*arguments, stdin=stdin, limit=limit)
        if done.returncode != 0:
            said = (done.stderr or done.stdout).strip()
            raise Failure(f"kubectl {' '.join(map(str, arguments))} failed: {said}")
        return done.stdout

    def attempt(self, *arguments, stdin=None, limit=120):
        command = self.command(*arguments)
        try:
            return subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=limit)
        except subprocess.TimeoutExpired:
            raise Failure(f"kubectl {' '.join(map(str, arguments))} took longer than {limit} s") from None

    def command(self, *arguments):
        return ["kubectl", "--namespace", self.namespace, *map(str, arguments)]

    def follow(self, *arguments):
        """A kubectl that goes on printing until it is ended."""
        return subprocess.Popen(self.command(*arguments), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def json(self, *arguments):
        return json.loads(self.run(*arguments, "--output", "json"))

    def exists(self, kind, name):
        return bool(self.run("get", kind, name, "--ignore-not-found", "--output", "name").strip())

    def apply(self, resources):
        """Resources that this test makes itself. From the server's side: an annotation would not hold a list of customers."""
        text = json.dumps({"apiVersion": "v1", "kind": "List", "items": resources})
        self.run("apply", "--server-side", "--filename", "-", stdin=text)

    def settled(self, *names, limit=300):
        """Waits until each rollout is complete."""
        for name in names:
            self.run("rollout", "status", name, f"--timeout={limit}s", limit=limit + 10)

    def pods(self, labels):
        """The pods that run, those that are about to end included."""
        pods = self.json("get", "pods", "--selector", labels)["items"]
        return [pod for pod in pods if pod["status"]["phase"] not in ("Succeeded", "Failed")]

    def pods_are(self, labels, count, limit=120):
        """Waits until there are exactly so many pods, all of them ready and none about to end."""
        def there():
            pods = self.pods(labels)
            return len(pods) == count and all(is_ready(pod) and not is_leaving(pod) for pod in pods)

        self.until(f"{count} pods with {labels}", there, limit)
        return sorted(pod["metadata"]["name"] for pod in self.pods(labels))

    def until(self, what, holds, limit):
        deadline = time.monotonic() + limit
        while not holds():
            if time.monotonic() > deadline:
                raise Failure(f"no {what} within {limit} s\n{self.state()}")
            time.sleep(LOOK_EVERY)

    def state(self):
        """What a person would look at first."""
        pods = self.attempt("get", "pods", "--output", "wide").stdout
        events = self.attempt("get", "events", "--sort-by=.lastTimestamp", "--field-selector=type=Warning").stdout
        return pods + "\n".join(events.splitlines()[-15:])


def is_ready(pod):
    conditions = pod["status"].get("conditions", [])
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


def is_leaving(pod):
    return "deletionTimestamp" in pod["metadata"]


def restarts(pod):
    return sum(container["restartCount"] for container in pod["status"].get("containerStatuses", []))
