"""Certificates that do not reach who needs them, and TLS on one side alone."""

from prove.example import broken, swap

SERVER, CLIENT, ENVOY, CONF = (f"overlays/tls/{name}.yaml" for name in ("app-server", "app-client", "envoy", "envoy-conf"))
KUSTOMIZATION = "overlays/tls/kustomization.yaml"
PLAIN = "manifests/app-client.yaml"
SECRET = "secret: { secretName: app-server-tls, defaultMode: 0440 }"
# As the indentation of the ConfigMap has it.
UPSTREAM = "          transport_socket:\n            name: envoy.transport_sockets.tls\n"

EXAMPLES = [
    broken("a client without TLS", "certificates", "TLS_CA is not set", swap(KUSTOMIZATION, "  - path: app-client.yaml\n", "")),
    broken("servers without TLS", "certificates", "TLS_CERT is not set", swap(KUSTOMIZATION, "  - path: app-server.yaml\n", "")),
    broken("servers that let in everybody with TLS", "certificates", "TLS_CLIENT_CA is not set", swap(SERVER, "name: TLS_CLIENT_CA,", "name: TLS_CLIENT,")),
    broken("a client that speaks TLS to nobody", "certificates", "Envoy speaks no TLS",
           swap(PLAIN, '            - { name: SERVER_PORT, value: "8443" }\n', '            - { name: SERVER_PORT, value: "8443" }\n            - { name: TLS_CA, value: /ca.crt }\n')),
    broken("a certificate where none is mounted", "certificates", "no Secret that has this file", swap(SERVER, "value: /etc/ticketing/tls/tls.crt", "value: /etc/tls/tls.crt")),
    broken("a file that no Secret has", "certificates", "no Secret that has this file", swap(CLIENT, "tls/ca.crt", "tls/roots.crt")),
    broken("probes of the port that speaks TLS", "certificates", "the kubelet speaks no TLS", swap(SERVER, "            grpc: null\n", "")),
    broken("health without TLS for everybody", "certificates", "whoever reaches the pod",
           swap(SERVER, "          env:\n", '          env:\n            - { name: HEALTH_ADDR, value: "0.0.0.0:12346" }\n')),

    broken("a Secret in part", "certificates", "mount the Secret whole", swap(SERVER, SECRET, SECRET.replace(" }", ", items: [{ key: tls.crt, path: tls.crt }] }"))),
    broken("a key that everybody may read", "certificates", "defaultMode is not 0440", swap(SERVER, "app-server-tls, defaultMode: 0440", "app-server-tls, defaultMode: 0444")),
    broken("a key of root's alone", "certificates", "the pod has no fsGroup", swap(ENVOY, "fsGroup: 101", "supplementalGroups: [101]")),
    broken("a certificate that is never renewed", "certificates", "has a subPath", swap(CLIENT, "mountPath: /etc/ticketing/tls,", "mountPath: /etc/ticketing/tls, subPath: tls.crt,")),

    broken("TLS as far as Envoy", "certificates", "and not with servers", swap(CONF, UPSTREAM, UPSTREAM.replace("transport_socket:", "filters: []\n          upstream_socket:", 1))),
    broken("a file of certificates that is not there", "certificates", "has no certificate-for-callers.yaml", swap(CONF, "\n  certificate-for-callers.yaml: |", "\n  other.yaml: |")),
    broken("a file of certificates that nobody reads", "certificates", "which envoy.yaml does not name", swap(CONF, "\n  certificate-for-callers.yaml: |", "\n  other.yaml: |")),
    broken("Envoy's certificate where none is mounted", "certificates", "nothing that has this file is mounted", swap(ENVOY, "mountPath: /etc/ticketing/servers", "mountPath: /etc/ticketing/server")),
    broken("a folder that is not watched", "certificates", "does not watch /etc/ticketing/callers",
           swap(CONF, "watched_directory: { path: /etc/ticketing/callers }", "watched_directory: { path: /etc/ticketing }")),

    broken("Envoy's port said to be without TLS", "contract", "appProtocol is not https", swap(ENVOY, "appProtocol: https", "appProtocol: kubernetes.io/h2c")),
    broken("a configuration with TLS by hand", "generated", "run make manifests", swap(CONF, "require_client_certificate: true", "require_client_certificate: false")),
    broken("a field of TLS that Envoy does not know", "envoy-files", "require_client_certificates", swap(CONF, "require_client_certificate:", "require_client_certificates:")),
]  # fmt: skip
