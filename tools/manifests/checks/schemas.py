"""Strict schemas: of the oldest Kubernetes that is promised, and of the newest that the validator knows."""

import kubernetes_validate

from faults import named

OLDEST = "1.30"
# Their types come with the gateway-api crate: testbed/tests/manifests/gateway_api.rs.
CHECKED_ELSEWHERE = {
    ("gateway.networking.k8s.io/v1", "Gateway"),
    ("gateway.networking.k8s.io/v1", "GRPCRoute"),
}


def check(subject):
    for build, resources in subject.builds.items():
        for resource in resources:
            kind = (resource.get("apiVersion"), resource.get("kind"))
            if kind in CHECKED_ELSEWHERE:
                continue
            for version in (OLDEST, kubernetes_validate.latest_version()):
                yield from faults_of(build, resource, version)


def faults_of(build, resource, version):
    where = f"{build}: {named(resource)}: Kubernetes {version}"
    try:
        kubernetes_validate.validate(resource, version, strict=True)
    except kubernetes_validate.ValidationError as error:
        yield f"{where}: {'.'.join(map(str, error.path)) or 'the whole'}: {error.message}"
    except kubernetes_validate.SchemaNotFoundError:
        yield f"{where}: does not know the kind {resource['kind']} of {resource['apiVersion']}"
    except KeyError as error:
        yield f"{where}: has no {error}"
