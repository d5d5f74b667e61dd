"""Every image, port, name and selector that something refers to is there."""

import re

import generate
from faults import named

# What the operator makes, once and by no file: overlays/external-postgres.
MADE_BY_HAND = {"overlays/external-postgres": {("Secret", "ticketing-database"): {"url", "password"}}}
DNS = 53
SETTING = re.compile(r"^\| `([A-Z_]+)` \|", re.MULTILINE)


def check(subject):
    images, settings = Images(subject.root), settings_of(subject.root)
    for build, resources in subject.builds.items():
        for fault in faults_of(Build(build, resources), images, settings):
            yield f"{build}: {fault}"


def faults_of(build, images, settings):
    for owner, pod in build.owners():
        where = named(owner)
        yield from (f"{where}: {fault}" for fault in of_pod(build, owner, pod, images, settings))
    for resource in build.resources:
        known = {
            "Service": of_service,
            "PodDisruptionBudget": of_budget,
            "NetworkPolicy": of_policy,
            "HorizontalPodAutoscaler": of_autoscaler,
            "GRPCRoute": of_route,
        }.get(resource["kind"])
        if known:
            yield from (f"{named(resource)}: {fault}" for fault in known(build, resource))
    yield from of_envoy(build)


class Build:
    def __init__(self, name, resources):
        self.resources = resources
        self.by_hand = MADE_BY_HAND.get(name, {})

    def has(self, kind, name):
        return (kind, name) in self.by_hand or self.get(kind, name) is not None

    def get(self, kind, name):
        fits = (r for r in self.resources if (r["kind"], r["metadata"]["name"]) == (kind, name))
        return next(fits, None)

    def keys(self, kind, name):
        if (kind, name) in self.by_hand:
            return self.by_hand[kind, name]
        return set(self.get(kind, name).get("data", {}))

    def owners(self):
        for resource in self.resources:
            if template := resource.get("spec", {}).get("template"):
                yield resource, template["spec"]

    def selected(self, labels):
        """The pods with these labels."""
        for resource in self.resources:
            if template := resource.get("spec", {}).get("template"):
                if labels.items() <= template["metadata"]["labels"].items():
                    yield template["spec"]


class Images:
    """Image names and the one tag that each may have."""

    def __init__(self, root):
        version = generate.workspace_version(root)
        self.tags = {
            "ticketing-server": version,
            "ticketing-client": version,
            "envoyproxy/envoy": f"v{generate.envoy_version(root)}",
            "postgres": "15",
        }

    def fault(self, image):
        name, _, tag = image.partition(":")
        if name not in self.tags:
            return f"image {image} is none of {', '.join(self.tags)}"
        if tag != self.tags[name]:
            return f"image {image} has not the tag {self.tags[name]}"
        return None


def settings_of(root):
    """The variables that server and client know, by the README's tables, which are made from the programs."""
    server, _, client = (root / "README.md").read_text(encoding="utf-8").partition("## Client")
    return {"server": {*SETTING.findall(server), "RUST_LOG"}, "client": {*SETTING.findall(client), "RUST_LOG"}}


def of_pod(build, owner, pod, images, settings):
    selector = owner["spec"]["selector"]["matchLabels"]
    if not selector.items() <= owner["spec"]["template"]["metadata"]["labels"].items():
        yield f"selects {selector}, which its own pods have not"
    others = [named(r) for r, _ in build.owners() if r is not owner and r["kind"] == owner["kind"]
              and selector.items() <= r["spec"]["template"]["metadata"]["labels"].items()]
    for other in others:
        yield f"selects the pods of {other} too"
    if not build.has("ServiceAccount", pod.get("serviceAccountName", "default")):
        yield f"has no ServiceAccount {pod.get('serviceAccountName')}"
    if owner["kind"] == "StatefulSet" and not build.has("Service", owner["spec"]["serviceName"]):
        yield f"has no Service {owner['spec']['serviceName']}"
    claims = [claim["metadata"]["name"] for claim in owner["spec"].get("volumeClaimTemplates", [])]
    volumes = {*claims, *(volume["name"] for volume in pod.get("volumes", []))}
    for constraint in pod.get("topologySpreadConstraints", []):
        if not constraint["labelSelector"]["matchLabels"].items() <= owner["spec"]["template"]["metadata"]["labels"].items():
            yield "spreads pods that are not its own"
    for volume in pod.get("volumes", []):
        yield from of_volume(build, volume)
    for container in pod["containers"]:
        for fault in of_container(build, container, volumes, images, settings):
            yield f"container {container['name']}: {fault}"


def of_volume(build, volume):
    for field, kind, key in (("secret", "Secret", "secretName"), ("configMap", "ConfigMap", "name")):
        if field in volume:
            name = volume[field][key]
            if not build.has(kind, name):
                yield f"volume {volume['name']}: there is no {kind} {name}"
            else:
                for item in volume[field].get("items", []):
                    if item["key"] not in build.keys(kind, name):
                        yield f"volume {volume['name']}: {kind} {name} has no key {item['key']}"


