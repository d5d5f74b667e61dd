"""Each image is one of ours, with the tag that belongs to it, and a pipeline's `images:` change what is there."""

import yaml

import generate
import places
from checks import pods

# The new version beside the old one may have any tag: overlays/canary.
CANARY = "app-server-canary"


class Images:
    """Image names and the one tag that each may have."""

    def __init__(self, root):
        version = generate.workspace_version(root)
        self.tags = {
            "ticketing-server": version,
            "ticketing-client": version,
            "envoyproxy/envoy": f"v{generate.envoy_version(root)}",
            "postgres": "15",
        }

    def fault(self, owner, image):
        name, _, tag = image.partition(":")
        if name not in self.tags:
            return f"image {image} is none of {', '.join(self.tags)}: use one of them, or add it in checks/images.py"
        if owner == CANARY:
            return None if tag and tag != "latest" else f"image {image} names no version: give the canary a tag"
        if tag != self.tags[name]:
            return f"image {image} has not the tag {self.tags[name]}: run make manifests"
        return None


def idle_entries(subject):
    """What stands under `images:` and changes no image."""
    for folder in places.builds(subject.root):
        file = subject.kustomization(folder)
        text = yaml.safe_load(file.read_text(encoding="utf-8"))
        for entry in text.get("images", []):
            if entry["name"] not in subject.image_names(folder, text["resources"]):
                yield (
                    f"{file.relative_to(subject.root)}: images: no image is called {entry['name']}, so this changes nothing: "
                    "use the name that stands in the Deployment"
                )


def names_in(resources):
    specs = [pod for resource in resources for _, pod in pods.made_by(resource)]
    containers = [c for pod in specs for kind in ("initContainers", "containers") for c in pod.get(kind, [])]
    return {container["image"].partition(":")[0] for container in containers}
