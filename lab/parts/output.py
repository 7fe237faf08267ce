"""What the event loop tells of a child: what it prints, and when it ends.

All output is read, for a full pipe would stop the child in the middle of a
line; a bounded tail of it is kept, for the message if something goes wrong.
"""

from __future__ import annotations

import asyncio
from collections import deque

LINES = 5
LINE_CHARACTERS = 300


class Output(asyncio.SubprocessProtocol):
    """The last lines, the line that says "ready", and three events."""

    def __init__(self, ready_prefix: str | None) -> None:
        self.ready_line = ""
        self.tail: deque[str] = deque(maxlen=LINES)
        self.silent = asyncio.Event()  # it can print no more
        self.exited = asyncio.Event()
        self.closed = asyncio.Event()  # exited, and our pipes are closed
        self._ready_prefix = ready_prefix
        self._unfinished = b""

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        *lines, rest = (self._unfinished + data).split(b"\n")
        self._unfinished = rest[: 4 * LINE_CHARACTERS]  # in UTF-8
        for line in lines:
            text = line[: 4 * LINE_CHARACTERS].decode(errors="replace")
            self._keep(text.strip()[:LINE_CHARACTERS])

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        if fd == 1:
            self.pipe_data_received(fd, b"\n")
            self.silent.set()

    def process_exited(self) -> None:
        self.exited.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed.set()

    def _keep(self, line: str) -> None:
        if line:
            self.tail.append(line)
        prefix = self._ready_prefix
        if prefix and not self.ready_line and line.startswith(prefix):
            self.ready_line = line
