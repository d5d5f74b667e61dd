"""The checks by name, in the order in which a fault of one explains faults of the next."""

from checks import dockerfile, envoy_files, folder, generated, operation, references, schemas, security
from checks.subject import Subject
from faults import Unfit

ALL = {
    "generated": generated.check,
    "folder": folder.check,
    "schemas": schemas.check,
    "security": security.check,
    "references": references.check,
    "operation": operation.check,
    "envoy": envoy_files.check,
    "dockerfile": dockerfile.check,
}


def run(root, only):
    unknown = [name for name in only if name not in ALL]
    if unknown:
        raise Unfit(f"there is no check {', '.join(unknown)}: the checks are {', '.join(ALL)}")
    subject = Subject(root)
    failed = False
    for name in only or ALL:
        faults = list(dict.fromkeys(ALL[name](subject)))
        print(f"manifests: {name}: {'ok' if not faults else f'{len(faults)} faults'}", flush=True)
        for fault in faults:
            print(f"  {fault}", flush=True)
        failed = failed or bool(faults)
    return 1 if failed else 0
