"""Signals that end the test: each of them lets it take its namespace away first."""

import signal

# Of a terminal that closes, and of whatever ends a job of CI.
FROM_OUTSIDE = (signal.SIGTERM, signal.SIGHUP)


def raise_on_signals():
    for number in (signal.SIGINT, *FROM_OUTSIDE):
        signal.signal(number, interrupt)


def interrupt(_number, _frame):
    clean_up_undisturbed()
    raise KeyboardInterrupt


def clean_up_undisturbed():
    """Make passes SIGTERM on, so where a whole group is ended it comes twice: only a person at a terminal can mean it."""
    for number in FROM_OUTSIDE:
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
