"""`make cluster-test`: the whole deployment on whatever cluster kubectl points at, in a namespace of its own."""

import argparse
import os
import sys
import time
from pathlib import Path

import course
import interruption
from cluster import Cluster, NoCluster
from failure import Failure
from figures import Figures
from scene import Scene

ROOT = Path(__file__).resolve().parents[2]
INTERRUPTED = 130


def main():
    parser = argparse.ArgumentParser(prog="cluster-test", description=__doc__)
    parser.add_argument("--namespace", default="ticketing-cluster-test", help="a namespace that is not there yet")
    parser.add_argument("--keep", action="store_true", help="leave the namespace as it is at the end")
    parser.add_argument("--result", type=Path, default=ROOT / "docs/cluster-test.json", help="the file that keeps the figures")
    args = parser.parse_args()
    begun = time.monotonic()

    def progress(message):
        print(f"cluster-test: {time.monotonic() - begun:5.0f} s  {message}", file=sys.stderr, flush=True)

    cluster = Cluster(args.namespace)
    try:
        kubernetes = cluster.version()
    except NoCluster as reason:
        return without_a_cluster(reason)
    progress(f"Kubernetes {kubernetes}, namespace {args.namespace}")
    scene = Scene(ROOT, cluster, Figures(), progress)
    code = go(scene, args.keep)
    for line in scene.figures.lines():
        print(line, flush=True)
    for sentence in scene.figures.broken():
        code = say(sentence)
    if code == 0:
        scene.figures.write(args.result, {"kubernetes": kubernetes, "version": scene.version})
        progress(f"done; {args.result} keeps the figures")
    return code


def go(scene, keep):
    """The whole course; whatever happens on it, the namespace goes at the end."""
    code = 0
    interruption.raise_on_signals()
    try:
        course.run(scene)
    except Failure as failure:
        code = say(failure)
    except KeyboardInterrupt:
        say("interrupted; cleaning up first (Ctrl-C again leaves everything as it is)")
        code = INTERRUPTED
    interruption.clean_up_undisturbed()
    try:
        course.clean_up(scene, keep)
    except Failure as failure:
        code = say(failure) if code == 0 else code
    return code


def without_a_cluster(reason):
    """A machine of CI may have none, and then says loudly that nothing was tried; a person asked for this test."""
    if os.environ.get("CI"):
        print(f"\n!!! SKIPPED: cluster-test. {reason}. Manifests were NOT applied to a cluster.\n", file=sys.stderr)
        return 0
    return say(reason)


def say(sentence):
    print(f"cluster-test: {sentence}", file=sys.stderr, flush=True)
    return 1


sys.exit(main())
