"""Reads and writes a stream of server-sent events (SSE), the form in which a
model's answer comes over HTTP.

The network cuts a stream anywhere: inside a word, inside a UTF-8 character,
between CR and LF. So `EventReader` takes bytes as they come and gives out an
event when its blank line is there, never before; the same bytes give the same
events however they were cut. Three faults of other readers are kept out:

- A line ends with CR, LF or CRLF and with nothing else. `str.splitlines` also
  cuts at U+2028 and U+0085, in the middle of somebody's JSON.
- Text is decoded when it is whole, so no character breaks at a border.
- An event has a greatest size. Without one, a line that never ends is an
  attack on your memory.

Most streams hold one `data: ` line an event, so a block is taken as a whole
where it can be, and cut into lines only where it must.

When it does not help: to reconnect where a stream broke off (`id`, `retry`).
A model's answer can't be resumed, so these fields are read over. The format
is that of the HTML standard, section "Server-sent events".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

LIMIT_BYTES = 1024 * 1024
_BOM = "\ufeff"


class EventStreamError(ValueError):
    """These bytes are no event stream: not UTF-8, or without a bound."""


class Event(NamedTuple):
    """One event: its data (several lines joined by LF) and its name. A tuple
    because there is one for each token.
    """

    data: str
    name: str = "message"


class EventReader:
    """Takes bytes, gives events.

    >>> reader = EventReader()
    >>> list(reader.feed(b"data: Hel"))
    []
    >>> list(reader.feed(b"lo" + bytes([13, 10, 13, 10])))
    [Event(data='Hello', name='message')]
    """

    def __init__(self, *, limit_bytes: int = LIMIT_BYTES) -> None:
        if limit_bytes < 1:
            raise ValueError(
                f"limit_bytes must be at least 1, not {limit_bytes}"
            )
        self._limit_bytes = limit_bytes
        self._unread = bytearray()  # of an event whose end is still to come
        self._after_cr = False  # an LF that comes next belongs to that CR
        self._begun = False

    def feed(self, received: bytes) -> Iterator[Event]:
        """The events that these bytes complete; read them to the end. Raises
        `EventStreamError`, after the events before the fault. What is left
        over when the stream ends is no event.
        """
        # A blank line may begin with the last byte that came before.
        unsearched = max(len(self._unread) - 1, 0)
        self._unread += self._with_lf_only(received)
        if self._unread.find(b"\n\n", unsearched) >= 0:
            *blocks, rest = bytes(self._unread).split(b"\n\n")
            self._unread = bytearray(rest)
            for block in blocks:
                event = self._event(block)
                if event is not None:
                    yield event
        self._check_size(len(self._unread) - self._unread.endswith(b"\n"))

    def _with_lf_only(self, received: bytes) -> bytes:
        if self._after_cr and received:
            self._after_cr = False
            received = received.removeprefix(b"\n")
        if b"\r" not in received:
            return received
        self._after_cr = received.endswith(b"\r")
        return received.replace(b"\r\n", b"\n").replace(b"\r", b"\n")

    def _event(self, block: bytes) -> Event | None:
        self._check_size(len(block))
        try:
            text = block.decode()
        except UnicodeDecodeError as error:
            raise EventStreamError(
                f"an event is not UTF-8: {error.reason}"
            ) from None
        if not self._begun:
            self._begun = True
            text = text.removeprefix(_BOM)
        if text.startswith("data: ") and "\n" not in text:
            return Event(text[6:])
        return _read_lines(text)

    def _check_size(self, size: int) -> None:
        if size > self._limit_bytes:
            raise EventStreamError(
                f"an event is longer than {self._limit_bytes} bytes"
            )


def write_event(data: str, name: str = "message") -> bytes:
    r"""One event as bytes; the data may have several lines.

    >>> write_event("Hello")
    b'data: Hello\n\n'
    """
    head = "" if name == "message" else f"event: {name}\n"
    data = data.replace("\r\n", "\n").replace("\r", "\n")
    data = data.replace("\n", "\ndata: ")
    return f"{head}data: {data}\n\n".encode()


def _read_lines(block: str) -> Event | None:
    """The event of a block with several lines, comments, or a name; None if
    it has no data.
    """
    data: list[str] = []
    name = "message"
    for line in block.split("\n"):
        # A comment, such as a heartbeat, is a field without a name.
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "data":
            data.append(value)
        elif field == "event":
            name = value or "message"
    return Event("\n".join(data), name) if data else None
