"""The pods that a resource makes, whatever its kind: a Deployment's, a CronJob's, or itself."""


def made_by(thing):
    """Each pod as (metadata, spec): wherever a `spec` lists containers."""
    if isinstance(thing, dict):
        spec = thing.get("spec")
        if isinstance(spec, dict) and "containers" in spec:
            yield thing.get("metadata", {}), spec
        for value in thing.values():
            yield from made_by(value)
    elif isinstance(thing, list):
        for value in thing:
            yield from made_by(value)


def runs_on(owner):
    """Whether its pods are there until someone takes them away, and not until their work is done."""
    return owner["kind"] in ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Pod")
