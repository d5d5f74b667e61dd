"""Every image, port, name and selector that something refers to is there."""

import re

from checks import envoy_conf, images, network
from checks.build import has_port, of_address, selector_of, service_name, setting
from faults import named

SETTING = re.compile(r"^\| `([A-Z_]+)` \|", re.MULTILINE)


def check(subject):
    tags, settings = images.Images(subject.root), settings_of(subject)
    for build in subject.each():
        for fault in faults_of(build, tags, settings):
            yield f"{build.name}: {fault}"
    yield from images.idle_entries(subject)


def faults_of(build, tags, settings):
    for owner, metadata, pod in build.pods():
        faults = [*of_owner(build, owner, metadata), *of_pod(build, owner, metadata, pod)]
        faults += [f for container in every_container(pod) for f in of_container(build, owner, container, tags, settings)]
        yield from (f"{named(owner)}: {fault}" for fault in faults)
    for resource in build.resources:
        known = {
            "Service": of_service,
            "PodDisruptionBudget": of_budget,
            "NetworkPolicy": network.of_policy,
            "HorizontalPodAutoscaler": of_autoscaler,
            "Gateway": of_gateway,
            "GRPCRoute": of_route,
        }.get(resource["kind"])
        if known:
            yield from (f"{named(resource)}: {fault}" for fault in known(build, resource))
    yield from envoy_conf.references(build)


def settings_of(subject):
    """The variables that server and client know, by the README's tables, which are made from the programs."""
    server, _, client = subject.read("README.md").partition("## Client")
    return {"server": {*SETTING.findall(server), "RUST_LOG"}, "client": {*SETTING.findall(client), "RUST_LOG"}}


def of_owner(build, owner, metadata):
    selector = selector_of(owner)
    if not selector.items() <= metadata.get("labels", {}).items():
        yield f"selects {selector}, which its own pods have not"
    if selector:
        for other, labels, _ in build.pods():
            if other is not owner and other["kind"] == owner["kind"] and selector.items() <= labels.get("labels", {}).items():
                yield f"selects the pods of {named(other)} too"
    if owner["kind"] == "StatefulSet" and not build.has("Service", owner["spec"]["serviceName"]):
        yield f"has no Service {owner['spec']['serviceName']}"


def of_pod(build, owner, metadata, pod):
    if not build.has("ServiceAccount", pod.get("serviceAccountName", "default")):
        yield f"has no ServiceAccount {pod.get('serviceAccountName', 'default')}: give it one of its own, with nothing to it"
    for constraint in pod.get("topologySpreadConstraints", []):
        if not constraint["labelSelector"]["matchLabels"].items() <= metadata.get("labels", {}).items():
            yield "spreads pods that are not its own"
    claims = [claim["metadata"]["name"] for claim in owner["spec"].get("volumeClaimTemplates", [])]
    volumes = {*claims, *(volume["name"] for volume in pod.get("volumes", []))}
    for container in every_container(pod):
        for mount in container.get("volumeMounts", []):
            if mount["name"] not in volumes:
                yield f"container {container['name']}: there is no volume {mount['name']}"
    for volume in pod.get("volumes", []):
        yield from of_volume(build, volume)


def of_volume(build, volume):
    for field, kind, key in (("secret", "Secret", "secretName"), ("configMap", "ConfigMap", "name")):
        if field in volume:
            name = volume[field][key]
            if not build.has(kind, name):
                yield f"volume {volume['name']}: there is no {kind} {name}"
            else:
                for item in volume[field].get("items") or []:
                    if item["key"] not in build.keys(kind, name):
                        yield f"volume {volume['name']}: {kind} {name} has no key {item['key']}"


def every_container(pod):
    return [*pod.get("initContainers", []), *pod["containers"]]


def of_container(build, owner, container, tags, settings):
    for fault in [*of_image(owner, container, tags), *of_environment(build, container, settings), *of_probes(container)]:
        yield f"container {container['name']}: {fault}"


def of_image(owner, container, tags):
    if fault := tags.fault(owner["metadata"]["name"], container["image"]):
        yield fault
    if container.get("imagePullPolicy") != "IfNotPresent":
        yield "imagePullPolicy is not IfNotPresent: an image that was loaded by hand would be looked for in a registry"


def of_environment(build, container, settings):
    for entry in container.get("env", []):
        if container["name"] in settings and entry["name"] not in settings[container["name"]]:
            yield f"{entry['name']} is no setting of the {container['name']}: README.md has them all"
        for field, kind in (("secretKeyRef", "Secret"), ("configMapKeyRef", "ConfigMap")):
            source = entry.get("valueFrom", {}).get(field)
            if source and not (build.has(kind, source["name"]) and source["key"] in build.keys(kind, source["name"])):
                yield f"{entry['name']}: there is no {kind} {source['name']} with a key {source['key']}"
        if entry["name"] == "DATABASE_URL" and "value" in entry:
            host, _, port = entry["value"].partition("@")[2].partition("/")[0].partition(":")
            yield from of_address(build, "DATABASE_URL", host, int(port or 5432))
    if domain := setting(container, "SERVER_DOMAIN"):
        port = (setting(container, "SERVER_PORT") or {}).get("value", "")
        yield from of_address(build, "SERVER_DOMAIN", domain.get("value", ""), int(port) if port.isdigit() else None)


def of_probes(container):
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        for handler in ("grpc", "httpGet", "tcpSocket"):
            port = container.get(probe, {}).get(handler, {}).get("port")
            if port is not None and not has_port(container, port):
                yield f"{probe}: the container has no port {port}"


def of_service(build, service):
    pods = build.selected(service["spec"]["selector"])
    if not pods:
        yield f"selects {service['spec']['selector']}, which no pod has"
    for pod in pods:
        for port in service["spec"]["ports"]:
            target = port.get("targetPort", port["port"])
            if not any(has_port(container, target) for container in pod["containers"]):
                yield f"port {port.get('name', port['port'])}: its pods have no port {target}"


def of_budget(build, budget):
    labels = budget["spec"]["selector"]["matchLabels"]
    if not build.selected(labels):
        yield f"selects {labels}, which no pod has"


def of_autoscaler(build, autoscaler):
    target = autoscaler["spec"]["scaleTargetRef"]
    owner = build.get(target["kind"], target["name"])
    if owner is None:
        yield f"there is no {target['kind']} {target['name']}"
    elif "replicas" in owner["spec"]:
        yield f"{named(owner)} names its replicas: each apply would undo what the autoscaler did"


def of_gateway(build, gateway):
    parameters = gateway["spec"].get("infrastructure", {}).get("parametersRef")
    if parameters:
        proxy = build.get(parameters["kind"], parameters["name"])
        if proxy is None:
            yield f"there is no {parameters['kind']} {parameters['name']}"
        elif not service_name(proxy):
            yield f"{named(proxy)} gives its Service no name: callers could not know the one that is made up"


def of_route(build, route):
    for parent in route["spec"]["parentRefs"]:
        gateway = build.get("Gateway", parent["name"])
        if gateway is None:
            yield f"there is no Gateway {parent['name']}"
        elif parent.get("sectionName") not in {None, *(listener["name"] for listener in gateway["spec"]["listeners"])}:
            yield f"Gateway {parent['name']} has no listener {parent['sectionName']}"
    for rule in route["spec"]["rules"]:
        for backend in rule["backendRefs"]:
            yield from of_address(build, "backendRefs", backend["name"], backend["port"])
