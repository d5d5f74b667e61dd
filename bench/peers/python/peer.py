"""The customer service on Python's grpcio: a dictionary, the pool of threads of grpcio's examples, default settings.

Usage: peer.py ADDRESS:PORT DESCRIPTORS, where DESCRIPTORS is what `protoc --descriptor_set_out` made of ticketing.proto.
       peer.py --version

The classes are made of it as generated modules make them, without the generator's package.
"""

import platform
import sys
import threading
from concurrent import futures
from itertools import islice
from pathlib import Path

import grpc
from google.protobuf import descriptor_pb2, message_factory

PAGE_SIZE = 100
# As in grpcio's examples.
THREADS = 10
SERVICE = "ticketing.CustomerController"


class Customers:
    """All customers, in memory."""

    def __init__(self, messages):
        self._messages = messages
        self._by_id = {}
        self._lock = threading.Lock()

    def get_customer(self, request, context):
        found = self._by_id.get(request.id)
        if found is None:
            context.abort(grpc.StatusCode.NOT_FOUND, "no such customer")
        return found

    def create_customer(self, request, _context):
        with self._lock:
            # As long as the product's.
            created = self._messages["ticketing.Customer"](
                id=f"{len(self._by_id):036}", first_name=request.first_name, last_name=request.last_name
            )
            self._by_id[created.id] = created
        return created

    def list_customers(self, _request, _context):
        with self._lock:
            return self._messages["ticketing.CustomerList"](customers=islice(self._by_id.values(), PAGE_SIZE))

    def handler(self):
        """The service, for a server."""

        def method(behaviour, request):
            return grpc.unary_unary_rpc_method_handler(
                behaviour,
                request_deserializer=self._messages[f"ticketing.{request}"].FromString,
                response_serializer=lambda answer: answer.SerializeToString(),
            )

        methods = {
            "GetCustomer": method(self.get_customer, "GetCustomerRequest"),
            "CreateCustomer": method(self.create_customer, "CreateCustomerRequest"),
            "ListCustomers": method(self.list_customers, "ListCustomersRequest"),
        }
        return grpc.method_handlers_generic_handler(SERVICE, methods)


def main():
    """Serves until it is ended."""
    if sys.argv[1:] == ["--version"]:
        print(f"Python's grpcio {grpc.__version__}, Python {platform.python_version()}")
        return
    _, address, descriptors = sys.argv
    files = descriptor_pb2.FileDescriptorSet.FromString(Path(descriptors).read_bytes())
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=THREADS))
    server.add_generic_rpc_handlers((Customers(message_factory.GetMessages(files.file)).handler(),))
    server.add_insecure_port(address)
    server.start()
    server.wait_for_termination()


main()
