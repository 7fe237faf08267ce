"""Leases in a real Redis end as they should, whoever dies."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import redis.asyncio

from lab.parts import RedisServer
from optimizations.caching.lease import Lease, Turn
from optimizations.caching.redis.redis_client import RedisClient
from optimizations.caching.redis.redis_leases import RedisLeases
from optimizations.clock import now
from tests.caching.leases import taking_turns
from tests.caching.redis.real_redis import (
    closed_port,
    needs_redis,
    until,
    with_redis,
)
from tests.helpers import eventually


@needs_redis
def test_in_redis_it_is_the_same() -> None:
    async def main(server: RedisServer, plain: redis.asyncio.Redis) -> None:
        client = RedisClient(server.url, timeout_seconds=5)
        await taking_turns(RedisLeases(client))
        keys: list[Any] = await plain.keys("*")
        assert all(key.startswith(b"module12:lease:") for key in keys)
        lives = [await plain.pttl(key) for key in keys]
        assert all(0 < life <= 3000 for life in lives)
        await client.aclose()

    with_redis(main)


@needs_redis
def test_redis_ends_a_lease_that_nobody_renews() -> None:
    async def main(server: RedisServer, plain: redis.asyncio.Redis) -> None:
        client = RedisClient(server.url, timeout_seconds=5)
        leases = RedisLeases(client, lease_seconds=0.2, note_seconds=0.1)
        dead, next_one = Lease(leases, "work"), Lease(leases, "work")
        assert await dead.take() is Turn.MINE
        began = now()

        async def is_ours() -> bool:
            return await next_one.take() is Turn.MINE

        await until(is_ours)
        assert 0.1 < now() - began < 2
        await leases.finish("work", "the dead one's token")
        async with next_one.held():
            await eventually(lambda: now() > began + 1)  # it was renewed
            assert await dead.take() is Turn.ANOTHERS
        assert await dead.take() is Turn.OVER

        async def note_is_gone() -> bool:
            return await dead.take() is Turn.MINE

        await until(note_is_gone)
        await client.aclose()

    with_redis(main)


def test_without_redis_nobody_waits_for_a_lease() -> None:
    async def main() -> None:
        client = RedisClient(f"redis://127.0.0.1:{closed_port()}")
        with pytest.raises(ConnectionError):
            await Lease(RedisLeases(client), "work").take()
        await client.aclose()

    asyncio.run(main())


@pytest.mark.parametrize("name", ["lease_seconds", "note_seconds"])
def test_no_time_is_refused(name: str) -> None:
    client = RedisClient("redis://127.0.0.1")
    for seconds in (0, -1, float("nan"), float("inf")):
        with pytest.raises(ValueError, match=name):
            RedisLeases(client, **{name: seconds})  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="namespace"):
        RedisLeases(client, namespace=":")
