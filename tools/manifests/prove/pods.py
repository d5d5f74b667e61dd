"""Pods that may do too much, end badly, or take others with them."""

from prove.example import added, broken, sound, swap

CLIENT, SERVER, ENVOY = "manifests/app-client.yaml", "manifests/app-server.yaml", "manifests/envoy.yaml"
ALONE = """apiVersion: v1
kind: Pod
metadata: { name: debug }
spec:
  hostNetwork: true
  containers:
    - { name: debug, image: "busybox:latest", securityContext: { privileged: true } }
"""
BY_THE_CLOCK = """apiVersion: batch/v1
kind: CronJob
metadata: { name: sweep }
spec:
  schedule: "0 3 * * *"
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers:
            - { name: sweep, image: "busybox:latest", securityContext: { privileged: true } }
"""
OF_POD, OF_CONTAINER = "        runAsNonRoot: true\n", "            readOnlyRootFilesystem: true\n"
STARTUP = """          startupProbe:
            grpc: { port: 12345, service: live }
            periodSeconds: 1
            failureThreshold: 30
"""
END = "terminationGracePeriodSeconds: 30"


def in_pod(field):
    return swap(CLIENT, OF_POD, f"{OF_POD}        {field}\n")


def in_container(field):
    return swap(CLIENT, OF_CONTAINER, f"{OF_CONTAINER}            {field}\n")


def of_the_pod(field):
    return swap(CLIENT, "      enableServiceLinks: false\n", f"      enableServiceLinks: false\n      {field}\n")


