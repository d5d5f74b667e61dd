"""The folder is applied, callers see every pod, customers go in and come back."""

import collections
import re

from failure import Failure
from scene import SERVERS

DEPLOYMENTS = ("deployment/app-server", "deployment/envoy", "deployment/app-client")
# What shows that an apply changed nothing: others change by themselves, as a Deployment's status does.
WITH_GENERATION = "deployments,statefulsets,poddisruptionbudgets,networkpolicies"
WITHOUT_GENERATION = "configmaps,secrets,services,serviceaccounts"


def apply_twice(scene):
    scene.progress("applying the folder, twice")
    scene.apply_folder()
    first = specifications(scene.cluster)
    scene.apply_folder()
    second = specifications(scene.cluster)
    changed = [name for name in first if first[name] != second[name]]
    if changed:
        raise Failure(f"the second apply changed {', '.join(changed)}")
    scene.cluster.settled("statefulset/postgres", *DEPLOYMENTS)


def specifications(cluster):
    seen = {}
    for kinds, field in ((WITH_GENERATION, "generation"), (WITHOUT_GENERATION, "resourceVersion")):
        for item in cluster.json("get", kinds)["items"]:
            seen[f"{item['kind']}/{item['metadata']['name']}"] = item["metadata"][field]
    return seen


def callers_see_every_pod(scene):
    scene.progress("reading the client's log: both pods answer in turn")
    pods = scene.cluster.pods_are(SERVERS, 2)

    def in_turn():
        log = scene.cluster.run("logs", "deployment/app-client", "--tail=40")
        calls = re.findall(r"End GetCustomerDetails from (\S+)", log)[-8:]
        counts = collections.Counter(calls)
        return len(calls) == 8 and set(counts) == set(pods) and max(counts.values()) - min(counts.values()) <= 1

    scene.cluster.until("even spread in the client's log", in_turn, 120)


def customers_come_back(scene):
    scene.progress("importing 1,000 customers and reading them back")
    people = scene.customers.begin_import("first", 1000, in_flight=64)
    scene.customers.end_import("first", people)
    scene.customers.all_there()
