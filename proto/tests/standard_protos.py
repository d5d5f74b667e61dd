"""Compares our standard interfaces with the descriptors that Python's packages carry.

Usage: standard_protos.py DESCRIPTOR_SET. Prints each difference and exits 1 when there is one.
Comments, file names and file options are ours; packages, names, numbers, types and labels are the interface.
"""

import sys

from google.protobuf import descriptor_pb2
from google.rpc import error_details_pb2, status_pb2
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2


def fields(message, scope):
    for field in message.field:
        yield (f"{scope}.{field.name}", field.number, field.type, field.label, field.type_name,
               field.proto3_optional, field.oneof_index if field.HasField("oneof_index") else None)
    for nested in message.nested_type:
        yield (f"{scope}.{nested.name}", "message", nested.options.map_entry)
        yield from fields(nested, f"{scope}.{nested.name}")
    for enum in message.enum_type:
        for value in enum.value:
            yield (f"{scope}.{enum.name}.{value.name}", value.number)


def interface(file):
    """Everything that another program depends on, as a set of facts."""
    facts = {("package", file.package), ("syntax", file.syntax)}
    for message in file.message_type:
        facts.add((f"{message.name}", "message"))
        facts.update(fields(message, message.name))
    for service in file.service:
        for method in service.method:
            facts.add((f"{service.name}.{method.name}", method.input_type, method.output_type,
                       method.client_streaming, method.server_streaming))
    return facts


def published(module, package=None):
    file = descriptor_pb2.FileDescriptorProto()
    module.DESCRIPTOR.CopyToProto(file)
    if package:
        text = file.SerializeToString()
        old = file.package
        file = descriptor_pb2.FileDescriptorProto.FromString(text)
        file.package = package
        for message in file.message_type:
            for field in message.field:
                field.type_name = field.type_name.replace(f".{old}.", f".{package}.")
        for method in (method for service in file.service for method in service.method):
            method.input_type = method.input_type.replace(f".{old}.", f".{package}.")
            method.output_type = method.output_type.replace(f".{old}.", f".{package}.")
    return interface(file)


def main():
    with open(sys.argv[1], "rb") as binary:
        ours = {file.name: interface(file) for file in descriptor_pb2.FileDescriptorSet.FromString(binary.read()).file}
    wanted = {
        "grpc/health/v1/health.proto": published(health_pb2),
        "grpc/reflection/v1alpha/reflection.proto": published(reflection_pb2),
        # The packages carry no v1; it is v1alpha under its own name.
        "grpc/reflection/v1/reflection.proto": published(reflection_pb2, "grpc.reflection.v1"),
        "google/rpc/status.proto": published(status_pb2),
        "google/rpc/error_details.proto": published(error_details_pb2),
    }
    differences = 0
    for name, facts in wanted.items():
        for kind, some in (("missing", facts - ours[name]), ("not published", ours[name] - facts)):
            for fact in sorted(map(str, some)):
                print(f"{name}: {kind}: {fact}")
                differences += 1
    print(f"{len(wanted)} files, {sum(map(len, wanted.values()))} facts, {differences} differences")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
