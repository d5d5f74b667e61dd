"""Names that lead nowhere."""

from prove.example import broken, removed, sound, swap, without

CLIENT, SERVER, ENVOY = "manifests/app-client.yaml", "manifests/app-server.yaml", "manifests/envoy.yaml"
NETWORK, POSTGRES, CONF = "manifests/network.yaml", "manifests/postgres.yaml", "manifests/envoy-conf.yaml"
GATEWAY, GATEWAYS = "overlays/gateway-api/gateway.yaml", "overlays/gateway-api/network.yaml"
CANARY, ROOT, SCALE = "overlays/canary/kustomization.yaml", "kustomization.yaml", "overlays/autoscale/autoscalers.yaml"
OWNING = "gateway.envoyproxy.io/owning-gateway-name: ticketing"

EXAMPLES = [
    broken("the latest server", "references", "has not the tag", swap(SERVER, "image: ticketing-server:", "image: ticketing-server:9")),
    *(sound("a canary of another version", check, swap(CANARY, "newTag: ", "newTag: 0.2.0 #")) for check in ("generated", "references")),
    broken("a canary of no version", "references", "give the canary a tag", swap(CANARY, "newTag: ", "newTag: latest #")),
    broken("a root that changes nothing", "references", "so this changes nothing", swap(ROOT, "name: ticketing-client", "name: ticketing-clients")),
    broken("a canary that changes nothing", "references", "so this changes nothing", swap(CANARY, "- name: ticketing-server-canary", "- name: canary")),
    broken("images from a registry only", "references", "imagePullPolicy is not", swap(CLIENT, "IfNotPresent", "Always")),

    broken("a selector of other pods", "references", "which its own pods have not", swap(CLIENT, "matchLabels: { app: app-client }\n  strategy", "matchLabels: { app: x }\n  strategy")),
    broken("a selector of the canary's pods", "references", "selects the pods of Deployment/app-server-canary too",
           swap("overlays/canary/app-server-canary.yaml", "track: canary", "track: stable")),
    broken("a StatefulSet without its Service", "references", "has no Service postgres", without(POSTGRES, "Service", "postgres")),
    broken("no ServiceAccount", "references", "has no ServiceAccount app-client", without(CLIENT, "ServiceAccount", "app-client")),
    broken("others spread", "references", "spreads pods that are not its own", swap(CLIENT, "            matchLabels: { app: app-client }", "            matchLabels: { app: x }")),
    broken("a mount of nothing", "references", "there is no volume datas", swap(POSTGRES, "- { name: data, mount", "- { name: datas, mount")),
    broken("a Secret that is not there", "references", "there is no Secret", swap(SERVER, "secretName: postgres-for", "secretName: for")),
    broken("a key that is not there", "references", "has no key passwords", swap(SERVER, "key: password", "key: passwords")),
    broken("a variable that nobody reads", "references", "DRAIN_DELAYS is no setting", swap(SERVER, "DRAIN_DELAY,", "DRAIN_DELAYS,")),
    broken("a variable from nowhere", "references", "with a key urls", swap("overlays/external-postgres/app-server.yaml", "key: url", "key: urls")),
    broken("another database's host", "references", "DATABASE_URL: there is no Service db", swap(SERVER, "@postgres:", "@db:")),
    broken("another database's port", "references", "Service postgres has no port 5433", swap(SERVER, "@postgres:5432", "@postgres:5433")),
    broken("a client that calls nobody", "references", "SERVER_DOMAIN: there is no Service envoys", swap(CLIENT, "SERVER_DOMAIN, value: envoy", "SERVER_DOMAIN, value: envoys")),
    broken("a client at another port", "references", "Service envoy has no port 1", swap(CLIENT, 'value: "8443"', 'value: "1"')),
    broken("a client of the Envoy that is gone", "references", "SERVER_DOMAIN: there is no Service envoy",
           swap("overlays/gateway-api/kustomization.yaml", "  - path: app-client.yaml\n", "")),
    broken("a client of another Gateway", "references", "there is no Service tickets.",
           swap("overlays/gateway-api/app-client.yaml", "ticketing-envoy.", "tickets.")),
    broken("a probe of no port", "references", "the container has no port 12346", swap(SERVER, "grpc: { port: 12345", "grpc: { port: 12346")),

    broken("a Service of nobody", "references", "which no pod has", swap(ENVOY, "selector: { app: envoy }", "selector: { app: x }")),
    broken("a Service to no port", "references", "its pods have no port calls", swap(ENVOY, "targetPort: grpc", "targetPort: calls")),
    broken("a budget of nobody", "references", "PodDisruptionBudget/envoy: selects",
           swap(ENVOY, "AlwaysAllow\n  selector:\n    matchLabels: { app: envoy }", "AlwaysAllow\n  selector:\n    matchLabels: { app: x }")),
    broken("a policy of nobody", "references", "NetworkPolicy/postgres: selects", swap(NETWORK, "  podSelector:\n    matchLabels: { app: postgres }", "  podSelector:\n    matchLabels: { app: x }")),
    broken("a policy that lets through nobody", "references", "lets through {'app': 'x'}", swap(NETWORK, "        - podSelector:\n            matchLabels: { app: postgres }", "        - podSelector:\n            matchLabels: { app: x }")),
    broken("a policy with another port", "references", "lets through port 5433", swap(NETWORK, "port: 5432", "port: 5433")),
    broken("an autoscaler of nobody", "references", "there is no Deployment envoys", swap(SCALE, "name: envoy }", "name: envoys }")),
    broken("an autoscaler that is undone", "references", "each apply would undo", swap("overlays/autoscale/kustomization.yaml", "app-server|envoy", "app-server")),

    broken("a Gateway without its EnvoyProxy", "references", "there is no EnvoyProxy ticket", swap(GATEWAY, "kind: EnvoyProxy, name: ticketing", "kind: EnvoyProxy, name: ticket")),
    broken("a Gateway's Service by a name that is made up", "references", "gives its Service no name", swap(GATEWAY, "name: ticketing-envoy, ", "")),
    broken("a route of another Gateway", "references", "there is no Gateway other", swap(GATEWAY, "- { name: ticketing, sectionName", "- { name: other, sectionName")),
    broken("a route of another listener", "references", "has no listener calls", swap(GATEWAY, "sectionName: grpc", "sectionName: calls")),
    broken("a route to nobody", "references", "backendRefs: there is no Service app-servers", swap(GATEWAY, "- { name: app-server-headless", "- { name: app-servers")),
    broken("a policy for another Gateway's Envoys", "references", "Envoys of Gateway other", swap(GATEWAYS, OWNING, OWNING.replace(": ticketing", ": other"))),
    broken("a policy for a port that the Gateway has not", "references", "on which Gateway ticketing does not listen", swap(GATEWAYS, "port: 8443", "port: 8444")),

    broken("a changed configuration that rolls nothing", "references", "is not the hash", swap(CONF, "    # Envoy between", "    # Between")),
    broken("a listener that the pod does not name", "references", "listens on 9901", swap(ENVOY, "containerPort: 9901", "containerPort: 9902")),
    broken("a cluster of nobody", "references", "a cluster: there is no Service", swap(CONF, "address: app-server-headless,", "address: app-servers,")),
    broken("servers behind one address", "references", "clusterIP is not None", swap(SERVER, "  clusterIP: None\n", "")),
    broken("a canary behind one address", "references", "clusterIP is not None", swap("overlays/canary/app-server-canary.yaml", "  clusterIP: None\n", "")),
    broken("no README to know the settings from", "references", "there is no README.md", removed("README.md")),
]  # fmt: skip
