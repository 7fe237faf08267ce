"""A Redis of their own for the tests that speak its protocol."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import redis.asyncio

from lab.parts import RedisServer, redis_server
from optimizations.caching.redis.redis_store import RedisStore

needs_redis = pytest.mark.skipif(
    sys.platform == "win32", reason="no valkey-server there"
)


def with_redis(
    main: Callable[[RedisServer, redis.asyncio.Redis], Awaitable[None]],
) -> None:
    """Run `main` with a server of its own and a plain client to look in."""

    async def run() -> None:
        async with (
            redis_server() as server,
            redis.asyncio.Redis.from_url(server.url) as client,
        ):
            await main(server, client)

    asyncio.run(run())


async def until(
    condition: Callable[[], Awaitable[object]], seconds: float = 5.0
) -> None:
    """Ask again and again, until it holds. Raises TimeoutError."""
    async with asyncio.timeout(seconds):
        while not await condition():
            await asyncio.sleep(0.001)


def closed_port() -> int:
    """A port of this machine on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def patient(url: str, **rest: Any) -> RedisStore:
    """A store that a busy machine does not make miss."""
    return RedisStore(url, timeout_seconds=5.0, **rest)
