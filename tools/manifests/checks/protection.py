"""What keeps others away from the pods: budgets against evictions, policies against whoever need not reach them."""

from faults import named


def check(subject):
    for build in subject.each():
        for fault in [*of_budgets(build), *of_policies(build)]:
            yield f"{build.name}: {fault}"


def of_budgets(build):
    for owner, metadata, _ in build.pods():
        # Without a number it is an autoscaler's.
        if owner["kind"] == "Deployment" and owner["spec"].get("replicas", 2) > 1:
            budgets = [b for b in build.of_kind("PodDisruptionBudget") if selects(b["spec"]["selector"], metadata)]
            if len(budgets) != 1:
                yield (
                    f"{named(owner)}: {len(budgets)} PodDisruptionBudgets select its pods: it needs one, else the drain of "
                    "nodes may take all pods at once"
                )
    for budget in build.of_kind("PodDisruptionBudget"):
        if budget["spec"].get("maxUnavailable") in (None, 0, "0%"):
            yield f"{named(budget)}: maxUnavailable does not let one pod go: no node could be drained"
        if budget["spec"].get("unhealthyPodEvictionPolicy") != "AlwaysAllow":
            yield f"{named(budget)}: unhealthyPodEvictionPolicy is not AlwaysAllow: pods that are broken anyway would hold up the drain of a node"


def of_policies(build):
    for owner, metadata, _ in build.pods():
        policies = [p for p in build.of_kind("NetworkPolicy") if selects(p["spec"]["podSelector"], metadata)]
        for direction in ("Ingress", "Egress"):
            if not any(direction in policy["spec"].get("policyTypes", []) for policy in policies):
                yield f"{named(owner)}: no NetworkPolicy with {direction} selects its pods: they may talk to anybody; add one in network.yaml"
    for policy in build.of_kind("NetworkPolicy"):
        spec = policy["spec"]
        if any(not rule.get("ports") for rule in [*spec.get("ingress", []), *spec.get("egress", [])]):
            yield f"{named(policy)}: a rule without ports lets through every port: name those that are needed"
        if any(not rule.get("from") for rule in spec.get("ingress", [])):
            yield f"{named(policy)}: a rule without from lets everybody in: name who calls"


def selects(selector, metadata):
    return selector.get("matchLabels", {}).items() <= metadata.get("labels", {}).items()
