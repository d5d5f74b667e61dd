"""Pods that are deleted: a server in order, and the only database there is."""

from cluster import is_leaving, is_ready, restarts
from failure import Failure
from scene import SERVERS

# More than go in before the database's pod is gone, with one call at a time.
ROWS = 15_000
DATABASE = "app=postgres"


def delete_a_server(scene):
    scene.progress("deleting a server's pod under load")
    with scene.no_call_fails("a server's pod deleted"):
        victim = next(pod for pod in scene.cluster.pods(SERVERS) if not is_leaving(pod))
        scene.cluster.run("delete", "pod", victim["metadata"]["name"])
        scene.cluster.pods_are(SERVERS, 2)


def delete_the_database(scene):
    """Creates have to wait, and that is all: no acknowledged customer is lost, the same import goes on by itself when
    the database is back, calls that need no database do not fail meanwhile, and no server is restarted for it."""
    scene.progress("deleting the database's pod under creates and load")
    cluster, customers = scene.cluster, scene.customers
    before, servers = the_only(cluster.pods(DATABASE)), lives(cluster)
    with scene.no_call_fails("calls that need no database, while its pod is replaced"):
        people = customers.begin_import("database", ROWS)
        cluster.until("acknowledged row of the import", lambda: customers.acknowledged_of("database"), 60)
        scene.progress(f"  {customers.acknowledged_of('database')} of {ROWS} rows acknowledged; now the database goes")
        cluster.run("delete", "pod", before["metadata"]["name"])
        if scene.jobs.ended("import-database"):
            raise Failure(f"all {ROWS} rows were in before the database's pod was gone, so nothing was tried")
        cluster.until("other pod of the database that is ready", lambda: is_back(cluster, before), 300)
        summary = customers.end_import("database", people)
        if lives(cluster) != servers:
            raise Failure(f"servers were restarted because the database was: {servers} before, {lives(cluster)} after\n{cluster.state()}")
    scene.progress(f"  {summary['created']} created, {summary['already_there']} there when they were sent again")
    customers.all_there()


def is_back(cluster, before):
    pods = [pod for pod in cluster.pods(DATABASE) if pod["metadata"]["uid"] != before["metadata"]["uid"]]
    return bool(pods) and is_ready(pods[0])


def lives(cluster):
    """The servers, each with how often it was restarted."""
    return {pod["metadata"]["name"]: restarts(pod) for pod in cluster.pods(SERVERS)}


def the_only(pods):
    [pod] = pods
    return pod
