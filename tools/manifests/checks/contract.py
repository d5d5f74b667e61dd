"""What people and programs call by name: the workloads, Services and ports that README and issue promise."""

import places
from checks import envoy_conf

# With the number of pods.
WORKLOADS = {("Deployment", "app-server"): 2, ("Deployment", "app-client"): 1, ("Deployment", "envoy"): 2, ("StatefulSet", "postgres"): 1}
# With the port.
SERVICES = {"app-server-headless": 12345, "envoy": 8443}
GRPC = "grpc"
# HTTP/2 without TLS, and by its registered name with it.
PLAIN, ENCRYPTED = "kubernetes.io/h2c", "https"


def check(subject):
    for build in subject.each():
        faults = [*of_services(build)]
        if build.name in places.BASE_BUILDS:
            faults += [*of_base(build)]
        for fault in faults:
            yield f"{build.name}: {fault}"


def of_base(build):
    for (kind, name), replicas in WORKLOADS.items():
        workload = build.get(kind, name)
        if workload is None:
            yield f"there is no {kind} {name}: everybody who applies the folder counts on it"
        elif workload["spec"].get("replicas") != replicas:
            yield f"{kind}/{name}: replicas is not {replicas}"
    for name, port in SERVICES.items():
        service = build.get("Service", name)
        if service is None:
            yield f"there is no Service {name}: everybody who applies the folder counts on it"
        elif port not in {p["port"] for p in service["spec"]["ports"]}:
            yield f"Service/{name}: has no port {port}"


def of_services(build):
    """Meshes, gateways and load balancers choose the protocol by what the Service says."""
    config = envoy_conf.of(build)
    protocol = ENCRYPTED if config and envoy_conf.is_encrypted(config) else PLAIN
    for service in build.of_kind("Service"):
        for port in service["spec"]["ports"]:
            if port["port"] in SERVICES.values():
                where = f"Service/{service['metadata']['name']}: port {port['port']}"
                if port.get("name") != GRPC:
                    yield f"{where}: its name is not {GRPC}: name it so"
                if port.get("appProtocol") != protocol:
                    yield f"{where}: appProtocol is not {protocol}: without it gateways and meshes speak HTTP/1.1, or not what is spoken here"
