"""Asks for the pod's name under many caller ids, several times each.

Usage: caller_ids.py HOST:PORT IDS TIMES
Prints a line for each id: the pods that answered it, one word a call.
"""

import sys

import grpc


def main(address, ids, times):
    with grpc.insecure_channel(address) as channel:
        probe = channel.unary_unary(
            "/ticketing.CustomerController/GetCustomer",
            request_serializer=lambda nothing: nothing,
            response_deserializer=lambda answer: answer,
        )
        for number in range(ids):
            pods = []
            for _ in range(times):
                _, call = probe.with_call(b"", timeout=3, metadata=[("x-caller-id", f"caller-{number}")])
                pods.append(dict(call.initial_metadata())["x-pod-name"])
            print(*pods)


main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
