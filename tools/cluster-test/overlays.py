"""Every overlay that needs no add-on comes and goes, and nobody notices."""

import re
import subprocess
import time

from failure import Failure
from jobs import summary_in
from ready import ReadyPods
from scene import SERVERS

CANARY_CALLS = 10_000
# How often the controller of the autoscalers looks, unless told otherwise: 15 s.
AUTOSCALER_LOOKS = 20


def canary(scene):
    cluster = scene.cluster
    scene.progress("applying the canary under load")
    with scene.no_call_fails("the canary comes"):
        scene.apply_overlay("canary")
        cluster.settled("deployment/app-server-canary")
        scene.replaced("deployment/envoy", "app=envoy", 2)
    measure_split(scene)
    scene.progress("taking the canary away under load")
    with scene.no_call_fails("the canary goes"):
        scene.apply_folder()
        scene.replaced("deployment/envoy", "app=envoy", 2)
        cluster.run("delete", "deployment/app-server-canary", "service/app-server-canary-headless")
        cluster.pods_are("app=app-server", 2)


def measure_split(scene):
    arguments = ["--output", "json", "watch", "--every", "0s", "--in-flight", "4", "--count", str(CANARY_CALLS)]
    summary = summary_in(scene.jobs.run("split", arguments))
    canaries = sum(calls for pod, calls in summary["pods"].items() if pod.startswith("app-server-canary-"))
    config = scene.cluster.json("get", "configmap", "envoy-conf")["data"]["envoy.yaml"]
    weight = int(re.search(r"name: canary-first, weight: (\d+)", config)[1])
    share = 100 * canaries / summary["ok"]
    note = f"{share:.2f} % of {summary['ok']} calls went to the canary, its weight is {weight} %"
    scene.progress(f"  {note}")
    scene.figures.add("canary_split", round(abs(share - weight), 2), note)


def external_postgres(scene):
    scene.progress("taking the database for an external one, and back, under load")
    password = scene.cluster.json("get", "secret", "postgres-for-development-only")["data"]["password"]
    url = "postgres://ticketing@postgres:5432/ticketing"
    scene.cluster.apply(
        [{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "ticketing-database"},
          "data": {"password": password}, "stringData": {"url": url}}]
    )
    with scene.no_call_fails("the database is switched, and back"):
        scene.apply_overlay("external-postgres")
        scene.replaced("deployment/app-server", SERVERS, 2)
        scene.apply_folder()
        scene.replaced("deployment/app-server", SERVERS, 2)


def autoscale(scene):
    """Without the metrics API the autoscalers keep their least number of pods and no more, which is enough to see that
    nobody takes a pod away: not the overlay that comes as its own comment tells, comes again or goes."""
    cluster = scene.cluster
    scene.progress("applying autoscale, three servers by its least number, applying it again, taking it away, under load")
    with scene.no_call_fails("autoscale comes and goes"):
        with ReadyPods(cluster) as ready:
            hand_over(scene)
            scene.apply_overlay("autoscale")
            cluster.run("patch", "hpa", "app-server", "--patch", '{"spec": {"minReplicas": 3}}')
            cluster.pods_are(SERVERS, 3)
        ready.never_below("app-server", 2)
        ready.never_below("envoy", 2)
        with ReadyPods(cluster) as ready:
            scene.apply_overlay("autoscale")
            time.sleep(AUTOSCALER_LOOKS)
        ready.never_below("app-server", 3)
        ready.never_below("envoy", 2)
        with ReadyPods(cluster) as ready:
            cluster.run("delete", "hpa", "app-server", "envoy")
            scene.apply_folder()
            cluster.pods_are(SERVERS, 2)
            cluster.pods_are("app=envoy", 2)
            time.sleep(AUTOSCALER_LOOKS)
        ready.never_below("app-server", 2)
        ready.never_below("envoy", 2)


def hand_over(scene):
    script = scene.root / "overlays/autoscale/hand-over"
    done = subprocess.run([script, "--namespace", scene.cluster.namespace], capture_output=True, text=True)
    if done.returncode != 0:
        raise Failure(f"{script.name} failed: {done.stderr.strip()}")
