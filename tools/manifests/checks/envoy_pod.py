"""Envoy's own pod: its command line, the file that it reads, and how it takes leave."""

import re

from checks import envoy_conf
from faults import Unfit

SOURCE = "testbed/src/envoy/mod.rs"
WAYS = ("POST /healthcheck/fail", "POST '/drain_listeners?graceful'")


def check(subject):
    flags = flags_of(subject)
    for build in subject.each():
        envoy, config = build.get("Deployment", "envoy"), envoy_conf.of(build)
        if envoy and config:
            pod = envoy["spec"]["template"]["spec"]
            (container,) = [c for c in pod["containers"] if c["name"] == "envoy"] or [{}]
            for fault in [*of_arguments(container, flags), *of_file(container, pod), *of_hook(container, config, flags)]:
                yield f"{build.name}: Deployment/envoy: container envoy: {fault}"


def flags_of(subject):
    """The flags that testbed and compose use too."""
    listed = re.search(r"const FLAGS: .*?=\s*\[(.*?)\];", subject.read(SOURCE), re.DOTALL)
    if not listed:
        raise Unfit(f"{SOURCE} has no list FLAGS: tools/manifests/checks/envoy_pod.py reads it")
    return re.findall(r'"(.*?)"', listed[1])


def of_arguments(container, flags):
    arguments = container.get("args", [])
    wanted = ["--config-path", config_path(arguments), *flags, "--log-level", "warn"]
    if container.get("command") != ["envoy"] or arguments != wanted:
        yield f"its command line is not envoy {' '.join(wanted)}: {SOURCE} has the flags and their reasons"


def config_path(arguments):
    return dict(zip(arguments, arguments[1:])).get("--config-path", "FILE")


def of_file(container, pod):
    path = config_path(container.get("args", []))
    folder, _, name = path.rpartition("/")
    sources = {v["name"]: v.get("configMap", {}) for v in pod.get("volumes", [])}
    mounts = [m for m in container.get("volumeMounts", []) if m["mountPath"] == folder and "subPath" not in m]
    is_there = any(sources.get(m["name"], {}).get("name") == "envoy-conf" and "items" not in sources[m["name"]] for m in mounts)
    if not is_there or name != envoy_conf.FILE:
        yield f"--config-path is {path}, and the ConfigMap envoy-conf is mounted elsewhere: mount it there"


def of_hook(container, config, flags):
    script = "\n".join(container.get("lifecycle", {}).get("preStop", {}).get("exec", {}).get("command", []))
    places = [script.find(way) for way in WAYS]
    if -1 in places or places != sorted(places):
        yield f"preStop does not {' and then '.join(WAYS)}: callers would learn of its end by broken connections"
        return
    if f"/dev/tcp/127.0.0.1/{envoy_conf.admin_port(config)}" not in script:
        yield f"preStop does not talk to the admin's port {envoy_conf.admin_port(config)}"
    if any("cat <&3" in line and "timeout " not in line for line in script.splitlines()):
        yield "preStop reads answers without a time limit: put timeout before cat"
    drain = float(dict(zip(flags, flags[1:]))["--drain-time-s"])
    if not any(float(pause) > drain for pause in re.findall(r"sleep ([\d.]+)", script[places[-1]:])):
        yield f"preStop does not wait longer than the drain time, {drain:g} s: its callers would not have learned to go"
