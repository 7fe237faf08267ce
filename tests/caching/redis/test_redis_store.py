"""Against a real server: answers are shared, and whatever happens to Redis is
a miss.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
from dataclasses import replace
from statistics import median
from typing import Any

import pytest
import redis.asyncio

from lab.parts import RedisServer
from optimizations.caching.keys import exact_key
from optimizations.caching.redis.entry import Codec
from optimizations.caching.redis.envelope import Envelope
from optimizations.caching.redis.redis_store import RedisStore
from optimizations.clock import now
from optimizations.llm import Usage
from optimizations.stack import Settings
from tests.caching.answers import answer
from tests.caching.redis.real_redis import (
    closed_port,
    needs_redis,
    patient,
    until,
    with_redis,
)
from tests.helpers import ask

pytestmark = needs_redis

KEY = "module12:answer:" + exact_key(ask())
SMALL = Codec(envelope=Envelope(max_bytes=5000))


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
        assert found.reply.text == text
        assert found.reply.usage == Usage(10, 3)
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
        assert all(k.startswith((b"shop:", b"precious")) for k in keys)
        ours = [key for key in keys if key.startswith(b"shop:answer:")]
        assert len(ours) == 20
        lives = [await client.pttl(key) / 1000 for key in ours]
        assert 45 < min(lives) < 70 < max(lives) <= 100
        assert await client.get("precious") == b"theirs"
        await store.aclose()

    with_redis(main)


def test_how_old_an_answer_is_survives_the_way_through_redis() -> None:
    """Each process has a clock of its own, which began at any time; an answer
    found was born "now", and never grew old.
    """

    async def main(server: RedisServer, client: redis.asyncio.Redis) -> None:
        one, other = patient(server.url), patient(server.url)
        old = replace(answer(), born_at=now() - 50, made_in_seconds=2.5)
        await one.keep(ask(), old)
        found = await other.find(ask())
        assert found is not None
        assert 50 <= now() - found.born_at < 52
        assert found.made_in_seconds == 2.5
        await one.aclose()
        await other.aclose()

    with_redis(main)


def test_what_was_deleted_is_not_put_back_by_another_process() -> None:
    """It was just being told the answer, and kept it when it had all of it."""

    async def main(server: RedisServer, client: redis.asyncio.Redis) -> None:
        one, other = patient(server.url), patient(server.url)
        await one.keep(ask(), answer("wrong"))
        await one.delete(ask())
        told_meanwhile = replace(answer("wrong"), made_in_seconds=5.0)
        await other.keep(ask(), told_meanwhile)
        assert await one.find(ask()) is None
        assert (other.kept, other.outdated) == (0, 1)
        await other.keep(ask(), answer("right"))
        found = await one.find(ask())
        assert found is not None
        assert found.reply.text == "right"
        await one.aclose()
        await other.aclose()

    with_redis(main)


def test_an_older_answer_of_another_process_does_not_replace_the_newer() -> (
    None
):
    async def main(server: RedisServer, client: redis.asyncio.Redis) -> None:
        one, other = patient(server.url), patient(server.url)
        await one.keep(ask(), replace(answer("new"), made_in_seconds=1.0))
        await other.keep(ask(), replace(answer("old"), made_in_seconds=5.0))
        found = await other.find(ask())
        assert found is not None
        assert found.reply.text == "new"
        await one.aclose()
        await other.aclose()

    with_redis(main)


def test_what_is_asked_for_after_a_deletion_is_kept_at_once() -> None:
    """The clocks differ by an unknown little, which deleting waits for."""

    async def main(server: RedisServer, client: redis.asyncio.Redis) -> None:
        for n in range(20):
            store = patient(server.url)
            await store.delete(ask(f"question {n}"))
            await store.keep(ask(f"question {n}"), answer())
            assert store.outdated == 0
            await store.aclose()

    with_redis(main)


def test_an_answer_too_large_to_keep_leaves_a_newer_one_alone() -> None:
    async def main(server: RedisServer, client: redis.asyncio.Redis) -> None:
        store = patient(server.url, codec=SMALL)
        await store.keep(ask(), answer("newer"))
        large = replace(answer("too large" * 1000), made_in_seconds=5.0)
        await store.keep(ask(), large)
        found = await store.find(ask())
        assert found is not None
        assert found.reply.text == "newer"
        assert (store.kept, store.outdated) == (1, 1)
        await store.aclose()

    with_redis(main)


def test_a_watermark_does_not_stand_for_ever() -> None:
    async def main(server: RedisServer, client: redis.asyncio.Redis) -> None:
        store = patient(server.url, watermark_seconds=7)
        await store.delete(ask())
        keys: list[Any] = await client.keys("*")
        [key] = keys
        assert key.startswith(b"module12:watermark:")
        assert 0 < await client.pttl(key) <= 7000
        await store.aclose()

    with_redis(main)


@pytest.mark.parametrize("damaged", ["list", "word"])
def test_a_damaged_watermark_holds_nothing_up(damaged: str) -> None:
    """Each script failed on it for as long as it stood."""

    async def main(server: RedisServer, client: redis.asyncio.Redis) -> None:
        store = patient(server.url)
        await store.delete(ask())
        [key] = await client.keys("*")
        await client.delete(key)
        if damaged == "list":
            await client.rpush(key, "xx")
        else:
            await client.set(key, "xx")
        await store.keep(ask(), answer())
        assert (store.kept, store.client.failures) == (1, 0)
        await store.aclose()

    with_redis(main)


def test_the_longest_life_is_one_that_redis_takes() -> None:
    async def main(server: RedisServer, client: redis.asyncio.Redis) -> None:
        store = patient(server.url, ttl_seconds=1e16)
        await store.keep(ask(), answer())
        assert await store.find(ask()) is not None
        await store.aclose()

    with_redis(main)


def test_it_keeps_answers_for_as_long_as_the_stack_serves_them() -> None:
    async def main(server: RedisServer, client: redis.asyncio.Redis) -> None:
        store = patient(server.url)
        await store.keep(ask(), answer())
        served = Settings().fresh_seconds + Settings().stale_seconds
        assert await client.pttl(store.key(ask())) > served * 1000
        await store.aclose()

    with_redis(main)


def test_an_update_leaves_no_second_copy() -> None:
    """Elsewhere an update added an entry, and the old answer lived on."""

    async def main(server: RedisServer, client: redis.asyncio.Redis) -> None:
        store = patient(server.url, codec=SMALL)
        await store.keep(ask(), answer("old"))
        await store.keep(ask(), answer("new"))
        assert len(await client.keys("module12:answer:*")) == 1
        found = await store.find(ask())
        assert found is not None
        assert found.reply.text == "new"
        await store.keep(ask(), answer("too large" * 1000))
        assert await client.keys("module12:answer:*") == []
        await store.aclose()

    with_redis(main)


def test_what_was_deleted_is_gone_and_what_is_not_sure_is_said() -> None:
    async def main(server: RedisServer, client: redis.asyncio.Redis) -> None:
        store = patient(server.url)
        await store.keep(ask(), answer())
        await store.delete(ask())
        assert await store.find(ask()) is None
        await store.delete(ask())  # nothing there: that is sure as well
        server.kill()
        with pytest.raises(ConnectionError):
            await store.delete(ask())
        await store.aclose()

    with_redis(main)


def entry(key: str = KEY, **fields: object) -> bytes:
    """What `encode` writes, with some fields put in by hand."""
    _, _, body = SMALL.encode(key, answer(), 0.0).partition(b"\n")
    text = json.dumps(json.loads(body) | fields, separators=(",", ":"))
    return Envelope().seal(KEY, "json@0.000000", text.encode())


BAD_ENTRIES = [
    b"",
    b"\x80\x04K\x01.",  # a pickle
    b"not json",
    entry().partition(b"\n")[2],  # without its first line
    entry().replace(b"answer/3", b"answer/2"),
    entry().replace(b" json@", b" pickle@"),
    entry().replace(b" json@0.000000 ", b" json "),
    entry().replace(b" plain ", b" zlib "),
    entry("module12:answer:of-another-tenant"),
    entry()[:-5],
    entry() + b" ",
    entry(choices=[["x", "length"]]),
    entry(usage=["x", 3, 0, False]),
    entry(born_at=9e9),  # in the future: it would never grow old
    Codec().encode(KEY, answer("x" * 9000), 0.0),  # larger than is kept
    Codec("msgpack").encode(KEY, answer(), 0.0),
    Codec(envelope=Envelope(secret=bytes(16))).encode(KEY, answer(), 0.0),
]


def test_an_entry_that_is_not_ours_is_a_miss_and_deleted() -> None:
    async def main(server: RedisServer, client: redis.asyncio.Redis) -> None:
        store = patient(server.url, codec=SMALL)
        await client.set(KEY, entry(born_at=1e9))
        assert await store.find(ask()) is not None
        for bad in BAD_ENTRIES:
            await client.set(KEY, bad)
            assert await store.find(ask()) is None
            assert not await client.exists(KEY)
        await client.lpush(KEY, "a list")  # on which MGET is silent
        assert await store.find(ask()) is None
        assert store.unreadable == len(BAD_ENTRIES)
        assert store.client.failures == 0
        await store.keep(ask(), answer())
        assert await store.find(ask()) is not None
        await store.aclose()

    with_redis(main)


def test_a_redis_that_dies_is_a_miss_and_left_alone() -> None:
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


def test_a_frozen_redis_costs_one_short_wait_and_comes_back_unasked() -> None:
    """A PING in the background finds out: no user waits for it."""

    async def main(server: RedisServer, client: redis.asyncio.Redis) -> None:
        store = RedisStore(server.url, recovery_seconds=0.05)
        assert server.pid is not None
        while await store.find(ask()) is None:
            await store.keep(ask(), answer())
        os.kill(server.pid, signal.SIGSTOP)
        assert await store.find(ask()) is None  # that one waited
        waits: list[float] = []

        async def tried_again() -> bool:
            began = now()
            assert await store.find(ask()) is None
            waits.append(now() - began)
            return store.client.failures >= 4

        await until(tried_again)
        assert median(waits) < 0.01
        os.kill(server.pid, signal.SIGCONT)
        await until(lambda: store.find(ask()))
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
        assert store.kept == 0
        assert await client.keys("module12:answer:*") == []
        await store.aclose()

    with_redis(main)


def test_a_silent_redis_costs_a_tenth_of_a_second_once() -> None:
    """It accepts and never answers, and a hundred ask at the same time."""

    async def main() -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            url = f"redis://127.0.0.1:{silent.getsockname()[1]}"
            store = RedisStore(url, recovery_seconds=60)
            began = now()
            found = await asyncio.gather(
                *(store.find(ask(f"question {n}")) for n in range(100))
            )
            assert now() - began < 0.6
            assert found == [None] * 100
            assert await store.find(ask()) is None
            assert store.client.failures == 1
            await store.aclose()

    asyncio.run(main())


def test_many_at_once_share_few_connections_and_few_round_trips() -> None:
    async def main(server: RedisServer, client: redis.asyncio.Redis) -> None:
        store = patient(server.url, max_connections=3)
        asked = [ask(f"question {n}") for n in range(200)]
        await asyncio.gather(*(store.keep(r, answer()) for r in asked))
        before: Any = await client.info("commandstats")
        found = await asyncio.gather(*(store.find(r) for r in asked))
        assert None not in found
        after: Any = await client.info("commandstats")
        assert "cmdstat_mget" not in before
        assert after["cmdstat_mget"]["calls"] == 1
        clients: Any = await client.client_list()
        assert len(clients) <= 3 + 1
        await store.aclose()

    with_redis(main)


def test_a_cancelled_look_up_never_gives_its_answer_to_the_next() -> None:
    """A connection left with an unread answer served the next caller with
    it, and every one after that with the one before (CVE-2023-28858).
    """

    async def main(server: RedisServer, client: redis.asyncio.Redis) -> None:
        store = patient(server.url, max_connections=3)
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
            assert found.reply.text == f"a{n}"
        assert store.client.failures == store.client.skipped == 0
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
        store = patient(server.url, codec=SMALL)
        await store.keep(ask(), answer("x" * 5000))
        assert await store.find(ask()) is None
        assert await client.keys("module12:answer:*") == []
        await store.aclose()

    with_redis(main)


def test_a_full_redis_costs_the_entry_and_nothing_else() -> None:
    async def main(server: RedisServer, client: redis.asyncio.Redis) -> None:
        await client.config_set("maxmemory-policy", "noeviction")
        await client.config_set("maxmemory", "1")
        store = patient(server.url)
        await store.keep(ask(), answer())
        assert (store.kept, store.client.failures) == (0, 1)
        assert await store.find(ask()) is None  # it is still asked
        assert store.client.skipped == 0
        await store.aclose()

    with_redis(main)


@pytest.mark.parametrize(
    "bad",
    [
        {"url": "http://localhost"},
        {"url": "redis:/localhost"},
        {"ttl_seconds": 0},
        {"ttl_seconds": float("nan")},
        {"watermark_seconds": 0},
        {"timeout_seconds": float("inf")},
        {"recovery_seconds": -1},
        {"jitter": 1.0},
        {"max_connections": 2},
        {"max_connections": 3.5},
        {"max_connections": float("inf")},
        {"namespace": ""},
        {"namespace": ":"},
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
    "url",
    [
        "redis://h:1/2",
        "redis://h?protocol=3",
        "rediss://u:p@h:1",
        "unix:///tmp/x.sock",
    ],
)
def test_every_kind_of_address_is_understood(url: str) -> None:
    """A connection to listen on could be made for a Unix socket only."""
    store = RedisStore(url)
    assert store.client.new_connection()
    asyncio.run(closing(store))
