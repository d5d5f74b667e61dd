"""The images that the manifests name, brought to the cluster by a command of the operator's."""

import os
import re
import subprocess

from failure import Failure


def named_in(text):
    return sorted(set(re.findall(r"^\s*(?:- )?image: (\S+)$", text, re.MULTILINE)))


def load(images, progress):
    command = os.environ.get("CLUSTER_LOAD", "")
    if not command:
        progress("CLUSTER_LOAD is not set: the cluster gets the images by itself")
        return
    for image in images:
        progress(f"loading {image}")
        # By a shell, with the name behind it: the command may hold quotes and a pipe.
        done = subprocess.run(["bash", "-c", f'{command} "$0"', image], capture_output=True, text=True)
        if done.returncode != 0:
            raise Failure(f"CLUSTER_LOAD failed for {image}: {(done.stderr or done.stdout).strip()}")
