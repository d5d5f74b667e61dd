"""What Envoy's configuration says of the cluster around it, and whether that is there."""

import functools

import yaml

import generate
from checks.build import of_address

FILE = "envoy.yaml"


def of(build):
    """The configuration in a build; none where someone else runs Envoy."""
    config = build.get("ConfigMap", "envoy-conf")
    return parsed(config["data"][FILE]) if config else None


@functools.lru_cache
def parsed(text):
    return yaml.safe_load(text)


def references(build):
    envoy, config = build.get("Deployment", "envoy"), of(build)
    if envoy is None or config is None:
        return
    template = envoy["spec"]["template"]
    hashed = template["metadata"].get("annotations", {}).get("ticketing/envoy-conf-sha256")
    if hashed != generate.digest(build.get("ConfigMap", "envoy-conf")["data"][FILE]):
        yield "Deployment/envoy: its annotation is not the hash of envoy-conf: run make manifests"
    ports = {p["containerPort"] for c in template["spec"]["containers"] for p in c.get("ports", [])}
    for port in listeners(config):
        if port not in ports:
            yield f"ConfigMap/envoy-conf: listens on {port}, which Deployment/envoy does not name"
    for address, port in upstreams(config):
        for fault in of_address(build, "a cluster", address, port):
            yield f"ConfigMap/envoy-conf: {fault}"
        service = build.get("Service", address)
        if service and service["spec"].get("clusterIP") != "None":
            yield (
                f"Service/{address}: clusterIP is not None: Envoy would see one address instead of every pod's, and each "
                "of its connections would stay with one pod"
            )


def admin_port(config):
    return config["admin"]["address"]["socket_address"]["port_value"]


def listeners(config):
    return [listener["address"]["socket_address"]["port_value"] for listener in config["static_resources"]["listeners"]]


def upstreams(config):
    """The address and port of each endpoint outside of the pod."""
    for cluster in config["static_resources"]["clusters"]:
        for group in cluster.get("load_assignment", {}).get("endpoints", []):
            for endpoint in group["lb_endpoints"]:
                address = endpoint["endpoint"]["address"]["socket_address"]
                if not address["address"].startswith("127."):
                    yield address["address"], address["port_value"]


def asked_health(config):
    """The services whose health Envoy asks for."""
    checks = [check for cluster in config["static_resources"]["clusters"] for check in cluster.get("health_checks", [])]
    return {check["grpc_health_check"]["service_name"] for check in checks}


def is_encrypted(config):
    """Whether callers need TLS: the overlays have it towards the servers then too, which checks/certificates.py looks at."""
    chains = [chain for listener in config["static_resources"]["listeners"] for chain in listener["filter_chains"]]
    return any("transport_socket" in chain for chain in chains)
