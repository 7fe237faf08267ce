"""Against a real server: answers are shared, and whatever happens to Redis is
a miss.
"""

from __future__ import annotations

import asyncio
import json
import socket
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import redis.asyncio

from lab.parts import RedisServer, redis_server
from optimizations.caching.entry import encode
from optimizations.caching.keys import exact_key
from optimizations.caching.redis_store import RedisStore
from optimizations.clock import now
from optimizations.llm import Usage
from tests.caching.answers import answer
from tests.helpers import ask

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="no valkey-server there"
)

KEY = "module12:answer:" + exact_key(ask())


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


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def patient(url: str, **rest: Any) -> RedisStore:
    """A store that a busy machine does not make miss."""
    return RedisStore(url, timeout_seconds=5.0, **rest)


async def closing(store: RedisStore) -> None:
    await store.aclose()


def test_what_one_process_kept_another_finds() -> None:
    async def main(server: RedisServer, client: redis.asyncio.Redis) -> None:
        one, other = patient(server.url), patient(server.url)
        request, text = ask(), "Größe \0 日本語"
        assert await other.find(request) is None
        await one.keep(ask(n=2), answer(text))
        found = await other.find(request)
        assert found is not None
        assert found.text == text
        assert found.usage == Usage(10, 3)
        assert found.trace is request.trace
        assert await other.find(ask(tenant="another")) is None
        numbers = other.snapshot()
        assert (numbers["hits"], numbers["misses"]) == (1, 2)
        await one.aclose()
        await other.aclose()

    with_redis(main)


def test_entries_expire_each_a_little_earlier_and_only_under_its_name() -> (
    None
):
    async def main(server: RedisServer, client: redis.asyncio.Redis) -> None:
        await client.set("precious", "theirs")
        store = patient(
            server.url,
            namespace="shop:",
            ttl_seconds=100,
            jitter=0.5,
            seed=1,
        )
        for n in range(20):
            await store.keep(ask(f"question {n}"), answer())
        keys: list[Any] = await client.keys("*")
        assert len(keys) == 21
        ours = [key for key in keys if key.startswith(b"shop:answer:")]
        assert len(ours) == 20
        lives = [await client.pttl(key) / 1000 for key in ours]
        assert 45 < min(lives) < 70 < max(lives) <= 100
        assert await client.get("precious") == b"theirs"
        await store.aclose()

    with_redis(main)


BAD_ENTRIES = [
    b"",
    b"\x80\x04K\x01.",  # a pickle
    b"not json",
    b"[]",
    b"null",
    b'{"format": 1}',
    b"[" * 100_000,
    json.dumps({"format": 99, "key": KEY}).encode(),
    encode(answer(), "module12:answer:of-another-tenant"),
    encode(answer(), KEY)[:-5],
    encode(answer(), KEY).replace(b'"stop"', b"7"),
    encode(answer(), KEY).replace(b"10", b'"x"'),
    encode(answer(), KEY).replace(b"[10,3,0,false]", b"[1]"),
    encode(answer(), KEY).replace(b"[10,3,0,false]", b"0"),
    encode(answer(), KEY).replace(b'"stop"', b'"length"'),
    encode(answer("x" * 5000), KEY),  # larger than is kept
]


def test_an_entry_that_is_not_ours_is_a_miss_and_deleted() -> None:
    async def main(server: RedisServer, client: redis.asyncio.Redis) -> None:
        store = patient(server.url, max_entry_bytes=5000)
        for bad in BAD_ENTRIES:
            await client.set(KEY, bad)
            assert await store.find(ask()) is None
            assert not await client.exists(KEY)
        await client.lpush(KEY, "a list")
        assert await store.find(ask()) is None
        assert not await client.exists(KEY)
        assert store.unreadable == len(BAD_ENTRIES) + 1
        assert store.failures == 0
        await store.keep(ask(), answer())
        assert await store.find(ask()) is not None
        await store.aclose()

    with_redis(main)


def test_a_redis_that_dies_is_a_miss_and_back_when_it_is_back() -> None:
    async def main(server: RedisServer, client: redis.asyncio.Redis) -> None:
        store = patient(server.url, recovery_seconds=60)
        await store.keep(ask(), answer())
        assert await store.ready()
        server.kill()
        for _ in range(100):
            assert await store.find(ask()) is None
            await store.keep(ask(), answer())
        assert not await store.ready()
        numbers = store.snapshot()
        assert numbers["failures"] == 1  # asked once; then left alone
        assert numbers["skipped"] == 200
        await store.aclose()

    with_redis(main)


def test_where_nobody_listens_everything_is_a_miss() -> None:
    async def main() -> None:
        store = RedisStore(f"redis://127.0.0.1:{closed_port()}")
        assert not await store.ready()
        assert await store.find(ask()) is None
        await store.keep(ask(), answer())
        await store.aclose()

    asyncio.run(main())


