"""Calls the service with the first version's contract and nothing else: three messages, no added fields.

Usage: original_contract.py HOST:PORT
Prints what GetCustomer{} answers, then whether a created customer is found by its id and in the list.
"""

import sys

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

STRING = descriptor_pb2.FieldDescriptorProto.TYPE_STRING
MESSAGE = descriptor_pb2.FieldDescriptorProto.TYPE_MESSAGE
OPTIONAL = descriptor_pb2.FieldDescriptorProto.LABEL_OPTIONAL
REPEATED = descriptor_pb2.FieldDescriptorProto.LABEL_REPEATED


def contract():
    file = descriptor_pb2.FileDescriptorProto(name="original.proto", package="ticketing", syntax="proto3")

    def message(name, *strings):
        made = file.message_type.add(name=name)
        for number, field in enumerate(strings, start=1):
            made.field.add(name=field, number=number, type=STRING, label=OPTIONAL)
        return made

    message("GetCustomerRequest", "id")
    message("Customer", "id", "first_name", "last_name")
    message("CreateCustomerRequest", "first_name", "last_name")
    message("ListCustomersRequest")
    customers = message("CustomerList")
    customers.field.add(name="customers", number=1, type=MESSAGE, label=REPEATED, type_name=".ticketing.Customer")

    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return lambda name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"ticketing.{name}"))


def main(address):
    of = contract()
    with grpc.insecure_channel(address) as channel:

        def call(method, request, answer):
            stub = channel.unary_unary(
                f"/ticketing.CustomerController/{method}",
                request_serializer=lambda message: message.SerializeToString(),
                response_deserializer=of(answer).FromString,
            )
            return stub(request, timeout=3)

        probe = call("GetCustomer", of("GetCustomerRequest")(), "Customer")
        print(probe.id, probe.first_name, probe.last_name)

        made = call("CreateCustomer", of("CreateCustomerRequest")(first_name="Bjørn", last_name="Hansen"), "Customer")
        found = call("GetCustomer", of("GetCustomerRequest")(id=made.id), "Customer")
        listed = call("ListCustomers", of("ListCustomersRequest")(), "CustomerList").customers
        assert made == found and made in listed, (made, found, listed)
        print("created and found again:", found.first_name, found.last_name)


main(sys.argv[1])
