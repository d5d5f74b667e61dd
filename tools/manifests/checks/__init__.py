"""The checks by name, in the order in which a fault of one explains faults of the next."""

from checks import (
    certificates,
    contract,
    dockerfiles,
    envoy_files,
    envoy_pod,
    folder,
    generated,
    operation,
    protection,
    references,
    schemas,
    security,
)
from checks.subject import Subject
from faults import Unfit

ALL = {
    "generated": generated.check,
    "folder": folder.check,
    "schemas": schemas.check,
    "contract": contract.check,
    "security": security.check,
    "protection": protection.check,
    "references": references.check,
    "operation": operation.check,
    "envoy-pod": envoy_pod.check,
    "certificates": certificates.check,
    "envoy-files": envoy_files.check,
    "dockerfiles": dockerfiles.check,
}


def run(root, only):
    unknown = [name for name in only if name not in ALL]
    if unknown:
        raise Unfit(f"there is no check {', '.join(unknown)}: the checks are {', '.join(ALL)}")
    subject = Subject(root)
    failed = False
    for name in only or ALL:
        faults = found_by(name, subject, failed)
        print(f"manifests: {name}: {'ok' if not faults else f'{len(faults)} faults'}", flush=True)
        for fault in faults:
            print(f"  {fault}", flush=True)
        failed = failed or bool(faults)
    return 1 if failed else 0


def found_by(name, subject, is_spoilt=False):
    """The faults that a check finds, each once. Where earlier ones found some, it may not know what it looks at."""
    try:
        return list(dict.fromkeys(ALL[name](subject)))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        if not is_spoilt:
            raise
        return [f"cannot go on ({error!r}): mend what is named above first"]
