"""What the tests of the parts look with: who is alive, what is answered.

Every process started during a run carries a mark in its environment, so that
a survivor is found even when its parent is gone, and nobody else's process is
taken for ours.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import os
import uuid
from collections.abc import Awaitable, Callable, Iterator
from urllib.parse import urlsplit

psutil = importlib.import_module("psutil")  # it brings no types

MARK = os.environ.setdefault("MODULE12_TEST_RUN", uuid.uuid4().hex)


def alive(pid: int) -> bool:
    """Running or stopped, but not a corpse that waits for its parent."""
    try:
        return psutil.Process(pid).status() not in (
            psutil.STATUS_ZOMBIE,
            psutil.STATUS_DEAD,
        )
    except psutil.NoSuchProcess:
        return False


def ours() -> set[int]:
    """All living processes that this run has started, orphans included."""
    found = set()
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.environ().get("MODULE12_TEST_RUN") == MARK and alive(
                process.pid
            ):
                found.add(process.pid)
    return found - {os.getpid()}


async def eventually(condition: Callable[[], bool | Awaitable[bool]]) -> bool:
    """Whether it becomes true in seconds: the one place that waits."""
    for _ in range(300):
        answer = condition()
        if answer if isinstance(answer, bool) else await answer:
            return True
        await asyncio.sleep(0.01)
    return False


@contextlib.contextmanager
def nothing_left_behind() -> Iterator[None]:
    """No more processes, open files and corpses after than before."""
    processes, files = ours(), open_files()
    yield
    assert asyncio.run(eventually(lambda: ours() <= processes)), [
        command_line(pid) for pid in ours() - processes
    ]
    assert open_files() <= files
    children = psutil.Process().children()
    assert not [
        child for child in children if child.status() == psutil.STATUS_ZOMBIE
    ]


def command_line(pid: int) -> list[str]:
    return list(psutil.Process(pid).cmdline())


def open_files() -> int:
    return len(os.listdir("/dev/fd"))


async def get(url: str, path: str = "/") -> tuple[int, bytes]:
    """Status and body of one request, on a connection of its own."""
    pieces = await pieces_of(url, path)
    head, _, body = b"".join(pieces).partition(b"\r\n\r\n")
    return int(head.split()[1]), body


async def pieces_of(url: str, path: str) -> list[bytes]:
    """The answer as it came over the wire, piece by piece."""
    parts = urlsplit(url)
    pieces = []
    async with asyncio.timeout(5):
        reader, writer = await asyncio.open_connection(
            parts.hostname, parts.port
        )
        request = (
            f"GET {path} HTTP/1.1\r\nHost: lab\r\nConnection: close\r\n\r\n"
        )
        writer.write(request.encode())
        while piece := await reader.read(65536):
            pieces.append(piece)
        writer.close()
        await writer.wait_closed()
    return pieces
