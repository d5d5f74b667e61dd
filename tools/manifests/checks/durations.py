"""Durations as server and client read them (the humantime crate): 500ms, 2s, 1m 30s."""

import re

UNITS = {
    0.001: "ms msec millis",
    1: "s sec secs second seconds",
    60: "m min mins minute minutes",
    3600: "h hr hrs hour hours",
}
SECONDS = {name: seconds for seconds, names in UNITS.items() for name in names.split()}
PART = re.compile(r"\s*(\d+)\s*([a-z]+)")


def seconds(text):
    """None where it is no duration."""
    total, at = 0, 0
    while (part := PART.match(text, at)) and part[2] in SECONDS:
        total += int(part[1]) * SECONDS[part[2]]
        at = part.end()
    return total if at and not text[at:].strip() else None
