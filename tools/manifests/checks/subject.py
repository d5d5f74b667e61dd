"""What is checked: the folder as `kubectl apply -f` reads it, and each build as kustomize makes it."""

import functools
import shutil
import subprocess

import places
from checks import strict_yaml
from faults import Unfit


class Subject:
    def __init__(self, root):
        self.root = root

    @functools.cached_property
    def plain_files(self):
        """The documents of each file that `kubectl apply -f manifests` applies."""
        files = sorted((self.root / places.MANIFESTS).glob("*.y*ml"))
        return {file.name: strict_yaml.documents(file.read_text(encoding="utf-8"), file.name) for file in files}

    @functools.cached_property
    def builds(self):
        """The resources of each build by its folder."""
        return {name: strict_yaml.documents(self.kustomized(name), name) for name in places.builds(self.root)}

    def kustomized(self, name):
        done = subprocess.run([*kustomize(), str(self.root / name)], capture_output=True, text=True, timeout=120)
        if done.returncode != 0:
            raise Unfit(f"{name} cannot be built: {done.stderr.strip().splitlines()[0]}")
        return done.stdout

    def pods(self):
        """Each pod template of each build, as (build, owner, pod metadata, pod spec)."""
        for build, resources in self.builds.items():
            for resource in resources:
                if template := resource.get("spec", {}).get("template"):
                    yield build, resource, template.get("metadata", {}), template["spec"]


def kustomize():
    if shutil.which("kubectl"):
        return ["kubectl", "kustomize"]
    if shutil.which("kustomize"):
        return ["kustomize", "build"]
    raise Unfit(
        "neither kubectl nor kustomize is on the PATH, and overlays cannot be built without: install kubectl 1.27 or "
        "newer (https://kubernetes.io/docs/tasks/tools)"
    )
