"""Against a real server: answers are shared, and whatever happens to Redis is
a miss.
"""

from __future__ import annotations

import asyncio
import json
import socket
import sys
from collections.abc import Awaitable, Callable
from random import Random
from typing import Any

import pytest
import redis.asyncio
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.parts import RedisServer, redis_server
from optimizations.caching.keys import exact_key
from optimizations.caching.redis_store import (
    RedisStore,
    Rest,
    decode,
    encode,
)
from optimizations.clock import now, run_virtual
from optimizations.llm import Choice, Reply, Trace, Usage
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


async def closing(store: RedisStore) -> None:
    await store.aclose()


def test_what_one_process_kept_another_finds() -> None:
    async def main(server: RedisServer, client: redis.asyncio.Redis) -> None:
        one, other = RedisStore(server.url), RedisStore(server.url)
        request, text = ask(), "Größe \ud800 \0 日本語"
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
        store = RedisStore(
            server.url,
            namespace="shop:",
            ttl_seconds=100,
            jitter=0.5,
            draws=Random(1),
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
]


def test_an_entry_that_is_not_ours_is_a_miss_and_deleted() -> None:
    async def main(server: RedisServer, client: redis.asyncio.Redis) -> None:
        store = RedisStore(server.url)
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


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.integers(0, 10_000), st.integers(0, 7))
def test_a_flipped_bit_is_never_an_error(place: int, bit: int) -> None:
    data = bytearray(encode(answer("Hello"), KEY))
    data[place % len(data)] ^= 1 << bit
    reply = decode(bytes(data), KEY, ask())
    assert reply is None or isinstance(reply.text, str)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    st.lists(st.text(st.characters()), min_size=1, max_size=3),
    st.none() | st.builds(Usage, *[st.integers(0, 9)] * 3, st.booleans()),
)
def test_what_is_decoded_is_what_was_encoded(
    texts: list[str], usage: Usage | None
) -> None:
    request = ask(options={"n": len(texts)})
    choices = tuple(Choice(text, "stop") for text in texts)
    reply = Reply(choices, usage, Trace())
    assert decode(encode(reply, KEY), KEY, request) == reply
    assert decode(encode(reply, KEY), KEY, ask(options={"n": 9})) is None


def test_a_redis_that_dies_is_a_miss_and_back_when_it_is_back() -> None:
    async def main(server: RedisServer, client: redis.asyncio.Redis) -> None:
        store = RedisStore(server.url, recovery_seconds=60)
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


def test_after_its_rest_one_request_tries_it() -> None:
    async def main() -> None:
        rest = Rest(10)
        assert rest.may_ask()
        rest.failed()
        assert not rest.may_ask()
        await asyncio.sleep(10)
        assert [rest.may_ask() for _ in range(3)] == [True, False, False]
        await asyncio.sleep(10)  # the one that tried was cancelled
        assert rest.may_ask()
        rest.worked()
        assert [rest.may_ask() for _ in range(3)] == [True, True, True]

    run_virtual(main())


def test_where_nobody_listens_everything_is_a_miss() -> None:
    async def main() -> None:
        store = RedisStore(f"redis://127.0.0.1:{closed_port()}")
        assert not await store.ready()
        assert await store.find(ask()) is None
        await store.keep(ask(), answer())
        await store.aclose()

    asyncio.run(main())


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
        store = RedisStore(server.url, max_connections=3, timeout_seconds=5.0)
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
        store = RedisStore(server.url, max_connections=2, timeout_seconds=5.0)
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


def test_too_large_an_answer_is_not_kept() -> None:
    async def main(server: RedisServer, client: redis.asyncio.Redis) -> None:
        store = RedisStore(server.url, max_entry_bytes=1000)
        await store.keep(ask(), answer("x" * 1000))
        assert await store.find(ask()) is None
        assert await client.dbsize() == 0
        await store.aclose()

    with_redis(main)


def test_a_full_redis_costs_the_entry_and_nothing_else() -> None:
    async def main(server: RedisServer, client: redis.asyncio.Redis) -> None:
        await client.config_set("maxmemory-policy", "noeviction")
        await client.config_set("maxmemory", "1")
        store = RedisStore(server.url)
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
    "url", ["redis://h:1/2", "rediss://u:p@h:1", "unix:///tmp/x.sock"]
)
def test_every_kind_of_address_is_understood(url: str) -> None:
    asyncio.run(closing(RedisStore(url)))
