"""Strict schemas: of the oldest Kubernetes that is promised, and of the newest that the validator knows; of kinds that are
not Kubernetes' own, their published types. A kind without a schema is a fault."""

import jsonschema
import kubernetes_validate

import published
from faults import named

OLDEST = "1.30"


def check(subject):
    for build, resources in subject.builds.items():
        for resource in resources:
            for fault in faults_of(resource):
                yield f"{build}: {named(resource)}: {fault}"


def faults_of(resource):
    schema = published.schema_of(resource)
    if schema is not None:
        for error in jsonschema.Draft202012Validator(schema).iter_errors(resource):
            yield f"its published type: {told(error)}"
        return
    for version in (OLDEST, kubernetes_validate.latest_version()):
        yield from (f"Kubernetes {version}: {fault}" for fault in of_kubernetes(resource, version))


def of_kubernetes(resource, version):
    try:
        kubernetes_validate.validate(resource, version, strict=True)
    except kubernetes_validate.ValidationError as error:
        yield told(error)
    except kubernetes_validate.SchemaNotFoundError:
        yield f"does not know the kind {resource['kind']} of {resource['apiVersion']}: leave it out, or give it a type in types/"


def told(error):
    return f"{'.'.join(map(str, error.path)) or 'the whole'}: {error.message}"
