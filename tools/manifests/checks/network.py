"""What a NetworkPolicy names is there: pods, ports, and the Gateway whose Envoys it lets through."""

from checks.build import OWNING_GATEWAY, has_port

DNS = 53


def of_policy(build, policy):
    own = build.selected(policy["spec"]["podSelector"].get("matchLabels", {}))
    if not own:
        yield f"selects {policy['spec']['podSelector'].get('matchLabels')}, which no pod has"
    for rule in policy["spec"].get("ingress", []):
        yield from of_peers(build, rule.get("from", []))
        yield from of_ports(rule.get("ports", []), own)
    for rule in policy["spec"].get("egress", []):
        yield from of_peers(build, rule.get("to", []))
        for peer in rule.get("to", []):
            yield from of_ports(rule.get("ports", []), ours(build, peer))
            yield from of_gateway_ports(build, peer, rule.get("ports", []))


def ours(build, peer):
    """The pods of this build that a peer selects; none for a peer in another namespace."""
    if "podSelector" not in peer or "namespaceSelector" in peer:
        return []
    return build.selected(peer["podSelector"].get("matchLabels", {}))


def of_peers(build, peers):
    for peer in peers:
        labels = peer.get("podSelector", {}).get("matchLabels", {})
        if "podSelector" in peer and "namespaceSelector" not in peer and not ours(build, peer):
            yield f"lets through {labels}, which no pod has"
        if OWNING_GATEWAY in labels and not build.has("Gateway", labels[OWNING_GATEWAY]):
            yield f"lets through the Envoys of Gateway {labels[OWNING_GATEWAY]}, which is not there"


def of_ports(ports, pods):
    for port in ports:
        for pod in pods:
            if port["port"] != DNS and not any(has_port(container, port["port"]) for container in pod["containers"]):
                yield f"lets through port {port['port']}, which the pods behind it have not"


def of_gateway_ports(build, peer, ports):
    name = peer.get("podSelector", {}).get("matchLabels", {}).get(OWNING_GATEWAY)
    if gateway := build.get("Gateway", name):
        there = {listener["port"] for listener in gateway["spec"]["listeners"]}
        for port in ports:
            if port["port"] not in there:
                yield f"lets through port {port['port']}, on which Gateway {name} does not listen"
