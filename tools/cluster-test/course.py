"""The course of the test, from an empty namespace to an empty namespace."""

import losses
import overlays
import rollouts
import start
from failure import Failure


def run(scene):
    scene.prepare()
    start.apply_twice(scene)
    start.callers_see_every_pod(scene)
    start.customers_come_back(scene)
    rollouts.scale_out_and_in(scene)
    rollouts.roll_servers_and_back(scene)
    rollouts.roll_envoys(scene)
    losses.delete_a_server(scene)
    losses.delete_the_database(scene)
    overlays.canary(scene)
    overlays.external_postgres(scene)
    overlays.autoscale(scene)
    count_what_is_lost(scene)


def count_what_is_lost(scene):
    scene.progress("reading every customer back")
    lost, twice = scene.customers.missing()
    scene.figures.add("cluster_lost", lost, f"of {len(scene.customers.acknowledged)} acknowledged customers")
    if twice:
        raise Failure(f"{twice} customers are there twice")


def clean_up(scene, keep):
    if scene.ours and not keep:
        scene.progress("cleaning up")
        scene.cluster.run("delete", "namespace", scene.cluster.namespace, "--ignore-not-found", "--timeout=180s", limit=200)
