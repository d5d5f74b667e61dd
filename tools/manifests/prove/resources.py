"""Resources that should be there, or should not, and their types."""

from prove.example import added, broken, new, removed, sound, swap, without

CLIENT, SERVER, ENVOY = "manifests/app-client.yaml", "manifests/app-server.yaml", "manifests/envoy.yaml"
NETWORK, SECRET = "manifests/network.yaml", "manifests/postgres-secret.yaml"
GATEWAY, KUSTOMIZATION = (f"overlays/gateway-api/{name}.yaml" for name in ("gateway", "kustomization"))
GATEWAY_ALONE = """apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: other }
spec:
  gatewayClassName: eg
  listeners: [{ name: grpc, protocol: HTTP, port: 8443 }]
"""
PATCHED = """patches:
  - target: { kind: Gateway }
    patch: '[{ "op": "add", "path": "/spec/listeners/0/protokoll", "value": 12 }]'
"""
MONITOR = """apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata: { name: app-server }
spec: { selector: { matchLabels: { app: app-server } } }
"""
CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: other }\n"
PROTOCOL = "      appProtocol: kubernetes.io/h2c\n"

EXAMPLES = [
    broken("the annotation of a changed Envoy", "generated", "run make manifests", swap(ENVOY, 'sha256: "', 'sha256: "0')),
    broken("the canary's server by hand", "generated", "run make manifests",
           swap("overlays/canary/app-server-canary.yaml", "value: V2", "value: V3")),
    broken("a version that the manifests do not know", "generated", "overlays/canary/kustomization.yaml",
           swap("Cargo.toml", 'package]\nversion = "', 'package]\nversion = "9')),

    broken("a kustomization.yaml in the folder", "folder", "its name is Kustomization",
           new("manifests/kustomization.yaml", "resources: [envoy.yaml]\n"), removed("manifests/Kustomization")),
    broken("a file that is not listed", "folder", "list the file in manifests/Kustomization", new("manifests/other.yml", CONFIG_MAP)),
    broken("a JSON file that is not listed", "folder", "list the file in manifests/Kustomization",
           new("manifests/other.json", '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "other"}}')),
    broken("a namespace", "folder", "names a namespace", swap(CLIENT, "  name: app-client\n", "  name: app-client\n  namespace: x\n")),
    broken("stringData", "folder", "use data", swap(SECRET, "\ndata:\n", "\nstringData:\n")),
    broken("a key that comes twice", "folder", "comes twice", swap(CLIENT, "spec:\n  replicas", "spec:\n  replicas: 3\n  replicas")),
    broken("a resource that is not there", "folder", "cannot be built", removed(NETWORK)),

    broken("a field that Kubernetes does not know", "schemas", "Kubernetes 1.30",
           swap(SERVER, "  minReadySeconds: 10", "  minReadySecond: 10")),
    broken("a value of the wrong type", "schemas", "spec.replicas", swap(SERVER, "replicas: 2", 'replicas: "2"')),
    broken("a kind that nobody checks", "schemas", "does not know the kind ServiceMonitor", *added("monitor.yaml", MONITOR)),
    broken("another group that sounds like Kubernetes'", "schemas", "apiVersion",
           *added("other.yaml", "apiVersion: apps.example/v1\nkind: Deployment\nmetadata: { name: x }\n")),
    broken("an old version of the Gateway API", "schemas", "does not know the kind GRPCRoute",
           swap(GATEWAY, "v1\nkind: GRPCRoute", "v1alpha2\nkind: GRPCRoute")),
    broken("a Gateway that a patch changes", "schemas", "is built different", swap(KUSTOMIZATION, "patches:\n", PATCHED)),
    broken("a Gateway in a file that the Rust test does not read", "schemas", "is built different", *added("gateway.yml", GATEWAY_ALONE)),
    sound("a Gateway beside the others", "schemas", *added("gateway.yaml", GATEWAY_ALONE)),
    broken("a type of Service that Envoy Gateway does not know", "schemas", "ClusterIp", swap(GATEWAY, "type: ClusterIP", "type: ClusterIp")),
    broken("a part of EnvoyProxy that is not checked", "schemas", "envoyServices", swap(GATEWAY, "envoyService:", "envoyServices:")),

    broken("no Envoy", "contract", "there is no Deployment envoy", without(ENVOY, "Deployment", "envoy")),
    broken("one server", "contract", "replicas is not 2", swap(SERVER, "replicas: 2", "replicas: 1")),
    broken("no Service of Envoy", "contract", "there is no Service envoy", without(ENVOY, "Service", "envoy")),
    broken("another port", "contract", "has no port 8443", swap(ENVOY, "port: 8443", "port: 8444")),
    *(broken(f"the port of {name} by another name", "contract", "its name is not grpc", swap(path, "    - name: grpc\n", "    - name: calls\n"))
      for name, path in (("the servers", SERVER), ("Envoy", ENVOY))),
    *(broken(f"the port of {name} without its protocol", "contract", "appProtocol is not", swap(path, PROTOCOL, ""))
      for name, path in (("the servers", SERVER), ("Envoy", ENVOY))),
    broken("a canary's port without its protocol", "contract", "appProtocol is not", swap("overlays/canary/app-server-canary.yaml", PROTOCOL, "")),

    *(broken(f"no budget for {name}", "protection", "it needs one", without(path, "PodDisruptionBudget", name))
      for name, path in (("app-server", SERVER), ("envoy", ENVOY))),
    broken("a budget that lets nobody go", "protection", "no node could be drained", swap(SERVER, "maxUnavailable: 1\n", "maxUnavailable: 0\n")),
    broken("a budget that keeps broken pods", "protection", "is not AlwaysAllow", swap(ENVOY, "AlwaysAllow", "IfHealthyBudget")),
    *(broken(f"no policy for {name}", "protection", "add one in network.yaml", without(NETWORK, "NetworkPolicy", name))
      for name in ("callers", "envoy", "app-server", "postgres")),
    broken("a policy for one direction", "protection", "NetworkPolicy with Egress", swap(NETWORK, "[Ingress, Egress]", "[Ingress]")),
    broken("a rule for every port", "protection", "a rule without ports", swap(NETWORK, "      ports: [{ port: 8443, protocol: TCP }]\n", "")),
    broken("a rule for everybody", "protection", "a rule without from",
           swap(NETWORK, "    - from:\n        - podSelector:\n            matchLabels: { app: app-server }\n      ports", "    - ports")),
]  # fmt: skip
