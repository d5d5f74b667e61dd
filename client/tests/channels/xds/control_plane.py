"""The smallest xDS control plane: one name, one cluster, the endpoints that standard input names.

    control_plane.py NAME

Each line on standard input is a set of endpoints, `ADDRESS:PORT` with blanks between; the callers get it at once. The
first line of standard output is the port on which the plane answers.
"""

import queue
import sys
import threading
from concurrent import futures

import grpc
from envoy.config.cluster.v3 import cluster_pb2
from envoy.config.core.v3 import config_source_pb2
from envoy.config.endpoint.v3 import endpoint_pb2
from envoy.config.listener.v3 import listener_pb2
from envoy.config.route.v3 import route_pb2
from envoy.extensions.filters.http.router.v3 import router_pb2
from envoy.extensions.filters.network.http_connection_manager.v3 import http_connection_manager_pb2
from envoy.service.discovery.v3 import ads_pb2_grpc, discovery_pb2
from google.protobuf import any_pb2

CLUSTER = "pods"
ADS = config_source_pb2.ConfigSource(ads=config_source_pb2.AggregatedConfigSource())


def packed(message):
    boxed = any_pb2.Any()
    boxed.Pack(message)
    return boxed


def listener(name):
    route = route_pb2.RouteConfiguration(name=name)
    host = route.virtual_hosts.add(name=name, domains=["*"])
    rule = host.routes.add()
    rule.match.prefix = ""
    rule.route.cluster = CLUSTER
    manager = http_connection_manager_pb2.HttpConnectionManager(route_config=route)
    manager.http_filters.add(name="router", typed_config=packed(router_pb2.Router()))
    told = listener_pb2.Listener(name=name)
    told.api_listener.api_listener.CopyFrom(packed(manager))
    return told


def cluster():
    told = cluster_pb2.Cluster(name=CLUSTER, type=cluster_pb2.Cluster.EDS)
    told.eds_cluster_config.eds_config.CopyFrom(ADS)
    return told


def endpoints(addresses):
    told = endpoint_pb2.ClusterLoadAssignment(cluster_name=CLUSTER)
    locality = told.endpoints.add()
    locality.locality.zone = "here"
    locality.load_balancing_weight.value = 1
    for address in addresses:
        host, port = address.rsplit(":", 1)
        socket = locality.lb_endpoints.add().endpoint.address.socket_address
        socket.address, socket.port_value = host, int(port)
    return told


class Plane(ads_pb2_grpc.AggregatedDiscoveryServiceServicer):
    def __init__(self, name):
        self.name = name
        self.addresses = []
        self.version = 0
        self.changed = []
        self.lock = threading.Lock()

    def set_endpoints(self, addresses):
        with self.lock:
            self.addresses = addresses
            self.version += 1
            for told in self.changed:
                told.put("endpoints")

    def resource_of(self, url):
        kind = url.rsplit(".", 1)[1]
        makers = {
            "Listener": lambda: listener(self.name),
            "Cluster": cluster,
            "ClusterLoadAssignment": lambda: endpoints(self.addresses),
        }
        return makers[kind]()

    def StreamAggregatedResources(self, requests, context):
        told = queue.Queue()
        with self.lock:
            self.changed.append(told)

        def read():
            for request in requests:
                # A request with a nonce says what became of an answer; it asks for nothing.
                if not request.response_nonce:
                    told.put(request.type_url)
            told.put(None)

        threading.Thread(target=read, daemon=True).start()
        watched = None
        while (url := told.get()) is not None:
            if url == "endpoints":
                url = watched
            if url is None:
                continue
            if url.endswith("ClusterLoadAssignment"):
                watched = url
            with self.lock:
                yield discovery_pb2.DiscoveryResponse(
                    version_info=str(self.version),
                    nonce=str(self.version + 1),
                    type_url=url,
                    resources=[packed(self.resource_of(url))],
                )


def main():
    plane = Plane(sys.argv[1])
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=8))
    ads_pb2_grpc.add_AggregatedDiscoveryServiceServicer_to_server(plane, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    for line in sys.stdin:
        plane.set_endpoints(line.split())


main()
