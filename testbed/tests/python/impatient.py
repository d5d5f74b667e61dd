"""Calls CreateCustomer on a server that does not answer, and asks Envoy by its own headers to lose patience at once.

Usage: impatient.py HOST:PORT
Prints the code with which each of the calls failed.
"""

import sys

import grpc

REQUEST = b"\x0a\x01A\x12\x01B"
HEADERS = [("x-envoy-upstream-rq-timeout-ms", "20"), ("x-envoy-retry-on", "reset"), ("x-envoy-max-retries", "3")]
# Envoy used to take private addresses for internal, and a header claims one as easily as any other.
INSIDER = ("x-forwarded-for", "10.0.0.1")

with grpc.insecure_channel(sys.argv[1]) as channel:
    create = channel.unary_unary("/ticketing.CustomerController/CreateCustomer")
    calls = [create.future(REQUEST, timeout=1, metadata=more) for more in [HEADERS, [*HEADERS, INSIDER]] * 5]
    for call in calls:
        print(call.code().name)
