"""What is checked: the folder as `kubectl apply -f` reads it, and each build as kustomize makes it."""

import functools
import shutil
import subprocess

import places
from checks import images, pods, strict_yaml
from checks.build import Build
from faults import Unfit

# What `kubectl apply -f FOLDER` takes for manifests.
ENDINGS = (".yaml", ".yml", ".json")


class Subject:
    def __init__(self, root, only=None):
        self.root = root
        self.names = [name for name in places.builds(root) if only is None or name in only]

    def read(self, path):
        file = self.root / path
        if not file.is_file():
            raise Unfit(f"there is no {path}: it is needed to know what the manifests have to agree with")
        return file.read_text(encoding="utf-8")

    @functools.cached_property
    def plain_files(self):
        """The documents of each file that `kubectl apply -f manifests` applies."""
        files = sorted(file for file in (self.root / places.MANIFESTS).iterdir() if file.name.endswith(ENDINGS))
        return {file.name: strict_yaml.documents(file.read_text(encoding="utf-8"), file.name) for file in files}

    @functools.cached_property
    def yaml_documents(self):
        """What testbed/tests/manifests/ reads: the documents of all .yaml files, as they are before kustomize."""
        files = (file for folder in (places.MANIFESTS, places.OVERLAYS) for file in sorted((self.root / folder).rglob("*.yaml")))
        return [document for file in files for document in strict_yaml.documents(file.read_text(encoding="utf-8"), file.name)]

    @functools.cached_property
    def builds(self):
        """The resources of each build by its folder."""
        return {name: self.built(name) for name in self.names}

    @functools.cache
    def built(self, name):
        done = subprocess.run([*kustomize(), str(self.root / name)], capture_output=True, text=True, timeout=120)
        if done.returncode != 0:
            raise Unfit(f"{name} cannot be built: {done.stderr.strip().splitlines()[0]}")
        return strict_yaml.documents(done.stdout, name)

    def each(self):
        for name, resources in self.builds.items():
            yield Build(name, resources)

    def pods(self):
        """Each pod of each build, as (build, the resource that makes it, pod metadata, pod spec)."""
        for build, resources in self.builds.items():
            for resource in resources:
                for metadata, pod in pods.made_by(resource):
                    yield build, resource, metadata, pod

    def kustomization(self, folder):
        files = [self.root / folder / name for name in ("kustomization.yaml", "Kustomization")]
        return next(file for file in files if file.exists())

    def image_names(self, folder, resources):
        """The names of images in what a kustomization takes in, before it changes them."""
        names = set()
        for resource in resources:
            path = (self.root / folder / resource).resolve()
            if path.is_dir():
                documents = self.built(str(path.relative_to(self.root.resolve())))
            else:
                documents = strict_yaml.documents(path.read_text(encoding="utf-8"), resource)
            names |= images.names_in(documents)
        return names


def kustomize():
    if shutil.which("kubectl"):
        return ["kubectl", "kustomize"]
    if shutil.which("kustomize"):
        return ["kustomize", "build"]
    raise Unfit(
        "neither kubectl nor kustomize is on the PATH, and overlays cannot be built without: install kubectl 1.27 or "
        "newer (https://kubernetes.io/docs/tasks/tools)"
    )
