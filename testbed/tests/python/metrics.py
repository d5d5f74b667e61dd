"""Reads a page of metrics as Prometheus does.

Usage: metrics.py URL
Prints each sample: name, gRPC method and code where it has them, value.
"""

import sys
from urllib.request import ProxyHandler, build_opener

from prometheus_client.parser import text_string_to_metric_families

page = build_opener(ProxyHandler({})).open(sys.argv[1], timeout=5).read().decode()
for family in text_string_to_metric_families(page):
    for sample in family.samples:
        labels = [sample.labels[name] for name in ("grpc_method", "grpc_code") if name in sample.labels]
        print(sample.name, *labels, f"{sample.value:g}")
