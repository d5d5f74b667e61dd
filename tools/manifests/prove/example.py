"""An example: what is edited, which check has to reject it, and what that has to say."""

from dataclasses import dataclass
from pathlib import PurePath

import places
from faults import Unfit


@dataclass
class Example:
    name: str
    check: str
    # Part of the sentence; none where the example is to be accepted.
    says: str | None
    edits: list

    def builds(self):
        """The builds that the edits are about: the others need not be made."""
        return {build_of(edit.path) for edit in self.edits}


def sound(name, check, *edits):
    return Example(name, check, None, list(edits))


def broken(name, check, says, *edits):
    return Example(name, check, says, list(edits))


@dataclass
class swap:
    """One piece of text for another."""

    path: str
    old: str
    new: str

    def apply(self, root):
        text = (root / self.path).read_text(encoding="utf-8")
        if self.old not in text:
            raise Unfit(f"{self.path} has no {self.old!r}, which a broken example changes: change the example with it")
        (root / self.path).write_text(text.replace(self.old, self.new), encoding="utf-8")


@dataclass
class new:
    path: str
    text: str

    def apply(self, root):
        (root / self.path).parent.mkdir(parents=True, exist_ok=True)
        (root / self.path).write_text(self.text, encoding="utf-8")


@dataclass
class removed:
    path: str

    def apply(self, root):
        (root / self.path).unlink()


def without(path, kind, name):
    """A resource taken out of its file."""
    return WithoutResource(path, f"kind: {kind}\nmetadata:\n  name: {name}\n")


@dataclass
class WithoutResource:
    path: str
    head: str

    def apply(self, root):
        documents = (root / self.path).read_text(encoding="utf-8").split("---\n")
        left = [document for document in documents if self.head not in document]
        if len(left) != len(documents) - 1:
            raise Unfit(f"{self.path} has not one {self.head!r}, which a broken example takes out")
        (root / self.path).write_text("---\n".join(left), encoding="utf-8")


def added(name, text):
    """A file more in manifests/, listed as it has to be."""
    return [new(f"manifests/{name}", text), swap("manifests/Kustomization", "resources:\n", f"resources:\n  - {name}\n")]


def build_of(path):
    parts = PurePath(path).parts
    if parts[0] == places.OVERLAYS:
        return "/".join(parts[:2])
    return "." if path == "kustomization.yaml" else places.MANIFESTS
