"""A server that says exactly the bytes it is told to say, for what no proper
server would do; and the real clock, with an end.
"""

from __future__ import annotations

import asyncio
import re
import socket
import struct
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from tests.helpers import pause

T = TypeVar("T")

RESET = "reset"
"""The step that breaks the connection with RST instead of an orderly end."""

AGAIN = "again"
"""The step that reads another request from the same connection."""

Step = bytes | float | str


def run_real(main: Coroutine[Any, Any, T], seconds: float = 30.0) -> T:
    """Run on the real clock, since a protocol is spoken; not for ever."""
    return asyncio.run(asyncio.wait_for(main, seconds))


@dataclass
class RawServer:
    """Where it listens, and what it was asked."""

    url: str
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0
    open: int = 0  # of these, now
    peak: int = 0  # and at most
    left: int = 0  # clients that were gone when it wanted to go on


@asynccontextmanager
async def saying(*steps: Step) -> AsyncIterator[RawServer]:
    """Answer each request with these bytes, pauses in seconds, and resets;
    then close the connection.
    """
    tasks: set[asyncio.Task[None]] = set()
    raw = RawServer("")

    async def answer(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        raw.connections += 1
        raw.open += 1
        raw.peak = max(raw.peak, raw.open)
        try:
            for step in (AGAIN, *steps):
                if step == AGAIN:
                    raw.requests.append(await read_request(reader))
                else:
                    await _take(step, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            raw.left += 1
        except asyncio.CancelledError:
            pass  # asyncio's server would log it
        finally:
            raw.open -= 1
            tasks.discard(task)
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        host, port = server.sockets[0].getsockname()[:2]
        raw.url = f"http://{host}:{port}"
        yield raw
        for task in list(tasks):
            task.cancel()
        if tasks:
            await asyncio.wait(list(tasks))


async def read_request(reader: asyncio.StreamReader) -> bytes:
    """One request, head and body."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: (\d+)", head)
    body = await reader.readexactly(int(length[1])) if length else b""
    return head + body


async def _take(step: Step, writer: asyncio.StreamWriter) -> None:
    if isinstance(step, bytes):
        writer.write(step)
        await writer.drain()
    elif isinstance(step, float):
        await pause(step)
    else:
        reset(writer)


def reset(writer: asyncio.StreamWriter) -> None:
    """Close with RST, as a crashed machine's router would."""
    connection = writer.get_extra_info("socket")
    connection.setsockopt(
        socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
    )
    writer.transport.abort()


def response(
    body: bytes,
    status: str = "200 OK",
    content_type: str = "application/json",
    *headers: str,
) -> bytes:
    """A whole response with a length."""
    lines = (
        f"HTTP/1.1 {status}",
        f"Content-Type: {content_type}",
        f"Content-Length: {len(body)}",
        "Connection: close",
        *headers,
    )
    return "\r\n".join((*lines, "", "")).encode() + body


STREAM_HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
    b"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
)
STREAM_END = b"0\r\n\r\n"


def part(data: bytes) -> bytes:
    """One piece of a chunked body."""
    return b"%x\r\n%b\r\n" % (len(data), data)
