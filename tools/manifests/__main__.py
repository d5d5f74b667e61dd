"""`make manifests` and `make manifests-check`."""

import argparse
import sys
from pathlib import Path

import checks
import generate
import prove
from faults import Unfit
from places import ROOT


def main():
    parser = argparse.ArgumentParser(prog="tools/manifests")
    parser.add_argument("--root", type=Path, default=ROOT, help="the checkout (default: this one)")
    commands = parser.add_subparsers(dest="command", required=True)
    writes = commands.add_parser("write", help="write what is generated")
    writes.add_argument("--canary", type=int, metavar="PERCENT", help="the canary's share (default: as it is)")
    check = commands.add_parser("check", help="check everything, write nothing")
    check.add_argument("only", nargs="*", metavar="CHECK", help=f"only these: {', '.join(checks.ALL)}")
    commands.add_parser("prove", help="show that each check rejects broken examples")
    args = parser.parse_args()
    try:
        if args.command == "write":
            for path in generate.write(args.root, args.canary):
                print(f"manifests: wrote {path}")
            return 0
        if args.command == "prove":
            return prove.run(args.root)
        return checks.run(args.root, args.only)
    except Unfit as unfit:
        print(f"manifests: {unfit}", file=sys.stderr)
        return 1


sys.exit(main())
