"""Holds a connection, or a call, and does not go on with it.

Usage: idle.py HOST:PORT connection|deaf|call
  connection  no call; what the other side asks is answered
  deaf        no call, and no word after the first ones
  call        a call whose message does not come
Prints "ended" when the other side gives it up, or "held" when it does not within 12 s.
"""

import socket
import sys
import time

import h2.config
import h2.connection
import h2.events

CREATE = "/ticketing.CustomerController/CreateCustomer"
LIMIT = 12
GIVEN_UP = (h2.events.ConnectionTerminated, h2.events.StreamReset, h2.events.StreamEnded)

address, what = sys.argv[1:]
host, port = address.rsplit(":", 1)
wire = socket.create_connection((host, int(port)), timeout=LIMIT)
connection = h2.connection.H2Connection(h2.config.H2Configuration())
connection.initiate_connection()
if what == "call":
    stream = connection.get_next_available_stream_id()
    headers = {":method": "POST", ":scheme": "http", ":path": CREATE, ":authority": address, "content-type": "application/grpc", "te": "trailers"}
    connection.send_headers(stream, headers.items())
wire.sendall(connection.data_to_send())

found, begun = "held", time.monotonic()
try:
    while found == "held" and time.monotonic() - begun < LIMIT:
        received = wire.recv(65536)
        events = connection.receive_data(received) if received else []
        if not received or any(isinstance(event, GIVEN_UP) for event in events):
            found = "ended"
        elif what != "deaf":
            wire.sendall(connection.data_to_send())
except TimeoutError:
    pass
except ConnectionError:
    found = "ended"
print(found)