@pytest.mark.parametrize(
    "said", [b":abc\r\n", b":5\r\n", b"*1\r\n:5\r\n", b"$x\r\n", b"HTTP\r\n"]
)
def test_what_is_no_redis_is_a_miss_and_left_alone(said: bytes) -> None:
    """redis-py's parser raises plain `ValueError`s as well: one went through
    `find`, which never raises, to the user.
    """

    async def talk(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        while await reader.read(4096):
            writer.write(said * 3)
        writer.close()

    async def main() -> None:
        server = await asyncio.start_server(talk, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            url = f"redis://127.0.0.1:{port}?protocol=2"
            store = RedisStore(url, recovery_seconds=60)
            assert await store.find(ask()) is None
            assert not await store.ready()
            await store.keep(ask(), answer())
            numbers = store.snapshot()
            assert (numbers["failures"], numbers["skipped"]) == (1, 2)
            assert numbers["misses"] == 1
            await store.aclose()

    asyncio.run(main())


def test_an_answer_that_nobody_could_send_on_is_not_kept() -> None:
    async def main(server: RedisServer, client: redis.asyncio.Redis) -> None:
        store = patient(server.url)
        await store.keep(ask(), answer("\ud800"))
        assert (store.kept, await client.dbsize()) == (0, 0)
        await store.aclose()

    with_redis(main)


def test_a_silent_redis_costs_a_tenth_of_a_second_once() -> None:
    """It accepts and never answers, and a hundred ask at the same time."""

    async def main() -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            url = f"redis://127.0.0.1:{silent.getsockname()[1]}"
            store = RedisStore(url, max_connections=4, recovery_seconds=60)
            began = now()
            found = await asyncio.gather(
                *(store.find(ask(f"question {n}")) for n in range(100))
            )
            assert now() - began < 0.6
            assert found == [None] * 100
            assert store.failures <= 4
            assert await store.find(ask()) is None
            assert store.failures <= 4
            await store.aclose()

    asyncio.run(main())


def test_many_at_once_share_few_connections() -> None:
    async def main(server: RedisServer, client: redis.asyncio.Redis) -> None:
        store = patient(server.url, max_connections=3)
        await store.keep(ask(), answer())
        found = await asyncio.gather(*(store.find(ask()) for _ in range(200)))
        assert all(reply is not None for reply in found)
        clients: Any = await client.client_list()
        assert len(clients) <= 3 + 1
        await store.aclose()

    with_redis(main)


def test_a_cancelled_look_up_never_gives_its_answer_to_the_next() -> None:
    """A connection left with an unread answer served the next caller with
    it, and every one after that with the one before (CVE-2023-28858).
    """

    async def main(server: RedisServer, client: redis.asyncio.Redis) -> None:
        store = patient(server.url, max_connections=2)
        for n in range(10):
            await store.keep(ask(f"q{n}"), answer(f"a{n}"))
        for attempt in range(300):
            task = asyncio.create_task(store.find(ask(f"q{attempt % 10}")))
            for _ in range(attempt % 7):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait([task])
            n = (attempt + 1) % 10
            found = await store.find(ask(f"q{n}"))
            assert found is not None
            assert found.text == f"a{n}"
        assert store.failures == store.skipped == 0
        await store.aclose()

    with_redis(main)


def test_a_cancelled_look_up_ends_whatever_the_client_makes_of_it() -> None:
    """In Python 3.11 `asyncio.wait_for`, through which redis-py sends, drops a
    cancellation that comes in the moment in which the sending is done: the
    look-up of a caller who had left went on.
    """

    async def main(server: RedisServer, client: redis.asyncio.Redis) -> None:
        store = patient(server.url)
        await store.keep(ask(), answer())
        began = now()
        ended_cancelled = 0
        for attempt in range(300):
            task = asyncio.create_task(store.find(ask()))
            for _ in range(attempt % 7):
                await asyncio.sleep(0)
            if task.done():
                continue
            task.cancel()
            await asyncio.wait([task])
            assert task.cancelled()
            ended_cancelled += 1
        assert ended_cancelled > 20
        assert now() - began < 5
        await store.aclose()

    with_redis(main)


def test_too_large_an_answer_is_not_kept() -> None:
    async def main(server: RedisServer, client: redis.asyncio.Redis) -> None:
        store = patient(server.url, max_entry_bytes=1000)
        await store.keep(ask(), answer("x" * 1000))
        assert await store.find(ask()) is None
        assert await client.dbsize() == 0
        await store.aclose()

    with_redis(main)


def test_a_full_redis_costs_the_entry_and_nothing_else() -> None:
    async def main(server: RedisServer, client: redis.asyncio.Redis) -> None:
        await client.config_set("maxmemory-policy", "noeviction")
        await client.config_set("maxmemory", "1")
        store = patient(server.url)
        await store.keep(ask(), answer())
        assert (store.kept, store.failures) == (0, 1)
        await store.aclose()

    with_redis(main)


@pytest.mark.parametrize(
    "bad",
    [
        {"url": "http://localhost"},
        {"ttl_seconds": 0},
        {"ttl_seconds": float("nan")},
        {"timeout_seconds": float("inf")},
        {"recovery_seconds": -1},
        {"jitter": 1.0},
        {"max_connections": 0},
        {"max_entry_bytes": 0},
        {"namespace": ""},
    ],
)
def test_bad_settings_are_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        RedisStore(**{"url": "redis://localhost", **bad})


@pytest.mark.parametrize(
    "url",
    [
        "redis://127.0.0.1?foo=secret",
        "redis://127.0.0.1?retry=secret",
        "redis://:sec/secret@127.0.0.1",
    ],
)
def test_an_address_is_refused_at_once_and_not_quoted(url: str) -> None:
    """An unknown option was a TypeError of the first request."""
    with pytest.raises(ValueError, match="url must be") as refused:
        RedisStore(url)
    assert "sec" not in str(refused.value)


@pytest.mark.parametrize(
    "url", ["redis://h:1/2", "rediss://u:p@h:1", "unix:///tmp/x.sock"]
)
def test_every_kind_of_address_is_understood(url: str) -> None:
    asyncio.run(closing(RedisStore(url)))
