"""Sends requests as they are given, which no gRPC library would send.

Usage: raw_requests.py HOST:PORT TIMES REQUESTS
REQUESTS is JSON: a list of requests, each a list of [name, value] headers without :scheme and :authority, or an object
with such "headers" and with "trailers".
All go, TIMES times over, on one connection, one after the other. Prints JSON: for each request of the last round the
answer's headers and trailers, or {"reset": CODE} where the stream was reset.
"""

import json
import socket
import sys

import h2.config
import h2.connection
import h2.events

EMPTY_MESSAGE = bytes(5)


class Caller:
    def __init__(self, address):
        host, port = address.rsplit(":", 1)
        self.authority = address
        self.socket = socket.create_connection((host, int(port)), timeout=5)
        # The point is to send what is not allowed.
        config = h2.config.H2Configuration(validate_outbound_headers=False, normalize_outbound_headers=False)
        self.connection = h2.connection.H2Connection(config)
        self.connection.initiate_connection()
        self.flush()

    def flush(self):
        self.socket.sendall(self.connection.data_to_send())

    def request(self, request):
        headers, trailers = (request["headers"], request["trailers"]) if isinstance(request, dict) else (request, [])
        stream = self.connection.get_next_available_stream_id()
        pseudo = [header for header in headers if header[0].startswith(":")]
        plain = [header for header in headers if not header[0].startswith(":")]
        surroundings = [(":scheme", "http"), (":authority", self.authority)]
        self.connection.send_headers(stream, [*map(tuple, pseudo), *surroundings, *map(tuple, plain)])
        self.connection.send_data(stream, EMPTY_MESSAGE, end_stream=not trailers)
        if trailers:
            self.connection.send_headers(stream, [*map(tuple, trailers)], end_stream=True)
        self.flush()
        return self.answer(stream)

    def answer(self, stream):
        found = {}
        while True:
            data = self.socket.recv(65536)
            if not data:
                raise SystemExit("the connection was closed")
            for event in self.connection.receive_data(data):
                if getattr(event, "stream_id", None) not in (stream, None):
                    continue
                if isinstance(event, (h2.events.ResponseReceived, h2.events.TrailersReceived)):
                    found.update((name.decode(), value.decode()) for name, value in event.headers)
                elif isinstance(event, h2.events.StreamReset) and "grpc-status" not in found:
                    return {"reset": int(event.error_code)}
                elif isinstance(event, (h2.events.StreamEnded, h2.events.StreamReset)):
                    self.flush()
                    return found
            self.flush()


address, times, requests = sys.argv[1], int(sys.argv[2]), json.loads(sys.argv[3])
caller = Caller(address)
for _ in range(times):
    answers = [caller.request(headers) for headers in requests]
print(json.dumps(answers))
