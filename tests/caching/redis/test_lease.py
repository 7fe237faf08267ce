"""One of many does the work, and another one if that one dies."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import redis.asyncio

from lab.parts import RedisServer
from optimizations.caching.redis.lease import Lease, Leases, RedisLeases, Turn
from optimizations.caching.redis.redis_client import RedisClient
from optimizations.clock import now, run_virtual
from tests.caching.redis.leases import MemoryLeases
from tests.caching.redis.real_redis import (
    closed_port,
    needs_redis,
    until,
    with_redis,
)
from tests.helpers import eventually, other_tasks


async def taking_turns(leases: Leases) -> None:
    """What any `Leases` must do."""
    one, other = Lease(leases, "work"), Lease(leases, "work")
    assert await one.take() is Turn.MINE
    assert await one.take() is Turn.MINE  # its answer was lost: asked again
    assert await other.take() is Turn.ANOTHERS
    assert await Lease(leases, "other work").take() is Turn.MINE
    async with one.held():
        assert await other.take() is Turn.ANOTHERS
    assert await other.take() is Turn.OVER
    await leases.release("work", "no holder's token")
    assert await other.take() is Turn.OVER
    assert not await leases.renew("work", "no holder's token")


def test_one_has_it_until_the_work_is_done() -> None:
    run_virtual(taking_turns(MemoryLeases()))


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


def test_it_is_renewed_as_long_as_the_work_runs() -> None:
    """A lease of two seconds was shorter than an answer of a model."""

    async def main() -> None:
        leases = MemoryLeases(lease_seconds=3)
        lease = Lease(leases, "work")
        assert await lease.take() is Turn.MINE
        async with lease.held():
            await asyncio.sleep(60)
            assert await Lease(leases, "work").take() is Turn.ANOTHERS
        assert 55 <= leases.renewals <= 61
        assert not lease.lost
        assert not other_tasks()

    run_virtual(main())


def test_work_that_is_left_may_be_done_by_the_next() -> None:
    async def main() -> None:
        leases = MemoryLeases()
        lease = Lease(leases, "work")

        async def work() -> None:
            await lease.take()
            async with lease.held():
                await asyncio.sleep(60)

        task = asyncio.create_task(work())
        await asyncio.sleep(1)
        task.cancel()
        await asyncio.wait([task])
        assert await Lease(leases, "work").take() is Turn.MINE
        assert not other_tasks()

    run_virtual(main())


def test_work_that_failed_is_done() -> None:
    async def main() -> None:
        leases = MemoryLeases()
        lease = Lease(leases, "work")
        await lease.take()
        with pytest.raises(ZeroDivisionError):
            async with lease.held():
                raise ZeroDivisionError
        assert await Lease(leases, "work").take() is Turn.OVER

    run_virtual(main())


def test_whoever_is_cancelled_while_taking_it_leaves_none_behind() -> None:
    async def main() -> None:
        for tenths in range(12):
            leases = MemoryLeases(delay_seconds=0.5)
            taking = asyncio.create_task(Lease(leases, "work").take())
            await asyncio.sleep(tenths / 10)
            taking.cancel()
            await asyncio.wait([taking])
            assert taking.cancelled() == (leases.holder("work") is None)

    run_virtual(main())


def test_a_short_absence_of_redis_does_not_lose_it() -> None:
    async def main() -> None:
        leases = MemoryLeases(lease_seconds=3)
        lease = Lease(leases, "work")
        await lease.take()
        async with lease.held():
            await asyncio.sleep(10)
            leases.up = False
            await asyncio.sleep(1.5)
            leases.up = True
            await asyncio.sleep(10)
            assert not lease.lost
            leases.up = False
        # nobody could be told: it runs out
        leases.up = True
        assert await Lease(leases, "work").take() is Turn.ANOTHERS
        await asyncio.sleep(3)
        assert await Lease(leases, "work").take() is Turn.MINE

    run_virtual(main())


def test_who_was_frozen_for_longer_notices_and_ends_nobody_elses() -> None:
    async def main() -> None:
        leases = MemoryLeases(lease_seconds=3)
        frozen, next_one = Lease(leases, "work"), Lease(leases, "work")
        await frozen.take()
        await asyncio.sleep(5)
        assert await next_one.take() is Turn.MINE
        async with frozen.held():
            await asyncio.sleep(1.5)
            assert frozen.lost
        assert await Lease(leases, "work").take() is Turn.ANOTHERS

    run_virtual(main())


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
