"""Redis tells what has changed; silence is not taken for peace."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Sequence

import pytest
import redis.asyncio

from lab.parts import RedisServer
from optimizations.caching.redis.invalidation import Invalidation
from optimizations.caching.redis.redis_client import RedisClient
from optimizations.clock import now
from tests.caching.redis.real_redis import closed_port, needs_redis, with_redis
from tests.helpers import eventually, other_tasks, turns

Heard = list[Sequence[str] | None]


@needs_redis
def test_it_hears_of_every_change_below_its_prefix_and_of_no_other() -> None:
    async def main(server: RedisServer, plain: redis.asyncio.Redis) -> None:
        heard: Heard = []
        client = RedisClient(server.url, timeout_seconds=5)
        news = Invalidation(client, "ours:", heard.append)
        news.listen()
        await eventually(lambda: news.listening)
        await plain.set("theirs:1", "x")
        await plain.set("ours:1", "x", px=20)
        await eventually(lambda: len(heard) == 3)
        assert heard == [None, ["ours:1"], ["ours:1"]]  # it has expired
        await plain.mset({"ours:2": "x", "theirs:2": "x", "ours:3": "x"})
        await eventually(lambda: len(heard) == 4)
        assert sorted(heard[3] or ()) == ["ours:2", "ours:3"]
        await plain.flushall()
        await eventually(lambda: len(heard) == 5)
        assert heard[4] is None
        await news.aclose()
        assert (news.listening, news.losses) == (False, 0)
        await client.aclose()
        assert not other_tasks()

    with_redis(main)


@needs_redis
def test_a_redis_that_falls_silent_is_noticed_by_its_heartbeat() -> None:
    async def main(server: RedisServer, plain: redis.asyncio.Redis) -> None:
        heard: Heard = []
        client = RedisClient(server.url, timeout_seconds=0.3)
        news = Invalidation(
            client, "ours:", heard.append, heartbeat_seconds=0.05
        )
        news.listen()
        await eventually(lambda: news.listening)
        began = now()
        await eventually(lambda: now() > began + 0.3)  # several heartbeats
        assert news.listening
        assert server.pid is not None
        os.kill(server.pid, signal.SIGSTOP)
        await eventually(lambda: not news.listening)
        assert heard == [None, None]
        os.kill(server.pid, signal.SIGCONT)
        await news.aclose()
        await client.aclose()

    with_redis(main)


def test_who_cannot_be_reached_is_left_alone_for_a_while() -> None:
    async def main() -> None:
        heard: Heard = []
        client = RedisClient(f"redis://127.0.0.1:{closed_port()}")
        news = Invalidation(client, "ours:", heard.append)
        for _ in range(50):
            news.listen()
            await turns(1)
        await eventually(lambda: news.losses > 0)
        news.listen()
        await turns(5)
        assert news.losses == 1
        assert not news.listening
        await news.aclose()
        await client.aclose()
        assert not other_tasks()

    asyncio.run(main())


def test_no_time_is_refused() -> None:
    client = RedisClient("redis://127.0.0.1")
    with pytest.raises(ValueError, match="heartbeat_seconds"):
        Invalidation(client, "ours:", lambda keys: None, heartbeat_seconds=0)
