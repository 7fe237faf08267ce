"""The stated numbers of the cache that processes share, on a real server."""

from __future__ import annotations

import asyncio
import os
import signal
import zlib
from collections import Counter
from collections.abc import Awaitable, Callable
from operator import truediv
from random import Random
from statistics import median

import pytest
import redis.asyncio

from lab.parts import RedisServer
from optimizations.caching.cache_fill import CacheFill
from optimizations.caching.cached import Cached
from optimizations.caching.redis.entry import Codec
from optimizations.caching.redis.envelope import Envelope
from optimizations.caching.redis.redis_store import RedisStore
from optimizations.caching.single_flight import SingleFlight
from optimizations.clock import now
from optimizations.llm import LLM
from tests.caching.answers import answer
from tests.caching.redis.real_redis import needs_redis, patient, with_redis
from tests.conftest import Proof
from tests.helpers import STOP, Scripted, ask

pytestmark = [pytest.mark.proof, needs_redis]

SECRET = bytes(range(32))
AT_ONCE = 64


def onion(store: RedisStore, model: LLM) -> LLM:
    return Cached(SingleFlight(CacheFill(model, store)), store)


async def rate(work: Callable[[], Awaitable[object]], rounds: int) -> float:
    """Look-ups a second."""
    began = now()
    for _ in range(rounds):
        await work()
    return AT_ONCE * rounds / (now() - began)


def test_concurrent_reads_share_a_round_trip(proof: Proof) -> None:
    """Side by side, in turns, so that a busy machine slows both."""
    rates: dict[str, list[float]] = {"theirs": [], "ours": [], "whole": []}

    async def main(server: RedisServer, plain: redis.asyncio.Redis) -> None:
        store = patient(server.url)
        asked = [ask(f"question {n}") for n in range(AT_ONCE)]
        for request in asked:
            await store.keep(request, answer("x" * 900))
        keys = [store.key(request) for request in asked]

        async def theirs() -> None:
            assert None not in await asyncio.gather(*map(plain.get, keys))

        async def ours() -> None:
            get = store.client.get
            assert None not in await asyncio.gather(*map(get, keys))

        async def whole() -> None:
            assert None not in await asyncio.gather(*map(store.find, asked))

        for _ in range(30):
            for name, work in (
                ("theirs", theirs),
                ("ours", ours),
                ("whole", whole),
            ):
                rates[name].append(await rate(work, 10))
        await store.aclose()

    with_redis(main)
    ratio = median(map(truediv, rates["ours"], rates["theirs"]))
    theirs, ours, whole = map(median, rates.values())
    proof(
        f"{AT_ONCE} concurrent reads at least 5 times as fast as redis-py's",
        f"{ratio:.1f} times: {ours:,.0f}/s, redis-py {theirs:,.0f}/s; with "
        f"key, decoding and check (`find`) {whole:,.0f}/s",
        ratio >= 5,
    )


def test_a_thousand_identical_misses_are_one_call(proof: Proof) -> None:
    model = Scripted(["On its way.", 0.5, STOP])
    texts: Counter[str] = Counter()

    async def main(server: RedisServer, plain: redis.asyncio.Redis) -> None:
        async with onion(patient(server.url), model) as chatbot:
            replies = await asyncio.gather(
                *(chatbot.complete(ask(n=n)) for n in range(1000))
            )
            texts.update(reply.text for reply in replies)

    with_redis(main)
    proof(
        "1,000 identical misses: 1 upstream call",
        f"{model.calls} calls, {texts.total():,} answers",
        model.calls == 1 and texts == {"On its way.": 1000},
    )


BOMB = zlib.compress(bytes(3_000_000))


def corrupted(good: bytes, other: bytes, key: str, rng: Random) -> bytes:
    """A good entry after an accident, or in bad hands."""
    place = rng.randrange(len(good))
    flipped = bytearray(good)
    flipped[place] ^= 1 << rng.randrange(8)
    line = good.partition(b"\n")[0].replace(b" plain ", b" zlib ")
    forged = Codec(envelope=Envelope(secret=rng.randbytes(32)))
    bad = rng.choice(
        [
            bytes(flipped),
            good[:place],
            good[place + 1 :],
            good + rng.randbytes(3),
            rng.randbytes(rng.randrange(2000)),
            good.replace(b"answer/3", b"answer/2"),
            good.replace(b" json@", b" msgpack@"),
            other,  # of another key
            forged.encode(key, answer("forged"), 0.0),
            Codec().encode(key, answer("unsigned"), 0.0),
            b"\x80\x04K\x01.",
            line + b"\n" + BOMB,
            b"[" * 9000,
        ]
    )
    assert bad != good
    return bad


