"""Requests a page with the path exactly as it is given.

Usage: http_status.py METHOD URL
Prints the status.
"""

import http.client
import sys
from urllib.parse import urlsplit

method, url = sys.argv[1:]
parts = urlsplit(url)
connection = http.client.HTTPConnection(parts.netloc, timeout=5)
connection.request(method, url.split(parts.netloc, 1)[1])
print(connection.getresponse().status)
