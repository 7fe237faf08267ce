"""Waiting for a line of the learner."""

from __future__ import annotations

import os
import select
import signal
import sys


def read_line() -> str:
    """As `input`, but a Ctrl-C is never lost. One that came just before the
    program began to wait was noted, and seen only after the next Enter. So
    each signal also writes to a pipe, and both are waited for. Raises
    EOFError, and lets KeyboardInterrupt pass.
    """
    if os.name == "nt" or not sys.stdin.isatty():  # there select needs sockets
        return input()
    heard, told = os.pipe()
    os.set_blocking(told, False)
    before = signal.set_wakeup_fd(told)
    try:
        select.select([sys.stdin, heard], [], [])
        return input()
    finally:
        signal.set_wakeup_fd(before)
        os.close(told)
        os.close(heard)
