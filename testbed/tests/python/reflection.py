"""Asks the server's reflection, as grpcurl does, for its services and for the fields of each request.

Usage: reflection.py HOST:PORT
Prints each service, then each method of the customer service with the fields of its request.
"""

import sys

import grpc
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

with grpc.insecure_channel(sys.argv[1]) as channel:
    database = ProtoReflectionDescriptorDatabase(channel)
    for name in database.get_services():
        print(name)
    service = DescriptorPool(database).FindServiceByName("ticketing.CustomerController")
    for method in service.methods:
        for field in method.input_type.fields:
            print(f"{method.name}({field.name})")
