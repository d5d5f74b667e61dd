"""Pod Security Standard `restricted`, field by field: https://kubernetes.io/docs/concepts/security/pod-security-standards."""

from faults import named

VOLUMES = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}
SECCOMP = {"RuntimeDefault", "Localhost"}
SAFE_SYSCTLS = {
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.ping_group_range",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_syncookies",
}
SELINUX_TYPES = {"", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"}
APPARMOR = ("runtime/default", "localhost/")


def check(subject):
    for build, owner, metadata, pod in subject.pods():
        for fault in [*pod_faults(metadata, pod), *(f for c in containers(pod) for f in container_faults(c, pod))]:
            yield f"{build}: {named(owner)}: {fault}"


def containers(pod):
    return [c for kind in ("initContainers", "containers", "ephemeralContainers") for c in pod.get(kind, [])]


def pod_faults(metadata, pod):
    for field in ("hostNetwork", "hostPID", "hostIPC"):
        if pod.get(field):
            yield f"{field} is not allowed: leave it out"
    for volume in pod.get("volumes", []):
        kinds = set(volume) - {"name"}
        if not kinds <= VOLUMES:
            yield f"volume {volume['name']} is of a kind that is not allowed: {', '.join(sorted(kinds - VOLUMES))}"
    security = pod.get("securityContext", {})
    for sysctl in security.get("sysctls", []):
        if sysctl["name"] not in SAFE_SYSCTLS:
            yield f"sysctl {sysctl['name']} is not allowed: leave it out"
    for name, profile in metadata.get("annotations", {}).items():
        if name.startswith("container.apparmor.security.beta.kubernetes.io/") and not profile.startswith(APPARMOR):
            yield f"AppArmor profile {profile} is not allowed: leave it out"
    yield from context_faults(security, "the pod")


def container_faults(container, pod):
    name = f"container {container['name']}"
    security, of_pod = container.get("securityContext", {}), pod.get("securityContext", {})
    # A container's own setting stands before the pod's.
    effective = {**of_pod, **security}
    yield from context_faults(security, name)
    if effective.get("runAsNonRoot") is not True:
        yield f"{name}: runAsNonRoot is not true"
    if effective.get("seccompProfile", {}).get("type") not in SECCOMP:
        yield f"{name}: seccompProfile is not RuntimeDefault or Localhost"
    if security.get("privileged"):
        yield f"{name}: privileged is not allowed: leave it out"
    if security.get("allowPrivilegeEscalation") is not False:
        yield f"{name}: allowPrivilegeEscalation is not false"
    if security.get("procMount", "Default") != "Default":
        yield f"{name}: procMount is not Default"
    capabilities = security.get("capabilities", {})
    if "ALL" not in capabilities.get("drop", []):
        yield f"{name}: capabilities do not drop ALL"
    if not set(capabilities.get("add", [])) <= {"NET_BIND_SERVICE"}:
        yield f"{name}: capabilities add more than NET_BIND_SERVICE"
    # Not asked for by the standard, and by us.
    if security.get("readOnlyRootFilesystem") is not True:
        yield f"{name}: readOnlyRootFilesystem is not true"
    for port in container.get("ports", []):
        if port.get("hostPort"):
            yield f"{name}: hostPort is not allowed: leave it out"
    handlers = [container.get(probe, {}) for probe in ("startupProbe", "readinessProbe", "livenessProbe")]
    handlers += container.get("lifecycle", {}).values()
    for handler in handlers:
        if any(handler.get(kind, {}).get("host") for kind in ("httpGet", "tcpSocket")):
            yield f"{name}: a probe or hook that names a host is not allowed: leave it out"


def context_faults(security, name):
    if security.get("runAsUser") == 0:
        yield f"{name}: runAsUser is 0"
    if security.get("windowsOptions", {}).get("hostProcess"):
        yield f"{name}: hostProcess is not allowed: leave it out"
    selinux = security.get("seLinuxOptions", {})
    if selinux.get("type", "") not in SELINUX_TYPES or selinux.get("user") or selinux.get("role"):
        yield f"{name}: seLinuxOptions with that type, or with a user or role, are not allowed: leave them out"
    if security.get("appArmorProfile", {}).get("type", "RuntimeDefault") not in SECCOMP:
        yield f"{name}: appArmorProfile Unconfined is not allowed: leave it out"
    if security.get("seccompProfile", {}).get("type", "RuntimeDefault") not in SECCOMP:
        yield f"{name}: seccompProfile Unconfined is not allowed: leave it out"
