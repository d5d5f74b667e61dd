"""`kubectl apply -f manifests` and `kubectl apply -k .` apply the same, into any namespace."""

import places
from faults import named


def check(subject):
    folder = subject.root / places.MANIFESTS
    for name in ("kustomization.yaml", "kustomization.yml"):
        if (folder / name).exists():
            yield f"manifests/{name} would be applied as a resource by kubectl -f: its name is Kustomization"
    plain = [resource for documents in subject.plain_files.values() for resource in documents]
    for build in set(places.BASE_BUILDS) & set(subject.builds):
        built = {named(resource) for resource in subject.builds[build]}
        for missing in {named(resource) for resource in plain} - built:
            yield f"{missing} is in a file of manifests/, and {build} does not build it: list the file in manifests/Kustomization"
    for build, resources in subject.builds.items():
        for resource in resources:
            if "namespace" in resource["metadata"]:
                yield f"{build}: {named(resource)} names a namespace: which one, is for who applies it"
            if "stringData" in resource:
                yield f"{build}: {named(resource)} has stringData, which every apply calls a change: use data"
