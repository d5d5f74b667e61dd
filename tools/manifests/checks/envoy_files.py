"""Every configuration of Envoy, as its own binary judges it, with the flags that it will get."""

import subprocess
import tempfile
from pathlib import Path

import places
from faults import Unfit

BAD_WORDS = ("[warning]", "[error]", "[critical]", "parse error", "deprecated field")


def check(subject):
    envoy = places.ROOT / ".tools/bin/envoy"
    if not envoy.exists():
        raise Unfit("there is no Envoy in .tools/bin: run make setup")
    for (text, flags), where in files(subject).items():
        for fault in said(envoy, text, flags):
            yield f"{', '.join(where)}: {fault}"


def files(subject):
    """The text and flags of each configuration, and where it is found."""
    found = {}
    root = (subject.root / places.ENVOY).read_text(encoding="utf-8")
    found.setdefault((root, ()), []).append(places.ENVOY)
    for build, resources in subject.builds.items():
        flags = tuple(flags_of(resources))
        for resource in resources:
            if resource["kind"] == "ConfigMap":
                for name, text in resource["data"].items():
                    found.setdefault((text, flags), []).append(f"{build}: {resource['metadata']['name']}/{name}")
    return found


def flags_of(resources):
    for resource in resources:
        if (resource["kind"], resource["metadata"]["name"]) == ("Deployment", "envoy"):
            args = resource["spec"]["template"]["spec"]["containers"][0]["args"]
            # The path is the container's, and warnings are what we look for.
            without = {"--config-path", "--log-level"}
            pairs = iter(args)
            for arg in pairs:
                if arg in without:
                    next(pairs)
                else:
                    yield arg


def said(envoy, text, flags):
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "envoy.yaml"
        file.write_text(text, encoding="utf-8")
        command = [envoy, "--mode", "validate", "--config-path", file, *flags]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    lines = (done.stdout + done.stderr).splitlines()
    bad = [line for line in lines if any(word in line.lower() for word in BAD_WORDS)]
    if done.returncode != 0 and not bad:
        bad = lines[:1] or ["Envoy refuses it without a reason"]
    return bad
