"""Certificates: everybody who needs one has it from a Secret, and gets the renewed one without a restart."""

import json
import re

from checks import envoy_conf, pods
from checks.build import setting
from faults import named

# What names a file of a certificate, in the settings of server and client; and what goes with it.
FILES = {"server": ("TLS_CERT", "TLS_KEY", "TLS_CLIENT_CA"), "client": ("TLS_CA",)}
PATH = re.compile(r"/etc/[^\s,}\"]+")
# Where the server tells its health once more, without TLS: on loopback, unless it is set.
HEALTH = "HEALTH_ADDR"
KINDS = ("startupProbe", "readinessProbe", "livenessProbe")


def check(subject):
    for build in subject.each():
        config = envoy_conf.of(build)
        encrypted = config is not None and envoy_conf.is_encrypted(config)
        faults = [*of_pods(build, encrypted)]
        if encrypted:
            faults += [*of_envoy(build, config)]
        for fault in faults:
            yield f"{build.name}: {fault}"


def of_pods(build, encrypted):
    for owner, _, pod in build.pods():
        for container in pod["containers"]:
            where = f"{named(owner)}: container {container['name']}"
            faults = [*of_settings(container, pod, encrypted)]
            if container["name"] == "server" and encrypted:
                faults += [*of_probes(container), *of_health(container)]
            yield from (f"{where}: {fault}" for fault in faults)
        for fault in of_volumes(pod):
            yield f"{named(owner)}: {fault}"


def of_settings(container, pod, encrypted):
    """Where Envoy speaks TLS, so do its callers and its servers; else nobody does."""
    needed = FILES.get(container["name"], ()) if encrypted else ()
    for name in needed:
        if setting(container, name) is None:
            yield f"{name} is not set, and Envoy speaks TLS: its calls would not get through"
    for entry in container.get("env", []):
        if entry["name"].startswith("TLS_") and not encrypted:
            yield f"{entry['name']} is set, and Envoy speaks no TLS: no call would get through"
        elif entry["name"] in ("TLS_CERT", "TLS_KEY", "TLS_CLIENT_CA", "TLS_CA") and not is_mounted(container, pod, entry.get("value", "")):
            yield f"{entry['name']} is {entry.get('value')}, and no Secret that has this file is mounted there"


def of_probes(container):
    for kind in KINDS:
        if container.get(kind, {}).get("grpc"):
            yield f"{kind}: asks gRPC, and the kubelet speaks no TLS: let it ask the admin port (httpGet)"


def of_health(container):
    """C-core bounds no flood, so its port without TLS is for the pod itself."""
    health = (setting(container, HEALTH) or {}).get("value", "127.0.0.1:12346")
    if not health.startswith("127.0.0.1:"):
        yield f"{HEALTH} is {health}: whoever reaches the pod could speak HTTP/2 to it without TLS: leave it out"


def of_volumes(pod):
    """A Secret with a certificate reaches the pod whole, and readable for its group alone."""
    secrets = {volume["name"]: volume["secret"] for volume in pod.get("volumes", []) if volume.get("secret", {}).get("secretName", "").endswith("-tls")}
    for name, secret in secrets.items():
        if "items" in secret:
            yield f"volume {name}: lists items: mount the Secret whole, its three files belong together"
        if secret.get("defaultMode") != 0o440:
            yield f"volume {name}: defaultMode is not 0440: others in the pod could read the key, or its group could not"
        if "fsGroup" not in pod.get("securityContext", {}):
            yield f"volume {name}: the pod has no fsGroup: the key would be root's alone"
    for container in pod["containers"]:
        for mount in container.get("volumeMounts", []):
            if mount["name"] in secrets and "subPath" in mount:
                yield f"container {container['name']}: {mount['mountPath']} has a subPath: a renewed certificate would never arrive"


def of_envoy(build, config):
    envoy = build.get("Deployment", "envoy")
    ((_, pod),) = pods.made_by(envoy)
    (container,) = pod["containers"]
    data = build.get("ConfigMap", "envoy-conf")["data"]
    servers = [cluster for cluster in config["static_resources"]["clusters"] if "health_checks" in cluster]
    if any("transport_socket" not in cluster for cluster in servers):
        yield "ConfigMap/envoy-conf: Envoy speaks TLS with callers and not with servers: whoever listens between them reads along"
    for path in sorted(set(PATH.findall(json.dumps(config)))):
        folder, _, name = path.rpartition("/")
        if folder == "/etc/envoy":
            if name not in data:
                yield f"ConfigMap/envoy-conf: names {path}, and has no {name}"
            continue
        yield from of_path(container, pod, path, "envoy.yaml", config)
    for name, text in data.items():
        if name == envoy_conf.FILE:
            continue
        if f"/etc/envoy/{name}" not in json.dumps(config):
            yield f"ConfigMap/envoy-conf: has {name}, which envoy.yaml does not name"
        for path in PATH.findall(text):
            yield from of_path(container, pod, path, name, envoy_conf.parsed(text))


def of_path(container, pod, path, where, config):
    """A file of a Secret or ConfigMap, or the folder that is watched for it."""
    if f'"watched_directory": {{"path": "{path}"}}' in json.dumps(config):
        return
    folder = path.rpartition("/")[0]
    if not is_mounted(container, pod, path):
        yield f"ConfigMap/envoy-conf: {where} names {path}, and nothing that has this file is mounted there"
    elif f'"watched_directory": {{"path": "{folder}"}}' not in json.dumps(config):
        yield f"ConfigMap/envoy-conf: {where} does not watch {folder}: a renewed {path} would not be read"


def is_mounted(container, pod, path):
    """Whether a whole Secret or ConfigMap is mounted at the file's folder. The files of those are known by name."""
    folder, _, name = path.rpartition("/")
    volumes = {volume["name"]: volume for volume in pod.get("volumes", [])}
    mounted = [volumes.get(mount["name"], {}) for mount in container.get("volumeMounts", []) if mount["mountPath"] == folder]
    files = {"secret": ("tls.crt", "tls.key", "ca.crt"), "configMap": ("jwks.json",)}
    return any(name in names for volume in mounted for kind, names in files.items() if kind in volume)
