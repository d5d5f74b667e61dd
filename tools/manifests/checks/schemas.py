"""Strict schemas: of the oldest Kubernetes that is promised, and of the newest that the validator knows. Kinds of the
Gateway API are judged by testbed/tests/manifests/, by the types that are published as a crate: it reads files, so what is
built has to be what is in one. A kind that nobody judges is a fault."""

import jsonschema
import kubernetes_validate

from faults import named

from . import envoy_proxy

OLDEST = "1.30"
JUDGED_BY_THEIR_CRATE = {("gateway.networking.k8s.io/v1", kind) for kind in ("Gateway", "GRPCRoute")}
OURS = {("gateway.envoyproxy.io/v1alpha1", "EnvoyProxy"): envoy_proxy.SCHEMA}


def check(subject):
    for build, resources in subject.builds.items():
        for resource in resources:
            for fault in faults_of(resource, subject):
                yield f"{build}: {named(resource)}: {fault}"


def faults_of(resource, subject):
    kind = (resource["apiVersion"], resource["kind"])
    if kind in JUDGED_BY_THEIR_CRATE:
        if resource not in subject.yaml_documents:
            yield "is built different from every .yaml file of manifests/ and overlays/, and only these are judged: write it as it is to be"
        return
    if kind in OURS:
        for error in jsonschema.Draft202012Validator(OURS[kind]).iter_errors(resource):
            yield f"what is used of it: {told(error)}"
        return
    for version in (OLDEST, kubernetes_validate.latest_version()):
        yield from (f"Kubernetes {version}: {fault}" for fault in of_kubernetes(resource, version))


def of_kubernetes(resource, version):
    try:
        kubernetes_validate.validate(resource, version, strict=True)
    except kubernetes_validate.ValidationError as error:
        yield told(error)
    except kubernetes_validate.SchemaNotFoundError:
        yield f"does not know the kind {resource['kind']} of {resource['apiVersion']}: leave it out, or say who judges it"


def told(error):
    return f"{'.'.join(map(str, error.path)) or 'the whole'}: {error.message}"
