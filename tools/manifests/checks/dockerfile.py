"""The Dockerfile, by hadolint."""

import subprocess
import sys
from pathlib import Path


def check(subject):
    file = subject.root / "Dockerfile"
    if not file.exists():
        print("!!! SKIPPED: the Dockerfile. There is none.", file=sys.stderr)
        return []
    hadolint = Path(sys.executable).parent / "hadolint"
    done = subprocess.run([hadolint, "--no-color", file.name], capture_output=True, text=True, timeout=60, cwd=subject.root)
    found = (done.stdout + done.stderr).splitlines()
    return found or (["hadolint refuses the Dockerfile without a reason"] if done.returncode else [])
