"""Jobs that call the service through Envoy with the client's own image, as restricted as everything else."""

import json

from failure import Failure


class Jobs:
    def __init__(self, cluster, image):
        self.cluster = cluster
        self.image = image

    def run(self, name, arguments, files=None, limit=300):
        """Runs one to its end and returns the lines that it printed."""
        self.begin(name, arguments, files)
        return self.result(name, limit)

    def begin(self, name, arguments, files=None, pods=1):
        self.cluster.run("delete", "job", name, "--ignore-not-found", "--cascade=foreground", "--timeout=60s")
        self.cluster.apply([job(name, self.image, arguments, files, pods)])

    def result(self, name, limit=300):
        self.cluster.until(f"end of the job {name}", lambda: self.ended(name), limit)
        return self.cluster.run("logs", f"job/{name}", "--tail=-1").splitlines()

    def ended(self, name):
        conditions = self.cluster.json("get", "job", name)["status"].get("conditions", [])
        if any(c["type"] == "Failed" and c["status"] == "True" for c in conditions):
            log = self.cluster.attempt("logs", f"job/{name}", "--tail=20").stdout
            raise Failure(f"the job {name} failed:\n{log}{self.cluster.state()}")
        return any(c["type"] == "Complete" and c["status"] == "True" for c in conditions)


def summary_in(lines):
    for line in reversed(lines):
        try:
            found = json.loads(line)
        except ValueError:
            continue
        if isinstance(found, dict) and "calls" in found:
            return found
    return None


def job(name, image, arguments, files, pods):
    """`files` is the name of a ConfigMap, which is mounted at /files."""
    volumes = [{"name": "files", "configMap": {"name": files}}] if files else []
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name},
        "spec": {
            "parallelism": pods,
            "completions": pods,
            "backoffLimit": 0,
            "template": {
                "metadata": {"labels": {"ticketing/caller": "true"}},
                "spec": {
                    "restartPolicy": "Never",
                    "automountServiceAccountToken": False,
                    "enableServiceLinks": False,
                    "terminationGracePeriodSeconds": 10,
                    "securityContext": {
                        "runAsNonRoot": True,
                        "runAsUser": 65532,
                        "runAsGroup": 65532,
                        "seccompProfile": {"type": "RuntimeDefault"},
                    },
                    "volumes": volumes,
                    "containers": [
                        {
                            "name": "client",
                            "image": image,
                            "imagePullPolicy": "IfNotPresent",
                            "args": arguments,
                            "env": [
                                {"name": "SERVER_DOMAIN", "value": "envoy"},
                                {"name": "SERVER_PORT", "value": "8443"},
                                {"name": "RUST_LOG", "value": "warn"},
                            ],
                            "resources": {
                                "requests": {"cpu": "20m", "memory": "32Mi"},
                                "limits": {"cpu": "1", "memory": "256Mi"},
                            },
                            "securityContext": {
                                "allowPrivilegeEscalation": False,
                                "readOnlyRootFilesystem": True,
                                "capabilities": {"drop": ["ALL"]},
                            },
                            "volumeMounts": [{"name": "files", "mountPath": "/files"}] if files else [],
                        }
                    ],
                },
            },
        },
    }
