"""Asks the standard health service.

Usage: health.py HOST:PORT check|watch SERVICE
Prints the status, of a watch the first one, or the code of the failure.
"""

import sys

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

address, way, service = sys.argv[1:]
with grpc.insecure_channel(address) as channel:
    stub = health_pb2_grpc.HealthStub(channel)
    request = health_pb2.HealthCheckRequest(service=service)
    try:
        answer = stub.Check(request, timeout=3) if way == "check" else next(stub.Watch(request, timeout=3))
        print(health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status))
    except grpc.RpcError as error:
        print(error.code().name)
