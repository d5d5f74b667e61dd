"""Every Dockerfile, by hadolint."""

import subprocess
import sys
from pathlib import Path

from faults import Unfit

PATTERNS = ("Dockerfile", "images/**/Dockerfile")


def check(subject):
    hadolint = Path(sys.executable).parent / "hadolint"
    if not hadolint.exists():
        raise Unfit("hadolint is not in .tools: run tools/setup manifests")
    for pattern in PATTERNS:
        files = sorted(subject.root.glob(pattern))
        if not files:
            yield f"there is no {pattern}: make images and make base-images build from them"
        for file in files:
            command = [hadolint, "--no-color", file.relative_to(subject.root)]
            done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=subject.root)
            said = (done.stdout + done.stderr).splitlines()
            yield from said or ([f"{command[-1]}: hadolint refuses it without a reason"] if done.returncode else [])
