"""Each check rejects what it is there for, and no more: examples, an edit each, in a copy of the files that checks read."""

import shutil
import tempfile
from pathlib import Path

import checks
from checks.subject import Subject
from faults import Unfit
from prove import certificates, others, pods, references, resources
from prove.rules import Rules

EXAMPLES = [*resources.EXAMPLES, *pods.EXAMPLES, *references.EXAMPLES, *certificates.EXAMPLES, *others.EXAMPLES]
# What checks read.
READ = [
    "manifests", "overlays", "images", "kustomization.yaml", "envoy.yaml", "Dockerfile", "Cargo.toml", "README.md",
    "tools/requirements.txt", "server/src/health.rs", "testbed/src/envoy/mod.rs",
]  # fmt: skip


def run(root):
    rules, faults = Rules(Path(checks.__file__).parent), []
    with copy_of(root) as whole:
        for name in checks.ALL:
            faults += [f"{name} rejects the files as they are: {fault}" for fault in checks.found_by(name, Subject(whole))]
    for example in EXAMPLES:
        with copy_of(root) as broken:
            for edit in example.edits:
                edit.apply(broken)
            with rules:
                said = rejection(example, broken)
            if example.says is None and said:
                faults.append(f"{example.name}: {example.check} should accept it, and says {said}")
            elif example.says is not None and not any(example.says in fault for fault in said):
                faults.append(f"{example.name}: {example.check} does not say '{example.says}' but {said or 'nothing'}")
    faults += [f"{rule}: no broken example leads here: add one in tools/manifests/prove" for rule in rules.unused()]
    for fault in faults:
        print(f"manifests: prove: {fault}", flush=True)
    if not faults:
        rejected = sum(example.says is not None for example in EXAMPLES)
        print(f"manifests: prove: ok, {len(rules.all)} rules reject {rejected} examples and accept {len(EXAMPLES) - rejected}", flush=True)
    return 1 if faults else 0


def rejection(example, root):
    try:
        return checks.found_by(example.check, Subject(root, example.builds()))
    except Unfit as unfit:
        return [str(unfit)]
    except Exception as error:  # A check that breaks is no check that rejects.
        return [f"stopped at {error!r}"]


class copy_of:
    def __init__(self, root):
        self.root = root

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="ticketing-prove-")
        to = Path(self.folder.name)
        for name in READ:
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            if (self.root / name).is_dir():
                shutil.copytree(self.root / name, to / name)
            else:
                shutil.copy(self.root / name, to / name)
        return to

    def __exit__(self, *_):
        self.folder.cleanup()
