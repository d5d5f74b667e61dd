"""More and fewer servers, other servers, other Envoys: nobody notices."""

from failure import Failure
from scene import SERVERS


def scale_out_and_in(scene):
    cluster = scene.cluster
    scene.progress("scaling 2, 5, 2 servers under load")
    with scene.under_load() as seen:
        cluster.run("scale", "deployment/app-server", "--replicas=5")
        cluster.settled("deployment/app-server")
        five = cluster.pods_are(SERVERS, 5)
        cluster.run("scale", "deployment/app-server", "--replicas=2")
        cluster.pods_are(SERVERS, 2)
    silent = [pod for pod in five if not seen.total.pods.get(pod)]
    if silent:
        raise Failure(f"no call came to {', '.join(silent)}")
    failed(scene, "cluster_scale_failed", seen, "2, 5, 2 servers")


def roll_servers_and_back(scene):
    scene.progress("rolling the servers, out to V2 and back to V1, under load and creates")
    with scene.under_load() as seen, scene.under_creates("rolling") as creates:
        for what, command in (
            ("restart", ["rollout", "restart", "deployment/app-server"]),
            ("rollout of V2", ["set", "env", "deployment/app-server", "APP_VERSION=V2"]),
            ("roll-back to V1", ["rollout", "undo", "deployment/app-server"]),
        ):
            with creates.while_it_lasts(what, scene.progress):
                scene.cluster.run(*command)
                scene.replaced("deployment/app-server", SERVERS, 2)
    if app_version(scene.cluster) != "V1":
        raise Failure(f"the roll-back left APP_VERSION {app_version(scene.cluster)}")
    failed(scene, "cluster_rollout_server_failed", seen, "three rollouts of two servers, the last a roll-back")


def roll_envoys(scene):
    scene.progress("rolling the Envoys under load and creates")
    with scene.under_load() as seen, scene.under_creates("envoys") as creates:
        with creates.while_it_lasts("restart", scene.progress):
            scene.cluster.run("rollout", "restart", "deployment/envoy")
            scene.replaced("deployment/envoy", "app=envoy", 2)
    failed(scene, "cluster_rollout_envoy_failed", seen, "one rollout of two Envoys")


def app_version(cluster):
    env = cluster.json("get", "deployment/app-server")["spec"]["template"]["spec"]["containers"][0]["env"]
    return next(entry["value"] for entry in env if entry["name"] == "APP_VERSION")


def failed(scene, name, seen, what):
    scene.figures.add(name, seen.total.failed, f"of {seen.total.calls} calls: {what}")
