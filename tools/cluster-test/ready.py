"""How many pods were ready, seen through every change of it."""

import re
import threading

from failure import Failure

SHOWN = "jsonpath={.metadata.name} {.status.readyReplicas}{'\\n'}"


class ReadyPods:
    """Watches the Deployments while the body runs: a watch shows each change, where asking now and then misses some."""

    def __init__(self, cluster):
        self.cluster = cluster
        self.fewest = {}
        self.complaint = None

    def __enter__(self):
        self.first = threading.Event()
        self.watch = self.cluster.follow("get", "deployments", "--watch", "--output", SHOWN)
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()
        if not self.first.wait(30):
            self.watch.kill()
            raise Failure(f"kubectl get deployments --watch shows nothing {self.complaint or ''}")
        return self

    def read(self):
        for line in self.watch.stdout:
            # Without a number none is ready.
            shown = re.fullmatch(r"(\S+) (\d*)\n", line)
            if not shown:
                self.complaint = line.strip()
                break
            name, ready = shown[1], int(shown[2] or 0)
            self.fewest[name] = min(self.fewest.get(name, ready), ready)
            self.first.set()

    def __exit__(self, *_):
        # A watch that ended by itself has seen only a part.
        if self.watch.poll() is not None:
            self.complaint = self.complaint or "it ended too soon"
        self.watch.kill()
        self.reader.join()

    def never_below(self, name, count):
        if self.complaint:
            raise Failure(f"kubectl get deployments --watch: {self.complaint}")
        if self.fewest[name] < count:
            raise Failure(f"only {self.fewest[name]} of {count} pods of {name} were ready for a while")
