"""Where the files are, from the root of the repository."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MANIFESTS = "manifests"
OVERLAYS = "overlays"
ENVOY = "envoy.yaml"
# What is built and validated: the folder that people apply, the root that pipelines apply, and each overlay.
BASE_BUILDS = (MANIFESTS, ".")


def builds(root):
    overlays = sorted(folder.name for folder in (root / OVERLAYS).iterdir() if folder.is_dir())
    return [*BASE_BUILDS, *(f"{OVERLAYS}/{name}" for name in overlays)]
