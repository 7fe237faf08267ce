"""Short waits, one breaker, few round trips, and no connection to a server
that is no longer the one.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import redis.asyncio

from lab.parts import RedisServer
from optimizations.caching.redis.redis_client import (
    RedisClient,
    RedisUnavailable,
)
from optimizations.clock import now
from tests.caching.redis.real_redis import (
    closed_port,
    needs_redis,
    until,
    with_redis,
)
from tests.helpers import turns


@asynccontextmanager
async def scripted(
    answers: dict[bytes, bytes], seen: list[bytes]
) -> AsyncIterator[str]:
    """A server that says to each command what stands under its name, else OK.
    Each connection is written down as `connect`.
    """

    async def talk(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        seen.append(b"connect")
        while line := await reader.readline():
            words = []
            for _ in range(int(line[1:])):
                size = int((await reader.readline())[1:])
                words.append((await reader.readexactly(size + 2))[:-2])
            seen.append(words[0])
            said = b"+PONG\r\n" if words[0] == b"PING" else b"+OK\r\n"
            writer.write(answers.get(words[0], said))
        writer.close()

    async with await asyncio.start_server(talk, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        yield f"redis://127.0.0.1:{port}?protocol=2"


def test_after_a_failover_the_old_connections_are_dropped() -> None:
    """They were kept, and said READONLY to every write for ever."""

    async def main() -> None:
        answers = {b"SET": b"-READONLY You can't write against a replica.\r\n"}
        seen: list[bytes] = []
        async with scripted(answers, seen) as url:
            client = RedisClient(url, timeout_seconds=5)
            for _ in range(2):
                with pytest.raises(RedisUnavailable, match="ReadOnly"):
                    await client.execute("SET", "key", "value")
            assert seen.count(b"connect") == 2
            answers.clear()  # the new primary answers at once
            assert await client.execute("SET", "key", "value")
            await client.execute("SET", "key", "value")
            assert seen.count(b"connect") == 3
            assert client.failures == 2
            assert client.skipped == 0
            await client.aclose()

    asyncio.run(main())


@pytest.mark.parametrize(
    "said",
    [
        "OOM command not allowed",
        "NOSCRIPT No matching script",
        "MOVED 1 127.0.0.1:1",
        "NOPERM this user has no permissions",
    ],
)
def test_a_refusal_is_one_commands_own_and_no_reason_to_leave(
    said: str,
) -> None:
    async def main() -> None:
        answers = {b"SET": f"-{said}\r\n".encode()}
        async with scripted(answers, []) as url:
            client = RedisClient(url, timeout_seconds=5)
            with pytest.raises(RedisUnavailable):
                await client.execute("SET", "key", "value")
            assert await client.ready()
            assert (client.failures, client.skipped) == (1, 0)
            await client.aclose()

    asyncio.run(main())


@pytest.mark.parametrize(
    "said",
    [
        "LOADING Redis is loading the dataset in memory",
        "ERR max number of clients reached",
        "NOAUTH Authentication required.",
    ],
)
def test_who_serves_nobody_is_left_alone(said: str) -> None:
    async def main() -> None:
        answers = {b"MGET": f"-{said}\r\n".encode()}
        async with scripted(answers, []) as url:
            client = RedisClient(url, timeout_seconds=5)
            with pytest.raises(RedisUnavailable):
                await client.get("key")
            with pytest.raises(RedisUnavailable):
                await client.get("key")
            assert (client.failures, client.skipped) == (1, 1)
            await client.aclose()

    asyncio.run(main())


@needs_redis
def test_a_refusal_in_a_pipeline_is_not_its_neighbours() -> None:
    async def main(server: RedisServer, plain: redis.asyncio.Redis) -> None:
        client = RedisClient(server.url, timeout_seconds=5)
        answers = await asyncio.gather(
            client.execute("SET", "a", "1"),
            client.execute("INCRBY", "a", "no number"),
            client.execute("GET", "a"),
            return_exceptions=True,
        )
        assert answers[0] is True
        assert answers[2] == b"1"
        assert isinstance(answers[1], RedisUnavailable)
        await client.aclose()

    with_redis(main)


@needs_redis
def test_what_is_closed_stays_closed() -> None:
    """It connected again, and was left alone for ever after one failure."""

    async def main(server: RedisServer, plain: redis.asyncio.Redis) -> None:
        client = RedisClient(server.url, timeout_seconds=5)
        assert await client.ready()
        await client.aclose()
        assert not await client.ready()
        with pytest.raises(RedisUnavailable, match="closed"):
            client.get("a")

    with_redis(main)


@needs_redis
def test_the_same_key_is_fetched_once_for_all() -> None:
    async def main(server: RedisServer, plain: redis.asyncio.Redis) -> None:
        client = RedisClient(server.url, timeout_seconds=5)
        await plain.set("a", "1")
        values = await asyncio.gather(*(client.get("a") for _ in range(100)))
        assert values == [b"1"] * 100
        stats = await plain.info("stats")
        assert stats["keyspace_hits"] == 1
        await client.aclose()

    with_redis(main)


def test_it_is_tried_in_the_background_when_its_time_is_over() -> None:
    async def main() -> None:
        seen: list[bytes] = []
        answers = {b"MGET": b"what?\r\n"}
        async with scripted(answers, seen) as url:
            client = RedisClient(url, timeout_seconds=5, recovery_seconds=0.05)
            with pytest.raises(RedisUnavailable):
                await client.get("key")
            answers[b"MGET"] = b"*1\r\n$1\r\n7\r\n"

            async def works() -> bool:
                try:
                    return await client.get("key") == b"7"
                except RedisUnavailable:
                    return False

            await until(works)
            assert seen.count(b"PING") == 1
            assert seen.count(b"MGET") == 2
            await client.aclose()

    asyncio.run(main())


@needs_redis
def test_a_stall_of_our_own_is_not_redis_failure() -> None:
    """Three hundred requests kept the loop busy for longer than the timeout:
    the answer was there, and Redis was left alone all the same.
    """

    async def main(server: RedisServer, plain: redis.asyncio.Redis) -> None:
        client = RedisClient(server.url, timeout_seconds=0.1)
        await until(client.ready)
        asking = asyncio.ensure_future(client.execute("ECHO", "here"))
        await turns(5)  # it is sent
        began = now()
        while now() < began + 0.15:
            pass
        assert await asking == b"here"
        assert client.failures == 0
        await client.aclose()

    with_redis(main)


def test_a_dead_redis_prints_nothing_however_often_it_is_asked(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """Elsewhere each request logged a traceback, one larger than the last."""

    async def main() -> None:
        client = RedisClient(
            f"redis://127.0.0.1:{closed_port()}", recovery_seconds=0.001
        )

        async def failed_often() -> bool:
            for asked in (client.get, client.execute):
                with pytest.raises(RedisUnavailable):
                    await asked("PING")
            return client.failures > 5

        await until(failed_often)
        await client.aclose()

    asyncio.run(main())
    assert capfd.readouterr() == ("", "")
    assert not caplog.records
