"""Every configuration of Envoy, as its own binary judges it, with the flags that it will get."""

import re
import subprocess
import tempfile
from pathlib import Path

import places
from checks import envoy_conf
from faults import Unfit

NAMED = re.compile(r"(?:path|filename): (/etc/[^ ,}]+\.(?:yaml|json))")
# A public key whose private half nobody has: RFC 8037, appendix A.2.
JWKS = '{"keys":[{"kty":"OKP","crv":"Ed25519","alg":"EdDSA","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}'
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
    for build in subject.each():
        flags = tuple(flags_of(build.resources))
        if config := build.get("ConfigMap", "envoy-conf"):
            found.setdefault((config["data"][envoy_conf.FILE], flags), []).append(f"{build.name}: envoy-conf/{envoy_conf.FILE}")
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


def with_stand_ins(text, folder):
    """Files that are named have to be there: in the pod they are mounted, which checks/certificates.py looks at."""
    for path in sorted(set(NAMED.findall(text))):
        stand_in = folder / path.lstrip("/")
        stand_in.parent.mkdir(parents=True, exist_ok=True)
        stand_in.write_text(JWKS if path.endswith("jwks.json") else "resources: []\n", encoding="utf-8")
    return re.sub(r"/etc/(envoy|ticketing)\b", lambda match: f"{folder}{match[0]}", text)


def said(envoy, text, flags):
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "envoy.yaml"
        file.write_text(with_stand_ins(text, Path(folder)), encoding="utf-8")
        command = [envoy, "--mode", "validate", "--config-path", file, *flags]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    lines = (done.stdout + done.stderr).splitlines()
    bad = [line for line in lines if any(word in line.lower() for word in BAD_WORDS)]
    if done.returncode != 0 and not bad:
        bad = lines[:1] or ["Envoy refuses it without a reason"]
    return bad
