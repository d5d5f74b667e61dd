"""What each probe may ask, so that it restarts nobody who works and calls nobody who does not."""

import re

from checks import envoy_conf, pods
from faults import Unfit

HEALTH = "server/src/health.rs"
# Healthy from the first call that is accepted to the last.
LIVE = "live"
# Nobody calls it.
WITHOUT = {"app-client"}
KINDS = ("startupProbe", "readinessProbe", "livenessProbe")
# Where the kubelet cannot ask gRPC: the pages of the server's admin port that mean the same.
PAGES = {"startupProbe": "/livez", "readinessProbe": "/readyz", "livenessProbe": "/livez"}


def known_services(subject):
    """The names of health services that the server knows."""
    text = subject.read(HEALTH)
    listed = re.search(r"const SERVICES: .*?= \[(.*?)\];", text, re.DOTALL)
    if not listed:
        raise Unfit(f"{HEALTH} has no list SERVICES: tools/manifests/checks/probes.py reads it")
    names = dict(re.findall(r'const (\w+): &str = "(.*?)";', text))
    return {names.get(item.strip(), item.strip().strip('"')) for item in listed[1].split(",")}


def faults(build, owner, pod, known):
    if not pods.runs_on(owner) or owner["metadata"]["name"] in WITHOUT:
        return
    config = envoy_conf.of(build)
    for container in pod["containers"]:
        found = [f"has no {kind}" for kind in KINDS if kind not in container]
        found += of_server(container, known, envoy_conf.asked_health(config) if config else set())
        found += of_envoy(container)
        yield from (f"container {container['name']}: {fault}" for fault in found)


def of_server(container, known, asked):
    for kind in KINDS:
        if (probe := container.get(kind, {}).get("grpc")) is None:
            page = container.get(kind, {}).get("httpGet", {}).get("path")
            if container["name"] == "server" and kind in container and page != PAGES[kind]:
                yield f"{kind}: asks neither gRPC health nor {PAGES[kind]}, by which the server says how it is"
            continue
        service = probe.get("service", "")
        if service not in known:
            yield f"{kind}: the server knows no health service {service}: {HEALTH} lists them"
        elif kind == "readinessProbe" and asked and service not in asked:
            yield f"{kind}: asks for {service or 'the whole server'}, Envoy for {', '.join(asked)}: ask for the same"
        elif kind != "readinessProbe" and service != LIVE:
            yield f"{kind}: does not ask for {LIVE}: a server that drains or waits for its database would be restarted"


def of_envoy(container):
    if container["name"] == "envoy":
        if container.get("readinessProbe", {}).get("httpGet", {}).get("path") != "/ready":
            yield "readinessProbe: does not ask /ready: callers would be sent to an Envoy that drains"
        if "tcpSocket" not in container.get("livenessProbe", {}):
            yield "livenessProbe: is not a tcpSocket: /ready fails while Envoy drains, and it would be killed for it"