def of_container(build, container, volumes, images, settings):
    if fault := images.fault(container["image"]):
        yield fault
    if container.get("imagePullPolicy") != "IfNotPresent":
        yield "imagePullPolicy is not IfNotPresent: an image that was loaded by hand would be looked for in a registry"
    for mount in container.get("volumeMounts", []):
        if mount["name"] not in volumes:
            yield f"there is no volume {mount['name']}"
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
    values = {entry["name"]: entry.get("value") for entry in container.get("env", [])}
    if "SERVER_DOMAIN" in values and build.has("Service", "envoy"):
        yield from of_address(build, "SERVER_DOMAIN", values["SERVER_DOMAIN"], int(values["SERVER_PORT"]))
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        for handler in ("grpc", "httpGet", "tcpSocket"):
            port = container.get(probe, {}).get(handler, {}).get("port")
            if port is not None and not has_port(container, port):
                yield f"{probe}: the container has no port {port}"


def of_address(build, what, host, port):
    service = build.get("Service", host)
    if service is None:
        yield f"{what}: there is no Service {host}"
    elif port not in {p["port"] for p in service["spec"]["ports"]}:
        yield f"{what}: Service {host} has no port {port}"


def has_port(container, port):
    ports = container.get("ports", [])
    return any(port in (p.get("name"), p["containerPort"]) for p in ports)


def of_service(build, service):
    pods = list(build.selected(service["spec"]["selector"]))
    if not pods:
        yield f"selects {service['spec']['selector']}, which no pod has"
    for pod in pods:
        for port in service["spec"]["ports"]:
            target = port.get("targetPort", port["port"])
            if not any(has_port(container, target) for container in pod["containers"]):
                yield f"port {port['name']}: its pods have no port {target}"
            if port["name"] == "grpc" and port.get("appProtocol") != "kubernetes.io/h2c":
                yield "port grpc: appProtocol is not kubernetes.io/h2c"


def of_budget(build, budget):
    labels = budget["spec"]["selector"]["matchLabels"]
    if not any(build.selected(labels)):
        yield f"selects {labels}, which no pod has"


def of_policy(build, policy):
    own = list(build.selected(policy["spec"]["podSelector"]["matchLabels"]))
    if not own:
        yield f"selects {policy['spec']['podSelector']['matchLabels']}, which no pod has"
    for rule in policy["spec"].get("ingress", []):
        yield from of_rule(build, rule.get("from", []), rule["ports"], own)
    for rule in policy["spec"].get("egress", []):
        yield from of_rule(build, rule.get("to", []), rule.get("ports", []), None)


def of_rule(build, peers, ports, targets):
    for peer in peers:
        if "podSelector" in peer and "namespaceSelector" not in peer:
            pods = list(build.selected(peer["podSelector"]["matchLabels"]))
            if not pods:
                yield f"lets through {peer['podSelector']['matchLabels']}, which no pod has"
            if targets is None:
                yield from of_ports(ports, pods)
    if targets is not None:
        yield from of_ports(ports, targets)


def of_ports(ports, pods):
    for port in ports:
        for pod in pods:
            if port["port"] != DNS and not any(has_port(container, port["port"]) for container in pod["containers"]):
                yield f"lets through port {port['port']}, which the pods behind it have not"


def of_autoscaler(build, autoscaler):
    target = autoscaler["spec"]["scaleTargetRef"]
    owner = build.get(target["kind"], target["name"])
    if owner is None:
        yield f"there is no {target['kind']} {target['name']}"
    elif "replicas" in owner["spec"]:
        yield f"{named(owner)} names its replicas: each apply would undo what the autoscaler did"


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


def of_envoy(build):
    """Envoy's own clusters that have a name without a dot are Services of the namespace."""
    envoy = build.get("Deployment", "envoy")
    config = build.get("ConfigMap", "envoy-conf")
    if envoy is None or config is None:
        return
    text = config["data"]["envoy.yaml"]
    if envoy["spec"]["template"]["metadata"]["annotations"]["ticketing/envoy-conf-sha256"] != generate.digest(text):
        yield "Deployment/envoy: its annotation is not the hash of envoy-conf: run make manifests"
    ports = {p["containerPort"] for c in envoy["spec"]["template"]["spec"]["containers"] for p in c["ports"]}
    for address, port in re.findall(r"socket_address: \{ address: (\S+), port_value: (\d+) \}", text):
        if address == "0.0.0.0":
            if int(port) not in ports:
                yield f"ConfigMap/envoy-conf: listens on {port}, which Deployment/envoy does not name"
        elif not address.startswith("127."):
            for fault in of_address(build, "a cluster", address, int(port)):
                yield f"ConfigMap/envoy-conf: {fault}"
