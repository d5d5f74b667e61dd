"""Customers that go in without a pause while something happens."""

import threading
import time
from contextlib import contextmanager

from failure import Failure

# Enough for some seconds, with a call at a time: several lists fit into each rollout.
ROWS = 500


class Creates:
    """Imports one list after the other until it is stopped. Each list's time is known, so what it overlapped is too."""

    def __init__(self, customers, name):
        self.customers, self.name = customers, name
        self.acknowledged = []
        self.fault = None
        self.over = threading.Event()
        # A daemon: a test that is interrupted does not wait for it.
        self.thread = threading.Thread(target=self.go, daemon=True)
        self.thread.start()

    def go(self):
        number = 0
        try:
            while not self.over.is_set():
                number += 1
                name, begun = f"{self.name}-{number}", time.monotonic()
                people = self.customers.begin_import(name, ROWS)
                self.customers.end_import(name, people)
                self.acknowledged.append((begun, time.monotonic()))
        except Exception as fault:
            self.fault = fault

    @contextmanager
    def while_it_lasts(self, what, progress):
        """Fails unless at least one whole list was begun and acknowledged while the body ran."""
        began = time.monotonic()
        yield
        ended = time.monotonic()
        rows = ROWS * sum(began <= first and last <= ended for first, last in self.acknowledged)
        if not rows and not self.fault:
            raise Failure(f"{what} took {ended - began:.0f} s, and no list of {ROWS} customers was acknowledged within")
        progress(f"  {what}: {rows} customers begun and acknowledged within its {ended - began:.0f} s")

    def end(self):
        """Waits until the last list is acknowledged."""
        self.thread.join()
        if self.fault:
            raise self.fault
