"""The course of the test, from an empty namespace to an empty namespace."""

import collections
import json
import re
import subprocess

import images
from customers import Customers
from failure import Failure
from jobs import Jobs, Load, summary_in

DEPLOYMENTS = ("deployment/app-server", "deployment/envoy", "deployment/app-client")
SERVERS = "app=app-server,track=stable"
EVERY = "5ms"
CANARY_CALLS = 10_000
# What shows that an apply changed nothing: others change by themselves, as a Deployment's status does.
WITH_GENERATION = "deployments,statefulsets,poddisruptionbudgets,networkpolicies"
WITHOUT_GENERATION = "configmaps,secrets,services,serviceaccounts"


class Course:
    def __init__(self, root, cluster, figures, progress):
        self.root, self.cluster, self.figures, self.progress = root, cluster, figures, progress
        self.ours = False
        self.load = None

    def begin(self):
        """A namespace of our own that refuses every pod that is not restricted, with the images on the cluster."""
        version = self.version()
        namespace = self.cluster.namespace
        if self.cluster.attempt("get", "namespace", namespace).returncode == 0:
            raise Failure(f"the namespace {namespace} is there already: delete it, or name another with CLUSTER_NAMESPACE")
        text = subprocess.run(["kubectl", "kustomize", self.root / "manifests"], capture_output=True, text=True, check=True).stdout
        images.load(images.named_in(text), self.progress)
        self.cluster.run("create", "namespace", namespace)
        self.ours = True
        for mode in ("enforce", "warn"):
            self.cluster.run("label", "namespace", namespace, f"pod-security.kubernetes.io/{mode}=restricted")
        client = next(image for image in images.named_in(text) if image.partition(":")[0].endswith("ticketing-client"))
        self.jobs = Jobs(self.cluster, client)
        self.customers = Customers(self.jobs)
        return {"kubernetes": version, "version": client.rpartition(":")[2]}

    def version(self):
        done = self.cluster.attempt("version", "--output", "json", limit=30)
        try:
            server = json.loads(done.stdout)["serverVersion"]
        except (ValueError, KeyError):
            raise Failure(f"kubectl reaches no cluster: start one (kind create cluster) or choose one (kubectl config use-context)\n{done.stderr.strip()}") from None
        self.progress(f"Kubernetes {server['gitVersion']}, namespace {self.cluster.namespace}")
        return server["gitVersion"]

    def run(self):
        self.apply_twice()
        self.callers_see_every_pod()
        self.customers_come_back("first", 1000)
        self.scale_out_and_in()
        self.roll_servers_and_back()
        self.roll_envoys()
        self.lose_a_server()
        self.lose_the_database()
        self.go_through_a_canary()
        self.go_through_an_external_database()
        self.count_what_is_lost()

    def end(self, keep):
        if self.load:
            self.load.abandon()
        if self.ours and not keep:
            self.progress("cleaning up")
            self.cluster.attempt("delete", "namespace", self.cluster.namespace, "--timeout=180s", limit=200)

    def apply_twice(self):
        self.progress("applying the folder, twice")
        self.cluster.run("apply", "--filename", self.root / "manifests")
        first = self.specifications()
        self.cluster.run("apply", "--filename", self.root / "manifests")
        second = self.specifications()
        changed = [name for name in first if first[name] != second[name]]
        if changed:
            raise Failure(f"the second apply changed {', '.join(changed)}")
        self.cluster.settled("statefulset/postgres", *DEPLOYMENTS)

    def specifications(self):
        seen = {}
        for kinds, field in ((WITH_GENERATION, "generation"), (WITHOUT_GENERATION, "resourceVersion")):
            for item in self.cluster.json("get", kinds)["items"]:
                seen[f"{item['kind']}/{item['metadata']['name']}"] = item["metadata"][field]
        return seen

    def callers_see_every_pod(self):
        self.progress("reading the client's log: both pods answer in turn")
        pods = self.cluster.pods_are(SERVERS, 2)

        def in_turn():
            log = self.cluster.run("logs", "deployment/app-client", "--tail=40")
            calls = re.findall(r"End GetCustomerDetails from (\S+)", log)[-8:]
            counts = collections.Counter(calls)
            return len(calls) == 8 and set(counts) == set(pods) and max(counts.values()) - min(counts.values()) <= 1

        self.cluster.until("even spread in the client's log", in_turn, 120)

    def customers_come_back(self, name, rows):
        self.progress(f"importing {rows} customers and reading them back")
        people = self.customers.begin_import(name, rows, in_flight=64)
        self.customers.end_import(name, people)
        lost, twice = self.customers.missing()
        if lost or twice:
            raise Failure(f"of {rows} imported customers {lost} are missing and {twice} are there twice")

    def scale_out_and_in(self):
        self.progress("scaling 2, 5, 2 servers under load")
        with self.under_load() as seen:
            self.cluster.run("scale", "deployment/app-server", "--replicas=5")
            self.cluster.settled("deployment/app-server")
            five = self.cluster.pods_are(SERVERS, 5)
            self.cluster.run("scale", "deployment/app-server", "--replicas=2")
            self.cluster.pods_are(SERVERS, 2)
        silent = [pod for pod in five if not seen.total.pods.get(pod)]
        if silent:
            raise Failure(f"no call came to {', '.join(silent)}")
        self.failed("cluster_scale_failed", seen, "2, 5, 2 servers")

    def roll_servers_and_back(self):
        self.progress("rolling the servers, out to V2 and back to V1, under load and creates")
        with self.under_load() as seen:
            people = self.customers.begin_import("rolling", 5000)
            self.cluster.run("rollout", "restart", "deployment/app-server")
            self.replaced("deployment/app-server", SERVERS, 2)
            self.cluster.run("set", "env", "deployment/app-server", "APP_VERSION=V2")
            self.replaced("deployment/app-server", SERVERS, 2)
            self.cluster.run("rollout", "undo", "deployment/app-server")
            self.replaced("deployment/app-server", SERVERS, 2)
            self.customers.end_import("rolling", people)
        if self.app_version() != "V1":
            raise Failure(f"the roll-back left APP_VERSION {self.app_version()}")
        self.failed("cluster_rollout_server_failed", seen, "three rollouts of two servers, the last a roll-back")

    def roll_envoys(self):
        self.progress("rolling the Envoys under load and creates")
        with self.under_load() as seen:
            people = self.customers.begin_import("envoys", 5000)
            self.cluster.run("rollout", "restart", "deployment/envoy")
            self.replaced("deployment/envoy", "app=envoy", 2)
            self.customers.end_import("envoys", people)
        self.failed("cluster_rollout_envoy_failed", seen, "one rollout of two Envoys")

    def lose_a_server(self):
        self.progress("deleting a server's pod under load")
        with self.under_load() as seen:
            victim = self.cluster.pods(SERVERS)[0]["metadata"]["name"]
            self.cluster.run("delete", "pod", victim)
            self.cluster.pods_are(SERVERS, 2)
        self.progress(f"  {seen.told()}")

    def lose_the_database(self):
        self.progress("deleting the database's pod under creates")
        people = self.customers.begin_import("database", 10_000, in_flight=4)
        self.cluster.until("import under way", lambda: bool(self.cluster.pods("job-name=import-database")), 60)
        self.cluster.run("delete", "pod", "postgres-0")
        self.cluster.settled("statefulset/postgres")
        summary = self.customers.end_import("database", people)
        self.progress(f"  {summary['created']} created, {summary['already_there']} there when they were sent again")

    def go_through_a_canary(self):
        self.progress("applying the canary under load")
        with self.under_load() as coming:
            self.cluster.run("apply", "--kustomize", self.root / "overlays/canary")
            self.cluster.settled("deployment/app-server-canary", "deployment/envoy")
            self.cluster.pods_are("app=envoy", 2)
        self.progress(f"  {coming.told()}")
        self.measure_split()
        self.progress("taking the canary away under load")
        with self.under_load() as going:
            self.cluster.run("apply", "--filename", self.root / "manifests")
            self.cluster.settled("deployment/envoy")
            self.cluster.pods_are("app=envoy", 2)
            self.cluster.run("delete", "deployment/app-server-canary", "service/app-server-canary-headless")
            self.cluster.pods_are("app=app-server", 2)
        self.progress(f"  {going.told()}")

    def measure_split(self):
        arguments = ["--output", "json", "watch", "--every", "0s", "--in-flight", "4", "--count", str(CANARY_CALLS)]
        summary = summary_in(self.jobs.run("split", arguments))
        canaries = sum(calls for pod, calls in summary["pods"].items() if pod.startswith("app-server-canary-"))
        config = self.cluster.json("get", "configmap", "envoy-conf")["data"]["envoy.yaml"]
        weight = int(re.search(r"name: canary-first, weight: (\d+)", config)[1])
        share = 100 * canaries / summary["ok"]
        note = f"{share:.2f} % of {summary['ok']} calls went to the canary, its weight is {weight} %"
        self.progress(f"  {note}")
        self.figures.add("canary_split", round(abs(share - weight), 2), note)

    def go_through_an_external_database(self):
        self.progress("taking the database for an external one, and back, under load")
        password = self.cluster.json("get", "secret", "postgres-for-development-only")["data"]["password"]
        url = "postgres://ticketing@postgres:5432/ticketing"
        self.cluster.apply(
            [{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "ticketing-database"},
              "data": {"password": password}, "stringData": {"url": url}}]
        )
        with self.under_load() as seen:
            self.cluster.run("apply", "--kustomize", self.root / "overlays/external-postgres")
            self.replaced("deployment/app-server", SERVERS, 2)
            self.cluster.run("apply", "--filename", self.root / "manifests")
            self.replaced("deployment/app-server", SERVERS, 2)
        self.progress(f"  {seen.told()}")

    def count_what_is_lost(self):
        self.progress("reading every customer back")
        lost, twice = self.customers.missing()
        if twice:
            raise Failure(f"{twice} customers are there twice")
        total = len(self.customers.acknowledged)
        self.figures.add("cluster_lost", lost, f"of {total} acknowledged customers")

    def replaced(self, deployment, labels, count):
        self.cluster.settled(deployment)
        # Complete, for a rollout, is when the old pods begin to leave.
        self.cluster.pods_are(labels, count)

    def app_version(self):
        env = self.cluster.json("get", "deployment/app-server")["spec"]["template"]["spec"]["containers"][0]["env"]
        return next(entry["value"] for entry in env if entry["name"] == "APP_VERSION")

    def failed(self, name, seen, what):
        self.progress(f"  {seen.told()}")
        self.figures.add(name, seen.total.failed, f"of {seen.total.calls} calls: {what}")

    def under_load(self):
        return UnderLoad(self)


class UnderLoad:
    """Load while the body runs; `total` is what it saw."""

    def __init__(self, course):
        self.course = course
        self.total = None

    def __enter__(self):
        self.course.load = Load(self.course.jobs, EVERY)
        return self

    def __exit__(self, kind, *_):
        if kind is None:
            self.total = self.course.load.stop()
            self.course.load = None

    def told(self):
        said = "".join(f"\n    {line}" for line in self.total.messages[:10])
        return f"{self.total.failed} of {self.total.calls} calls failed{said}"
