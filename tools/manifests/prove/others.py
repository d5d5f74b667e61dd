"""Envoy's own pod, its files, and the Dockerfiles."""

from prove.example import broken, removed, swap

ENVOY, CONF = "manifests/envoy.yaml", "manifests/envoy-conf.yaml"
DRAIN = '            - --drain-time-s\n            - "5"\n'
STAND_IN = "images/stand-ins/postgres/Dockerfile"

EXAMPLES = [
    broken("no drain time", "envoy-pod", "its command line is not", swap(ENVOY, DRAIN, "")),
    broken("another drain time", "envoy-pod", "its command line is not", swap(ENVOY, DRAIN, DRAIN.replace("5", "600"))),
    broken("more workers than elsewhere", "envoy-pod", "its command line is not", swap("testbed/src/envoy/mod.rs", '"--concurrency", "1"', '"--concurrency", "2"')),
    broken("a file where none is mounted", "envoy-pod", "mounted elsewhere", swap(ENVOY, "- /etc/envoy/envoy.yaml", "- /etc/envoy.yaml")),
    broken("a mount where none is read", "envoy-pod", "mounted elsewhere", swap(ENVOY, "mountPath: /etc/envoy,", "mountPath: /conf,")),
    broken("no hook", "envoy-pod", "preStop does not POST /healthcheck/fail", swap(ENVOY, "preStop:", "postStart:")),
    broken("a hook that drains first", "envoy-pod", "preStop does not POST", swap(ENVOY, "admin POST /healthcheck/fail\n", "")),
    broken("a hook for another admin", "envoy-pod", "does not talk to the admin", swap(ENVOY, "127.0.0.1/8090", "127.0.0.1/8091")),
    broken("a hook that may hang", "envoy-pod", "without a time limit", swap(ENVOY, "timeout 1 cat", "cat")),
    broken("a hook that ends too early", "envoy-pod", "does not wait longer", swap(ENVOY, "sleep 6", "sleep 4")),

    broken("a field that Envoy does not know", "envoy-files", "lb_policys", swap(CONF, "lb_policy:", "lb_policys:")),
    broken("a field that Envoy gives up", "envoy-files", "eprecated", swap(CONF, "          lb_policy: ROUND_ROBIN\n", "          lb_policy: ROUND_ROBIN\n          dns_refresh_rate: 1s\n")),
    broken("a flag that Envoy does not know", "envoy-files", "Argument: --drain-times", swap(ENVOY, "--drain-time-s\n", "--drain-times\n")),

    broken("no Dockerfile", "dockerfiles", "there is no Dockerfile", removed("Dockerfile")),
    broken("a Dockerfile with sudo", "dockerfiles", "DL3004", swap("Dockerfile", "RUN apt-get update", "RUN sudo apt-get update")),
    broken("a stand-in with sudo", "dockerfiles", "DL3004", swap(STAND_IN, "RUN groupadd", "RUN sudo groupadd")),
]  # fmt: skip