def test_nothing_corrupted_is_served(proof: Proof) -> None:
    count = 10_000
    model = Scripted(["from the model", STOP])
    texts: Counter[str] = Counter()
    errors: list[BaseException] = []
    left, unreadable = 0, 0

    async def main(server: RedisServer, plain: redis.asyncio.Redis) -> None:
        nonlocal left, unreadable
        rng = Random(12)
        codec = Codec(envelope=Envelope(secret=SECRET))
        store = patient(server.url, codec=codec)
        asked = [ask(f"question {n}") for n in range(count)]
        keys = [store.key(request) for request in asked]
        for n, key in enumerate(keys):
            good = codec.encode(key, answer("served"), 0.0)
            other = codec.encode(keys[n - 1], answer("served"), 0.0)
            await plain.set(key, corrupted(good, other, key, rng))
        # Nothing is kept, so that what is left in Redis was left there.
        chatbot = Cached(model, store, store_seconds=5.0)
        for n in range(0, count, 500):
            replies = await asyncio.gather(
                *map(chatbot.complete, asked[n : n + 500]),
                return_exceptions=True,
            )
            for reply in replies:
                if isinstance(reply, BaseException):
                    errors.append(reply)
                else:
                    texts[reply.text] += 1
        left = await plain.dbsize()
        unreadable = store.unreadable
        await chatbot.aclose()

    with_redis(main)
    proof(
        f"{count:,} corrupted entries: 0 served, 0 errors, all deleted",
        f"{texts.total() - texts['from the model']} served, {len(errors)} "
        f"errors, {unreadable:,} counted, {left} left",
        texts == {"from the model": count}
        and not errors
        and (unreadable, left) == (count, 0),
    )


@pytest.mark.parametrize(
    ("name", "number"), [("killed", "SIGKILL"), ("frozen", "SIGSTOP")]
)
def test_a_redis_that_fails_in_traffic_costs_only_the_hit(
    name: str, number: str, proof: Proof
) -> None:
    """A hundred requests a second, Redis failing after one of six seconds."""
    slowest: list[float] = []
    errors: list[BaseException] = []
    failures = 0.0

    async def main(server: RedisServer, plain: redis.asyncio.Redis) -> None:
        nonlocal failures
        assert server.pid is not None
        store = RedisStore(server.url)
        async with onion(store, Scripted(["Hello", STOP])) as chatbot:

            async def request(n: int) -> None:
                began = now()
                try:
                    await chatbot.complete(ask(f"question {n % 20}", n=n))
                except Exception as error:
                    errors.append(error)
                slowest.append(now() - began)

            tasks = []
            for n in range(600):
                tasks.append(asyncio.create_task(request(n)))
                await asyncio.sleep(0.01)
                if n == 100:
                    os.kill(server.pid, getattr(signal, number))
            await asyncio.gather(*tasks)
            failures = store.snapshot()["failures"]

    with_redis(main)
    slow = sum(seconds > 0.05 for seconds in slowest)
    proof(
        f"Redis {name} ({number}): 0 errors, and nobody waits above 0.5 s",
        f"{len(errors)} errors of {len(slowest)}; the slowest took "
        f"{max(slowest) * 1000:.0f} ms, {slow} above 50 ms, {failures:.0f} "
        "commands failed",
        not errors and max(slowest) <= 0.5,
    )


def test_no_answer_ever_reaches_another_caller(proof: Proof) -> None:
    """Ten thousand look-ups, each cancelled at some moment."""
    wrong = cancelled = right = 0
    connections = 0

    async def main(server: RedisServer, plain: redis.asyncio.Redis) -> None:
        nonlocal wrong, cancelled, right, connections
        rng = Random(11)
        store = patient(server.url)
        for n in range(50):
            await plain.set(f"nonce:{n}", str(n))

        async def look_up(n: int) -> bytes | None:
            return await store.client.get(f"nonce:{n}")

        for _ in range(200):
            numbers = [rng.randrange(50) for _ in range(50)]
            tasks = [asyncio.create_task(look_up(n)) for n in numbers]
            for task in tasks:
                if rng.random() < 0.2:
                    await asyncio.sleep(0)
                if rng.random() < 0.5:
                    task.cancel()
            await asyncio.wait(tasks)
            for n, task in zip(numbers, tasks, strict=True):
                if task.cancelled():
                    cancelled += 1
                elif task.result() == str(n).encode():
                    right += 1
                else:
                    wrong += 1
        connections = len(await plain.client_list())
        await store.aclose()

    with_redis(main)
    proof(
        "10,000 look-ups, half of them cancelled: 0 wrong answers",
        f"{wrong} wrong, {right:,} right, {cancelled:,} cancelled, "
        f"{connections - 1} connections",
        not wrong and right + cancelled == 10_000 and connections <= 7,
    )
