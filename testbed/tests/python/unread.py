"""Asks for the largest page of customers and lets nothing of it come.

Usage: unread.py HOST:PORT
Prints "reset" when the call is given up, or "held" when it is not within 20 s.
"""

import socket
import sys
import time

import h2.config
import h2.connection
import h2.events
import h2.settings

LIST = "/ticketing.CustomerController/ListCustomers"
LARGEST_PAGE = bytes([0, 0, 0, 0, 3, 0x08, 0xE8, 0x07])
LIMIT = 20

address = sys.argv[1]
host, port = address.rsplit(":", 1)
wire = socket.create_connection((host, int(port)), timeout=LIMIT)
connection = h2.connection.H2Connection(h2.config.H2Configuration())
connection.initiate_connection()
connection.update_settings({h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: 0})
stream = connection.get_next_available_stream_id()
headers = {":method": "POST", ":scheme": "http", ":path": LIST, ":authority": address, "content-type": "application/grpc", "te": "trailers"}
connection.send_headers(stream, headers.items())
connection.send_data(stream, LARGEST_PAGE, end_stream=True)
wire.sendall(connection.data_to_send())

found, begun = "held", time.monotonic()
try:
    while found == "held" and time.monotonic() - begun < LIMIT:
        for event in connection.receive_data(wire.recv(65536)):
            if isinstance(event, h2.events.StreamReset):
                found = "reset"
        wire.sendall(connection.data_to_send())
except TimeoutError:
    pass
print(found)
