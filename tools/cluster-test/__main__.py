"""`make cluster-test`: the whole deployment on whatever cluster kubectl points at, in a namespace of its own."""

import argparse
import sys
import time
from pathlib import Path

from cluster import Cluster
from course import Course
from failure import Failure
from figures import Figures

ROOT = Path(__file__).resolve().parents[2]


def main():
    parser = argparse.ArgumentParser(prog="cluster-test", description=__doc__)
    parser.add_argument("--namespace", default="ticketing-cluster-test", help="a namespace that is not there yet")
    parser.add_argument("--keep", action="store_true", help="leave the namespace as it is at the end")
    parser.add_argument("--result", type=Path, default=ROOT / "docs/cluster-test.json", help="the file that keeps the figures")
    args = parser.parse_args()
    begun = time.monotonic()

    def progress(message):
        print(f"cluster-test: {time.monotonic() - begun:5.0f} s  {message}", file=sys.stderr, flush=True)

    figures, cluster = Figures(), Cluster(args.namespace)
    course = Course(ROOT, cluster, figures, progress)
    failure = None
    try:
        facts = course.begin()
        course.run()
    except Failure as fault:
        failure = fault
    except KeyboardInterrupt:
        failure = Failure("interrupted")
    finally:
        course.end(args.keep)
    for line in figures.lines():
        print(line, flush=True)
    if failure:
        print(f"cluster-test: {failure}", file=sys.stderr)
        return 1
    figures.write(args.result, facts)
    progress(f"done; {args.result} keeps the figures")
    return 0 if figures.all_ok() else 1


sys.exit(main())
