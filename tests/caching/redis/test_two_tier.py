"""A copy in memory is served as long as it is true, and not a moment longer
than the news takes.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import redis.asyncio

from lab.parts import RedisServer
from optimizations.caching.redis.redis_store import RedisStore
from optimizations.caching.redis.two_tier import TwoTierStore
from optimizations.caching.store import Answer
from optimizations.clock import now
from optimizations.llm import Request
from tests.caching.answers import answer
from tests.caching.redis.real_redis import (
    closed_port,
    needs_redis,
    patient,
    until,
    with_redis,
)
from tests.helpers import ask, eventually, other_tasks

pytestmark = needs_redis


async def two_tiers(url: str, **rest: Any) -> TwoTierStore:
    """One that listens already."""
    store = TwoTierStore(patient(url), **rest)
    await store.find(ask("nobody asked that"))
    await eventually(lambda: store.snapshot()["listening"] == 1)
    return store


async def text(store: TwoTierStore, request: Request) -> str | None:
    found = await store.find(request)
    return None if found is None else found.reply.text


async def warm(store: TwoTierStore, request: Request) -> None:
    """Until the copy is in memory: news of the writing may still come."""

    async def is_near() -> bool:
        await store.find(request)
        return len(store.near) > 0

    await until(is_near)


def test_what_was_found_in_redis_is_found_in_memory_with_its_age() -> None:
    async def main(server: RedisServer, client: redis.asyncio.Redis) -> None:
        one, other = await two_tiers(server.url), await two_tiers(server.url)
        old = Answer(answer("Hi").reply, now() - 50, 2.5)
        await one.keep(ask(), old)
        await warm(other, ask())
        before = other.far.hits
        for _ in range(100):
            found = await other.find(ask())
            assert found is not None
            assert 50 <= now() - found.born_at < 55
            assert found.made_in_seconds == 2.5
        assert other.far.hits == before
        assert other.near_hits >= 100
        await one.aclose()
        await other.aclose()
        assert not other_tasks()

    with_redis(main)


def test_whatever_changes_an_entry_reaches_every_copy() -> None:
    async def main(server: RedisServer, client: redis.asyncio.Redis) -> None:
        one, other = await two_tiers(server.url), await two_tiers(server.url)
        key = one.far.key(ask())

        async def forgotten(want: str | None) -> None:
            async def is_so() -> bool:
                return await text(other, ask()) == want

            await until(is_so)

        await one.keep(ask(), answer("first"))
        await warm(other, ask())
        await one.keep(ask(), answer("second"))
        assert await text(one, ask()) == "second"
        await forgotten("second")
        for end in (
            lambda: one.delete(ask()),
            lambda: client.delete(key),
            lambda: client.pexpire(key, 1),
            client.flushall,
        ):
            await one.keep(ask(), answer("again"))
            await forgotten("again")
            await warm(other, ask())
            await end()
            await forgotten(None)
        assert other.invalidated >= 5
        await one.aclose()
        await other.aclose()

    with_redis(main)


def test_a_copy_that_comes_after_its_news_is_not_kept() -> None:
    """Read, then changed, then copied: the copy was wrong for ever."""

    async def main(server: RedisServer, client: redis.asyncio.Redis) -> None:
        store = await two_tiers(server.url)
        slow = SlowStore(server.url, timeout_seconds=5)
        await store.far.aclose()
        store.far = slow
        await slow.keep(ask(), answer("old"))
        await news_has_come(store, client)
        finding = asyncio.create_task(text(store, ask()))
        await slow.read.wait()
        await client.delete(slow.key(ask()))
        await news_has_come(store, client)
        slow.go_on.set()
        assert await finding == "old"  # it was true when it was asked
        assert len(store.near) == 0
        assert store.overtaken == 1
        assert await text(store, ask()) is None
        await store.aclose()

    with_redis(main)


async def news_has_come(
    store: TwoTierStore, client: redis.asyncio.Redis
) -> None:
    """All there was until now: they come in order, and this is the last."""
    key = store.far.key(ask("another question"))
    store.near[key] = answer()
    await client.set(key, "changed")
    await eventually(lambda: key not in store.near)


class SlowStore(RedisStore):
    """Its answers take their time on the way."""

    def __init__(self, url: str, **rest: Any) -> None:
        super().__init__(url, **rest)
        self.read, self.go_on = asyncio.Event(), asyncio.Event()

    async def find(self, request: Request) -> Answer | None:
        found = await super().find(request)
        self.read.set()
        await self.go_on.wait()
        return found


def test_while_nobody_listens_no_copy_is_served() -> None:
    async def main(server: RedisServer, client: redis.asyncio.Redis) -> None:
        store = TwoTierStore(patient(server.url, recovery_seconds=0.05))
        await store.keep(ask(), answer())
        await warm(store, ask())
        await client.client_kill_filter(_type="pubsub")  # its ear
        await eventually(lambda: not store.snapshot()["listening"])
        assert len(store.near) == 0
        untracked = store.untracked
        assert await store.find(ask()) is not None  # from Redis
        assert len(store.near) == 0
        assert store.untracked == untracked + 1
        await warm(store, ask())  # it listens again by itself
        assert store.snapshot()["losses"] == 1
        await store.aclose()

    with_redis(main)


def test_where_nobody_answers_everything_is_a_miss() -> None:
    async def main() -> None:
        far = RedisStore(f"redis://127.0.0.1:{closed_port()}")
        store = TwoTierStore(far)
        assert await store.find(ask()) is None
        await store.keep(ask(), answer())
        with pytest.raises(ConnectionError):
            await store.delete(ask())
        await store.aclose()
        assert not other_tasks()

    asyncio.run(main())


def test_a_copy_lives_for_a_while_at_most() -> None:
    """Redis tells of an expired entry when it meets it, which may be late."""

    async def main(server: RedisServer, client: redis.asyncio.Redis) -> None:
        store = await two_tiers(server.url, near_seconds=0.1)
        await store.keep(ask(), answer())
        await warm(store, ask())
        await eventually(lambda: len(store.near) == 0)
        assert store.invalidated == 0
        await store.aclose()

    with_redis(main)


def test_no_time_is_refused() -> None:
    far = RedisStore("redis://127.0.0.1")
    with pytest.raises(ValueError, match="heartbeat_seconds"):
        TwoTierStore(far, heartbeat_seconds=0)
    with pytest.raises(ValueError, match="ttl_seconds"):
        TwoTierStore(far, near_seconds=0)
