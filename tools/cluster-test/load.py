"""Steady calls while something happens, and what their callers saw."""

import subprocess
import time

from cluster import restarts
from failure import Failure
from jobs import summary_in


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
        self.followers = [self.cluster.follow("logs", "--follow", "--tail=-1", name) for name in self.names]
        # So that each has called before anything happens to the pods.
        time.sleep(3)

    def stop(self):
        """The sum of what the pods saw."""
        time.sleep(2)
        restarted = any(restarts(pod) for pod in self.cluster.pods("job-name=load"))
        self.cluster.run("delete", "job", "load", "--cascade=foreground", "--timeout=60s")
        said = [self.ending_of(follower) for follower in self.followers]
        summaries = [summary_in(lines) for lines in said]
        if None in summaries or restarted:
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

    def told(self):
        said = "".join(f"\n    {line}" for line in self.messages[:10])
        return f"{self.failed} of {self.calls} calls failed{said}"
