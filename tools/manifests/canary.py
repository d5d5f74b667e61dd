"""Envoy's configuration for two versions by weight, made from the one description of the data plane."""

import re

from faults import Unfit

ROUTE = re.compile(r"^( *)cluster: app-server-headless$", re.MULTILINE)
SERVERS = re.compile(r"^    - name: app-server-headless\n(?:      .*\n|\n)*", re.MULTILINE)
BREAKERS = re.compile(r"^      circuit_breakers:\n(?:        .*\n)*", re.MULTILINE)
RETRIES = re.compile(r"^( *)host_selection_retry_max_attempts: \d+$", re.MULTILINE)
WEIGHT = re.compile(r"name: canary-first, weight: (\d+)")


def envoy_file(text, percent):
    """Weights instead of the one cluster on each route, and the clusters that they name."""
    if not 0 <= percent <= 100:
        raise Unfit(f"CANARY is {percent}: it is the percentage of calls for the canary, 0 to 100")
    routes, retries = len(ROUTE.findall(text)), len(RETRIES.findall(text))
    clusters = SERVERS.findall(text)
    # Two of the routes share what they say about retries.
    if (routes, retries, len(clusters)) != (4, 3, 1):
        raise Unfit(
            f"envoy.yaml has {routes} routes to the cluster app-server-headless, says host_selection_retry_max_attempts "
            f"{retries} times, and has {len(clusters)} such clusters; tools/manifests/canary.py knows 4, 3 and 1: change it with "
            "the file"
        )
    (servers,) = clusters
    (breakers,) = BREAKERS.findall(servers) or [""]
    if not breakers:
        raise Unfit("the cluster app-server-headless in envoy.yaml has no circuit_breakers to copy")
    canary = servers.rstrip("\n").replace("app-server-headless", "app-server-canary-headless")
    text = ROUTE.sub(lambda match: weights(match[1], percent), text)
    text = RETRIES.sub(lambda match: f"{match[0]}\n{other_version(match[1])}", text)
    more = "\n\n".join([servers.rstrip("\n"), canary, *both_ways(breakers)]) + "\n\n"
    return SERVERS.sub(lambda _: more, text)


def percent_in(text):
    """The canary's percentage in a configuration made by `envoy_file`."""
    found = set(WEIGHT.findall(text))
    if len(found) != 1:
        raise Unfit("overlays/canary names no one weight for the canary: run make manifests CANARY=10")
    return int(found.pop())


def weights(indent, percent):
    # The canary stands first: who is with it at 10 % stays with it at 20 %.
    lines = [
        "# By weight. Calls with the same x-caller-id go to the same version, also",
        "# while the canary's share grows; calls without it go by chance.",
        "hash_policy:",
        "  - header: { header_name: x-caller-id }",
        "weighted_clusters:",
        "  use_hash_policy: { value: true }",
        "  clusters:",
        f"    - {{ name: canary-first, weight: {percent} }}",
        f"    - {{ name: stable-first, weight: {100 - percent} }}",
    ]
    return "\n".join(indent + line for line in lines)


def other_version(indent):
    lines = [
        "# And the other version: this one may have no other pod than the one that just failed.",
        "retry_priority:",
        "  name: envoy.retry_priorities.previous_priorities",
        "  typed_config:",
        '    "@type": type.googleapis.com/envoy.extensions.retry.priority.previous_priorities.v3.PreviousPrioritiesConfig',
        "    update_frequency: 1",
    ]
    return "\n".join(indent + line for line in lines)


def both_ways(breakers):
    """Each version stands in for the other: no call fails while one of them has no pod, as when the canary comes or goes."""
    for name, first, second in (
        ("canary-first", "app-server-canary-headless", "app-server-headless"),
        ("stable-first", "app-server-headless", "app-server-canary-headless"),
    ):
        yield (
            f"    # The other version takes over where this one has no healthy pod.\n"
            f"    - name: {name}\n"
            f"      connect_timeout: 1s\n"
            f"      lb_policy: CLUSTER_PROVIDED\n"
            f"      cluster_type:\n"
            f"        name: envoy.clusters.aggregate\n"
            f"        typed_config:\n"
            f'          "@type": type.googleapis.com/envoy.extensions.clusters.aggregate.v3.ClusterConfig\n'
            f"          clusters: [{first}, {second}]\n"
            f"      # Retries are counted against the cluster of the route, which is this one.\n"
            f"{breakers.rstrip()}"
        )
