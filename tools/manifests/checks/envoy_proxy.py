"""What we use of Envoy Gateway's EnvoyProxy. It repeats most of a pod's type, and nobody publishes it as a package: the
fields that are not used here are refused."""


def strict(required=(), **properties):
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}


COUNT = {"type": "integer", "minimum": 0}
NAME = {"type": "string", "pattern": "^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$"}

SCHEMA = strict(
    ["apiVersion", "kind", "metadata", "spec"],
    apiVersion={"const": "gateway.envoyproxy.io/v1alpha1"},
    kind={"const": "EnvoyProxy"},
    metadata=strict(["name"], name=NAME, labels={"type": "object", "additionalProperties": {"type": "string", "maxLength": 63}}),
    spec=strict(
        ["provider"],
        provider=strict(
            ["type"],
            type={"const": "Kubernetes"},
            kubernetes=strict(
                envoyService=strict(name=NAME, type={"enum": ["ClusterIP", "LoadBalancer", "NodePort"]}),
                envoyDeployment=strict(replicas=COUNT),
                envoyPDB=strict(maxUnavailable=COUNT),
            ),
        ),
    ),
)
