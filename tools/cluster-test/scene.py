"""What every step of the course works with."""

from contextlib import contextmanager

import images
from creates import Creates
from customers import Customers
from failure import Failure
from jobs import Jobs
from load import Load

SERVERS = "app=app-server,track=stable"
EVERY = "5ms"


class Scene:
    def __init__(self, root, cluster, figures, progress):
        self.root, self.cluster, self.figures, self.progress = root, cluster, figures, progress
        # Whether the namespace is ours to delete.
        self.ours = False

    def prepare(self):
        """A namespace of our own that refuses every pod that is not restricted, with the images on the cluster."""
        namespace = self.cluster.namespace
        if self.cluster.exists("namespace", namespace):
            raise Failure(f"the namespace {namespace} is there already: delete it, or name another with CLUSTER_NAMESPACE")
        named = images.named_in(self.cluster.run("kustomize", self.root / "manifests"))
        client = next(image for image in named if image.partition(":")[0].endswith("ticketing-client"))
        self.version = client.rpartition(":")[2]
        images.load(named, self.progress)
        self.make_namespace(namespace)
        self.jobs = Jobs(self.cluster, client)
        self.customers = Customers(self.jobs)

    def make_namespace(self, namespace):
        # Ours from before it is there: a signal may come just as it is made.
        self.ours = True
        try:
            self.cluster.run("create", "namespace", namespace)
        except Failure:
            self.ours = False
            raise
        for mode in ("enforce", "warn"):
            self.cluster.run("label", "namespace", namespace, f"pod-security.kubernetes.io/{mode}=restricted")

    def apply_folder(self):
        self.cluster.run("apply", "--filename", self.root / "manifests")

    def apply_overlay(self, name):
        self.cluster.run("apply", "--kustomize", self.root / "overlays" / name)

    def replaced(self, deployment, labels, count):
        self.cluster.settled(deployment)
        # Complete, for a rollout, is when the old pods begin to leave.
        self.cluster.pods_are(labels, count)

    @contextmanager
    def under_load(self):
        """Load while the body runs; the value that it gives has what was seen in `total` afterwards."""
        seen = Outcome()
        load = Load(self.jobs, EVERY)
        try:
            yield seen
            seen.total = load.stop()
        finally:
            load.abandon()
        self.progress(f"  {seen.total.told()}")

    @contextmanager
    def under_creates(self, name):
        creates = Creates(self.customers, name)
        try:
            yield creates
        finally:
            creates.over.set()
        creates.end()

    @contextmanager
    def no_call_fails(self, what):
        """Load while the body runs, of which no call may fail."""
        with self.under_load() as seen:
            yield
        self.figures.none_failed(what, seen.total)


class Outcome:
    total = None
