"""The published types of kinds that are not Kubernetes' own, as strict JSON schemas in types/: `tools/manifests types FILE…`.

The files are those that people install: `standard-install.yaml` of a release of Gateway API, and
`gateway.envoyproxy.io_envoyproxies.yaml` of a release of Envoy Gateway. Kept is what judges a manifest: no descriptions,
no status. Rules in CEL are left to the API server.
"""

import json
from pathlib import Path

import yaml

from faults import Unfit

FOLDER = Path(__file__).resolve().parent / "types"
WANTED = {
    ("gateway.networking.k8s.io", "v1", "Gateway"),
    ("gateway.networking.k8s.io", "v1", "GRPCRoute"),
    ("gateway.envoyproxy.io", "v1alpha1", "EnvoyProxy"),
}
# EnvoyProxy repeats most of a pod's type, 1.4 MB: only what we use of it is kept, and the rest is refused.
KEPT = {
    "EnvoyProxy": (
        "spec.provider.type",
        "spec.provider.kubernetes.envoyService",
        "spec.provider.kubernetes.envoyDeployment.replicas",
        "spec.provider.kubernetes.envoyPDB",
    )
}
SAYS_NOTHING = {"description", "default"}
VERSION = "gateway.networking.k8s.io/bundle-version"
OWNERS = {
    "gateway.networking.k8s.io": "Gateway API {version}, Copyright The Kubernetes Authors",
    "gateway.envoyproxy.io": "Envoy Gateway {version}, Copyright Envoy Gateway Authors",
}
# What we may say of ourselves; the API server adds the rest.
METADATA = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "pattern": "^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$"},
        "labels": {"type": "object", "additionalProperties": {"type": "string", "maxLength": 63}},
        "annotations": {"type": "object", "additionalProperties": {"type": "string"}},
    },
    "required": ["name"],
    "additionalProperties": False,
}


def file_of(group, version, kind):
    return FOLDER / f"{group}_{version}_{kind}.json"


def schema_of(resource):
    """The schema of a resource's kind; none where there is no such file."""
    group, _, version = resource["apiVersion"].partition("/")
    file = file_of(group, version, resource["kind"])
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else None


def write(files, envoy_gateway):
    missing = set(WANTED)
    for definition in (definition for file in files for definition in definitions(file)):
        spec = definition["spec"]
        for version in spec["versions"]:
            key = (spec["group"], version["name"], spec["names"]["kind"])
            if key in WANTED:
                missing.discard(key)
                release = definition["metadata"]["annotations"].get(VERSION, envoy_gateway)
                origin = OWNERS[spec["group"]].format(version=release)
                schema = typed(version["schema"]["openAPIV3Schema"], key)
                text = json.dumps({"$comment": f"Written by `tools/manifests types` from {origin}, Apache-2.0.", **schema}, indent=1)
                file_of(*key).write_text(text + "\n", encoding="utf-8")
                yield file_of(*key)
    if missing:
        raise Unfit(f"the files define no {', '.join(sorted(kind for _, _, kind in missing))}")


def definitions(file):
    # Where the file is part of a Helm chart, a line in braces stands before and after it.
    lines = (line for line in file.read_text(encoding="utf-8").splitlines(True) if not line.startswith("{{"))
    return [d for d in yaml.safe_load_all("".join(lines)) if d and d.get("kind") == "CustomResourceDefinition"]


def typed(schema, key):
    group, version, kind = key
    schema = part_of(schema, KEPT[kind]) if kind in KEPT else schema
    properties = {name: strict(of) for name, of in schema["properties"].items() if name != "status"}
    properties |= {"apiVersion": {"const": f"{group}/{version}"}, "kind": {"const": kind}, "metadata": METADATA}
    return {"type": "object", "required": ["apiVersion", "kind", "metadata", "spec"], "properties": properties, "additionalProperties": False}


def part_of(schema, paths):
    """The schema with only these of its fields."""
    ours = [path.split(".", 1) for path in paths]
    properties = {}
    for name, of in schema["properties"].items():
        below = [rest[0] for first, *rest in ours if first == name and rest]
        if below:
            properties[name] = part_of(of, below)
        elif [name] in ours or name in ("apiVersion", "kind", "metadata"):
            properties[name] = of
    return {**schema, "properties": properties}


def strict(schema):
    """JSON Schema for an OpenAPI schema: fields that are not named are faults, as in `kubectl apply`'s strict validation."""
    if schema.get("x-kubernetes-int-or-string"):
        return {"type": ["integer", "string"]}
    made = {}
    for word, value in schema.items():
        if word == "properties":
            made[word] = {name: strict(of) for name, of in value.items()}
        elif word in ("items", "additionalProperties") and isinstance(value, dict):
            made[word] = strict(value)
        elif word in ("anyOf", "oneOf", "allOf"):
            made[word] = value
        elif word not in SAYS_NOTHING and not word.startswith("x-"):
            made[word] = value
    is_closed = "properties" in made and "additionalProperties" not in made
    if is_closed and not schema.get("x-kubernetes-preserve-unknown-fields"):
        made["additionalProperties"] = False
    return made
