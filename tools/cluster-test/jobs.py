"""Jobs that call the service through Envoy with the client's own image, as restricted as everything else."""

import json
import subprocess
import time

from failure import Failure


class Jobs:
    def __init__(self, cluster, image):
        self.cluster = cluster
        self.image = image

    def run(self, name, arguments, files=None, limit=300):
        """Runs one to its end and returns the lines that it printed."""
        self.begin(name, arguments, files)
        return self.result(name, limit)

    def begin(self, name, arguments, files=None, pods=1):
        self.cluster.run("delete", "job", name, "--ignore-not-found", "--cascade=foreground", "--timeout=60s")
        self.cluster.apply([job(name, self.image, arguments, files, pods)])

    def result(self, name, limit=300):
        self.cluster.until(f"end of the job {name}", lambda: self.ended(name), limit)
        return self.cluster.run("logs", f"job/{name}", "--tail=-1").splitlines()

    def ended(self, name):
        conditions = self.cluster.json("get", "job", name)["status"].get("conditions", [])
        if any(c["type"] == "Failed" and c["status"] == "True" for c in conditions):
            log = self.cluster.attempt("logs", f"job/{name}", "--tail=20").stdout
            raise Failure(f"the job {name} failed:\n{log}{self.cluster.state()}")
        return any(c["type"] == "Complete" and c["status"] == "True" for c in conditions)


class Load:
    """Steady calls from several pods, each on a connection of its own, until `stop`."""

    PODS = 4

    def __init__(self, jobs, every):
        self.jobs = jobs
        self.cluster = jobs.cluster
        arguments = ["--output", "json", "watch", "--every", every]
        jobs.begin("load", arguments, pods=self.PODS)
        self.names = self.cluster.pods_are("job-name=load", self.PODS)
        # Their logs go with the pods, so they are read while they are written.
        self.followers = [
            subprocess.Popen(
                self.cluster.command("logs", "--follow", "--tail=-1", name),
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            )
            for name in self.names
        ]
        # So that each has called before anything happens to the pods.
        time.sleep(3)

    def stop(self):
        """The sum of what the pods saw."""
        time.sleep(2)
        restarts = [c["restartCount"] for pod in self.cluster.pods("job-name=load") for c in pod["status"]["containerStatuses"]]
        self.cluster.run("delete", "job", "load", "--cascade=foreground", "--timeout=60s")
        said = [self.ending_of(follower) for follower in self.followers]
        summaries = [summary_in(lines) for lines in said]
        if None in summaries or any(restarts):
            raise Failure("a pod of the load ended without its summary:\n" + "\n".join(map(str, said)))
        failures = [line for lines in said for line in lines if '"calls"' not in line]
        return Seen(summaries, failures)

    def abandon(self):
        for follower in self.followers:
            follower.kill()

    @staticmethod
    def ending_of(follower):
        try:
            return follower.communicate(timeout=60)[0].splitlines()
        except subprocess.TimeoutExpired:
            follower.kill()
            return []


class Seen:
    def __init__(self, summaries, messages):
        self.calls = sum(summary["calls"] for summary in summaries)
        self.failed = sum(summary["failed"] for summary in summaries)
        self.messages = messages
        self.pods = {}
        for summary in summaries:
            for pod, calls in summary["pods"].items():
                self.pods[pod] = self.pods.get(pod, 0) + calls


def summary_in(lines):
    for line in reversed(lines):
        try:
            found = json.loads(line)
        except ValueError:
            continue
        if isinstance(found, dict) and "calls" in found:
            return found
    return None


def job(name, image, arguments, files, pods):
    """`files` is the name of a ConfigMap, which is mounted at /files."""
    volumes = [{"name": "files", "configMap": {"name": files}}] if files else []
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name},
        "spec": {
            "parallelism": pods,
            "completions": pods,
            "backoffLimit": 0,
            "template": {
                "metadata": {"labels": {"ticketing/caller": "true"}},
                "spec": {
                    "restartPolicy": "Never",
                    "automountServiceAccountToken": False,
                    "enableServiceLinks": False,
                    "terminationGracePeriodSeconds": 10,
                    "securityContext": {
                        "runAsNonRoot": True,
                        "runAsUser": 65532,
                        "runAsGroup": 65532,
                        "seccompProfile": {"type": "RuntimeDefault"},
                    },
                    "volumes": volumes,
                    "containers": [
                        {
                            "name": "client",
                            "image": image,
                            "imagePullPolicy": "IfNotPresent",
                            "args": arguments,
                            "env": [
                                {"name": "SERVER_DOMAIN", "value": "envoy"},
                                {"name": "SERVER_PORT", "value": "8443"},
                                {"name": "RUST_LOG", "value": "warn"},
                            ],
                            "resources": {
                                "requests": {"cpu": "20m", "memory": "32Mi"},
                                "limits": {"cpu": "1", "memory": "256Mi"},
                            },
                            "securityContext": {
                                "allowPrivilegeEscalation": False,
                                "readOnlyRootFilesystem": True,
                                "capabilities": {"drop": ["ALL"]},
                            },
                            "volumeMounts": [{"name": "files", "mountPath": "/files"}] if files else [],
                        }
                    ],
                },
            },
        },
    }
