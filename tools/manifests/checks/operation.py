"""What keeps a rollout, a drain and a bad day from failing calls."""

from checks import drain, pods, probes
from faults import named


def check(subject):
    defaults, known = drain.defaults(subject), probes.known_services(subject)
    for build in subject.each():
        for owner, _, pod in build.pods():
            faults = [*of_owner(owner), *of_pod(owner, pod), *probes.faults(build, owner, pod, known)]
            faults += [*drain.faults(pod, defaults)]
            for fault in faults:
                yield f"{build.name}: {named(owner)}: {fault}"


def of_owner(owner):
    if owner["kind"] == "Pod":
        yield "is a pod by itself, which nobody makes again when its node goes: make it a Deployment"
    if owner["kind"] == "Deployment":
        rolling = owner["spec"].get("strategy", {}).get("rollingUpdate", {})
        if rolling.get("maxUnavailable") != 0:
            yield "maxUnavailable is not 0: a rollout would take a pod away before its successor is there"


def of_pod(owner, pod):
    if pod.get("automountServiceAccountToken") is not False:
        yield "automountServiceAccountToken is not false: no pod here talks to Kubernetes"
    if pod.get("enableServiceLinks") is not False:
        yield "enableServiceLinks is not false: Services of the namespace would become settings"
    if pods.runs_on(owner) and not pod.get("topologySpreadConstraints"):
        yield "has no topologySpreadConstraints: one node could take all pods with it"
    for container in [*pod.get("initContainers", []), *pod["containers"]]:
        resources = container.get("resources", {})
        for group in ("requests", "limits"):
            for resource in ("cpu", "memory"):
                if resource not in resources.get(group, {}):
                    yield f"container {container['name']}: resources.{group} has no {resource}"
