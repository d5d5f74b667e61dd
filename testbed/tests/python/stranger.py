"""Serves gRPC and says of itself that it is well, as any program does that is none of ours.

Usage: stranger.py HOST:PORT
Prints a line once it serves, and goes on until it is killed.
"""

import sys
from concurrent.futures import ThreadPoolExecutor

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

server = grpc.server(ThreadPoolExecutor(max_workers=2))
servicer = health.HealthServicer()
servicer.set("", health_pb2.HealthCheckResponse.SERVING)
health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
server.add_insecure_port(sys.argv[1])
server.start()
print("serving", flush=True)
server.wait_for_termination()