EXAMPLES = [
    broken("a pod by itself in the host's network", "security", "Pod/debug: hostNetwork is not allowed", *added("debug.yaml", ALONE)),
    broken("a pod by itself that is privileged", "security", "privileged is not allowed", *added("debug.yaml", ALONE)),
    broken("a pod by itself with an image of strangers", "references", "image busybox:latest is none of", *added("debug.yaml", ALONE)),
    broken("a pod by itself", "operation", "make it a Deployment", *added("debug.yaml", ALONE)),
    broken("a pod by itself that talks to anybody", "protection", "Pod/debug: no NetworkPolicy", *added("debug.yaml", ALONE)),
    broken("a privileged CronJob", "security", "CronJob/sweep: container sweep: privileged", *added("sweep.yaml", BY_THE_CLOCK)),
    broken("a CronJob with an image of strangers", "references", "CronJob/sweep: container sweep: image", *added("sweep.yaml", BY_THE_CLOCK)),
    broken("a CronJob without limits", "operation", "CronJob/sweep: container sweep: resources.limits", *added("sweep.yaml", BY_THE_CLOCK)),

    broken("the host's processes", "security", "hostPID is not allowed", of_the_pod("hostPID: true")),
    broken("a folder of the host", "security", "volume host is of a kind",
           of_the_pod("volumes: [{ name: host, hostPath: { path: / } }]")),
    broken("a dangerous sysctl", "security", "sysctl kernel.msgmax", in_pod("sysctls: [{ name: kernel.msgmax, value: '1' }]")),
    broken("AppArmor off by annotation", "security", "AppArmor profile unconfined",
           swap(CLIENT, "    metadata:\n", "    metadata:\n      annotations: { container.apparmor.security.beta.kubernetes.io/client: unconfined }\n")),
    broken("perhaps root", "security", "runAsNonRoot is not true", swap(CLIENT, OF_POD, "")),
    broken("root", "security", "runAsUser is 0", swap(CLIENT, "runAsUser: 65532", "runAsUser: 0")),
    broken("no seccomp", "security", "seccompProfile is not", swap(CLIENT, "        seccompProfile: { type: RuntimeDefault }\n", "")),
    broken("seccomp off", "security", "seccompProfile Unconfined", in_container("seccompProfile: { type: Unconfined }")),
    broken("AppArmor off", "security", "appArmorProfile Unconfined", in_container("appArmorProfile: { type: Unconfined }")),
    broken("privileged", "security", "privileged is not allowed", in_container("privileged: true")),
    broken("escalation", "security", "allowPrivilegeEscalation is not false", swap(CLIENT, "allowPrivilegeEscalation: false", "allowPrivilegeEscalation: true")),
    broken("all of /proc", "security", "procMount is not Default", in_container("procMount: Unmasked")),
    broken("capabilities kept", "security", "do not drop ALL", swap(CLIENT, "drop: [ALL]", "drop: [NET_RAW]")),
    broken("capabilities added", "security", "add more than", swap(CLIENT, "drop: [ALL]", "drop: [ALL], add: [SYS_ADMIN]")),
    broken("a root file system to write on", "security", "readOnlyRootFilesystem is not true", swap(CLIENT, OF_CONTAINER, "")),
    broken("a port of the host", "security", "hostPort is not allowed", swap(SERVER, "containerPort: 9090", "containerPort: 9090, hostPort: 9090")),
    broken("a probe of another host", "security", "names a host", swap(ENVOY, "path: /ready,", "path: /ready, host: 10.0.0.1,")),
    broken("a process of a Windows host", "security", "hostProcess is not allowed", in_pod("windowsOptions: { hostProcess: true }")),
    broken("another SELinux type", "security", "seLinuxOptions", in_pod("seLinuxOptions: { type: spc_t }")),
    broken("an init container that is privileged", "security", "container first: privileged",
           of_the_pod("initContainers: [{ name: first, image: 'postgres:15', securityContext: { privileged: true } }]")),

    broken("a pod away before its successor is there", "operation", "maxUnavailable is not 0", swap(SERVER, "maxUnavailable: 0", "maxUnavailable: 1")),
    broken("a token", "operation", "automountServiceAccountToken is not false", swap(CLIENT, "      automountServiceAccountToken: false\n", "")),
    broken("variables of Services", "operation", "enableServiceLinks is not false", swap(CLIENT, "      enableServiceLinks: false\n", "")),
    broken("all on one node", "operation", "has no topologySpreadConstraints",
           swap(CLIENT, "topologySpreadConstraints:", "topologySpreadConstraints: []\n      hostAliases:")),
    broken("no limit of memory", "operation", "resources.limits has no memory", swap(SERVER, 'cpu: "1", memory: 512Mi', 'cpu: "1"')),
    broken("no startup probe", "operation", "has no startupProbe", swap(SERVER, STARTUP, "")),
    broken("a server asked by TCP only", "operation", "asks neither gRPC health nor /livez", swap(SERVER, "grpc: { port: 12345, service: live }", "tcpSocket: { port: 12345 }")),
    broken("readiness of whoever lives", "operation", "readinessProbe: asks neither gRPC health nor /readyz",
           swap("overlays/tls/app-server.yaml", "path: /readyz", "path: /livez")),
    broken("a health service that is unknown", "operation", "knows no health service ticketing.Customers",
           swap(SERVER, "service: ticketing.CustomerController", "service: ticketing.Customers")),
    broken("readiness that is liveness", "operation", "ask for the same", swap(SERVER, "service: ticketing.CustomerController", "service: live")),
    broken("liveness that drains", "operation", "livenessProbe: does not ask for live", swap(SERVER, "service: live", "service: ticketing.CustomerController")),
    broken("Envoy called while it drains", "operation", "readinessProbe: does not ask /ready", swap(ENVOY, "httpGet: { path: /ready, port", "httpGet: { path: /, port")),
    broken("Envoy killed while it drains", "operation", "livenessProbe: is not a tcpSocket",
           swap(ENVOY, "tcpSocket: { port: telemetry }", "httpGet: { path: /ready, port: telemetry }")),
    broken("a drain longer than the grace", "operation", "its drain can take 92 s", swap(SERVER, "DRAIN_TIMEOUT, value: 10s", "DRAIN_TIMEOUT, value: 1m30s")),
    sound("a long drain with a longer grace", "operation",
          swap(SERVER, "DRAIN_TIMEOUT, value: 10s", "DRAIN_TIMEOUT, value: 1m30s"), swap(SERVER, END, "terminationGracePeriodSeconds: 120")),
    broken("a drain that is no duration", "operation", "DRAIN_DELAY is '2'", swap(SERVER, "DRAIN_DELAY, value: 2s", 'DRAIN_DELAY, value: "2"')),
    broken("a drain by default longer than the grace", "operation", "its drain can take 12 s",
           swap(SERVER, "            - { name: DRAIN_DELAY, value: 2s }\n            - { name: DRAIN_TIMEOUT, value: 10s }\n", ""),
           swap(SERVER, END, "terminationGracePeriodSeconds: 12")),
    broken("a hook longer than the grace", "operation", "its drain can take 40 s", swap(ENVOY, "terminationGracePeriodSeconds: 45", "terminationGracePeriodSeconds: 40")),
]  # fmt: skip
