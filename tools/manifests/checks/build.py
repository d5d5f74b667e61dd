"""The resources of one build, and who in it means whom."""

from checks import pods

# As cert-manager writes them.
CERTIFICATE = {"tls.crt", "tls.key", "ca.crt"}
CERTIFICATES = {("Secret", name): CERTIFICATE for name in ("app-server-tls", "envoy-tls", "envoy-client-tls", "app-client-tls")}
# What the operator makes, by no file: each kustomization says how.
MADE_BY_HAND = {
    "overlays/external-postgres": {("Secret", "ticketing-database"): {"url", "password"}},
    "overlays/tls": CERTIFICATES,
    "overlays/authorization-certificate": CERTIFICATES,
    "overlays/authorization-jwt": {**CERTIFICATES, ("ConfigMap", "ticketing-jwks"): {"jwks.json"}},
}
# Where Envoy Gateway keeps its Envoys, and the label by which it says whose each is.
GATEWAY_NAMESPACE = "envoy-gateway-system"
OWNING_GATEWAY = "gateway.envoyproxy.io/owning-gateway-name"


class Build:
    def __init__(self, name, resources):
        self.name, self.resources = name, resources
        self.by_hand = MADE_BY_HAND.get(name, {})

    def has(self, kind, name):
        return (kind, name) in self.by_hand or self.get(kind, name) is not None

    def get(self, kind, name):
        fits = (r for r in self.resources if (r["kind"], r["metadata"]["name"]) == (kind, name))
        return next(fits, None)

    def of_kind(self, kind):
        return [resource for resource in self.resources if resource["kind"] == kind]

    def keys(self, kind, name):
        if (kind, name) in self.by_hand:
            return self.by_hand[kind, name]
        return set(self.get(kind, name).get("data", {}))

    def pods(self):
        """Each pod as (the resource that makes it, its metadata, its spec)."""
        for resource in self.resources:
            for metadata, pod in pods.made_by(resource):
                yield resource, metadata, pod

    def selected(self, labels):
        """The pods with these labels."""
        return [pod for _, metadata, pod in self.pods() if labels.items() <= metadata.get("labels", {}).items()]

    def gateway_ports(self, host):
        """The ports of the Gateway whose Envoys are reached by this name; none where there is no such name."""
        for gateway in self.of_kind("Gateway"):
            parameters = gateway["spec"].get("infrastructure", {}).get("parametersRef", {})
            proxy = self.get(parameters.get("kind"), parameters.get("name"))
            if proxy and host == f"{service_name(proxy)}.{GATEWAY_NAMESPACE}":
                return {listener["port"] for listener in gateway["spec"]["listeners"]}
        return set()


def service_name(proxy):
    """The name that an EnvoyProxy gives to the Service of its Envoys."""
    provider = proxy["spec"].get("provider", {}).get("kubernetes", {})
    return provider.get("envoyService", {}).get("name")


def selector_of(owner):
    selector = owner["spec"].get("selector")
    return selector.get("matchLabels", {}) if isinstance(selector, dict) else {}


def has_port(container, port):
    return any(port in (p.get("name"), p["containerPort"]) for p in container.get("ports", []))


def setting(container, name):
    """The entry of a variable; none where it is not set."""
    return next((entry for entry in container.get("env", []) if entry["name"] == name), None)


def of_address(build, what, host, port):
    service = build.get("Service", host)
    ports = {p["port"] for p in service["spec"]["ports"]} if service else build.gateway_ports(host)
    if not ports:
        yield f"{what}: there is no Service {host}"
    elif port not in ports:
        yield f"{what}: Service {host} has no port {port}"
