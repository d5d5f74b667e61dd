"""What keeps a rollout, a drain and a bad day from failing calls."""

import re

from faults import named

SECONDS = {"ms": 0.001, "s": 1, "m": 60}
# A pod that nobody calls needs none.
WITHOUT_PROBES = {"app-client"}


def check(subject):
    for build, owner, _, pod in subject.pods():
        for fault in [*of_owner(owner), *of_pod(owner, pod)]:
            yield f"{build}: {named(owner)}: {fault}"


def of_owner(owner):
    if owner["kind"] == "Deployment":
        rolling = owner["spec"].get("strategy", {}).get("rollingUpdate", {})
        if rolling.get("maxUnavailable") != 0:
            yield "maxUnavailable is not 0: a rollout would take a pod away before its successor is there"


def of_pod(owner, pod):
    if pod.get("automountServiceAccountToken") is not False:
        yield "automountServiceAccountToken is not false: no pod here talks to Kubernetes"
    if pod.get("enableServiceLinks") is not False:
        yield "enableServiceLinks is not false: Services of the namespace would become settings"
    if not pod.get("topologySpreadConstraints"):
        yield "has no topologySpreadConstraints: one node could take all pods with it"
    grace = pod.get("terminationGracePeriodSeconds", 30)
    for container in pod["containers"]:
        name = f"container {container['name']}"
        resources = container.get("resources", {})
        for group in ("requests", "limits"):
            for resource in ("cpu", "memory"):
                if resource not in resources.get(group, {}):
                    yield f"{name}: resources.{group} has no {resource}"
        if owner["metadata"]["name"] not in WITHOUT_PROBES:
            for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
                if probe not in container:
                    yield f"{name}: has no {probe}"
        needed = drain_seconds(container)
        if needed >= grace:
            yield f"{name}: terminationGracePeriodSeconds is {grace}, and its drain can take {needed:g} s: it would be killed"


def drain_seconds(container):
    """How long it may take from SIGTERM, or from preStop, to the end, as far as the manifest says."""
    values = {entry["name"]: entry.get("value", "") for entry in container.get("env", [])}
    drain = sum(seconds(values[name]) for name in ("DRAIN_DELAY", "DRAIN_TIMEOUT") if name in values)
    hook = container.get("lifecycle", {}).get("preStop", {})
    return drain + hook.get("sleep", {}).get("seconds", 0) + script_seconds(hook.get("exec", {}).get("command", []))


def script_seconds(command):
    """The longest that a hook's sleeps can take, those of a counted loop once for each round."""
    total, rounds = 0, 1
    for line in "\n".join(command).splitlines():
        if loop := re.search(r"for \w+ in \{1\.\.(\d+)\}", line):
            rounds = int(loop[1])
        if pause := re.search(r"^\s*sleep ([\d.]+)", line):
            total += rounds * float(pause[1])
        if line.strip() == "done":
            rounds = 1
    return total


def seconds(text):
    number, unit = re.fullmatch(r"([\d.]+)(ms|s|m)", text).groups()
    return float(number) * SECONDS[unit]
