"""What a look-up in each real store takes on this machine: the measured part
of the caching suite, whose simulated look-ups have stated costs.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from functools import cache
from itertools import cycle

from benchmark.measured.rounds import (
    Bench,
    Measured,
    Take,
    calibrated,
    interleaved,
)
from lab.parts import PartError, PartFailed, redis_server
from optimizations.caching.memory.lru import LRUCache
from optimizations.caching.memory.s3_fifo import S3FIFOCache
from optimizations.caching.memory.ttl import TTLCache
from optimizations.caching.redis.redis_store import RedisStore
from optimizations.caching.redis.two_tier import TwoTierStore
from optimizations.caching.similar.embedding import Embedder, WordLlamaEmbedder
from optimizations.caching.similar.fuzzy import FuzzyStore
from optimizations.caching.similar.semantic import SemanticStore
from optimizations.caching.store import Answer, MemoryStore, Store
from optimizations.clock import now
from optimizations.llm import Choice, Reply, Request, Trace

NAMESPACE = "module12:benchmark"
LISTEN_TRIES = 200
KEPT = 1000  # answers in a store whose look-up is measured


@cache
def embedder() -> Embedder:
    """Loaded once a process."""
    return WordLlamaEmbedder()


async def measure(bench: Bench) -> Measured:
    """Finding an answer among a thousand, in each real store."""
    stores: dict[str, Store] = {
        "LRU": MemoryStore(LRUCache(2 * KEPT)),
        "dict": MemoryStore({}),
        "TTL": MemoryStore(TTLCache(3600.0)),
        "S3-FIFO": MemoryStore(S3FIFOCache(2 * KEPT)),
        "fuzzy": FuzzyStore(),
        "semantic": SemanticStore(embedder()),
    }
    warnings: list[str] = []
    async with AsyncExitStack() as parts:
        try:
            real = await parts.enter_async_context(real_redis(bench))
            far = await parts.enter_async_context(real_redis(bench))
            two_tier = TwoTierStore(far)
            parts.push_async_callback(two_tier.aclose)
            await _listening(two_tier)
            stores |= {"Redis": real, "two-tier": two_tier}
        except PartError as error:
            warnings.append(f"caching, measured without Redis. {error}")
        takes = {
            name: await _look_ups(store, bench)
            for name, store in stores.items()
        }
        series = await interleaved(
            takes, {"hit": "µs", "miss": "µs"}, bench.rounds, bench.tick
        )
    return Measured(
        f"a look-up among {KEPT:,} answers; a hit in the same words, a miss "
        "in new ones, which fuzzy compares and semantic has to embed; "
        "two-tier hits in memory what it once found in Redis",
        series,
        tuple(warnings),
    )


async def _look_ups(store: Store, bench: Bench) -> Take:
    """Fill a store; then look up what is there, and what is not."""
    texts = cycle(bench.bank.questions)
    kept = [ask(f"{next(texts)} ({number})") for number in range(KEPT)]
    for request in kept:
        await keep(store, request, bench.bank.answer(request))
    for request in kept:  # whoever copies what was found has copied it now
        await find_kept(store, request)
    new = cycle([ask(f"What is number {i}?") for i in range(2 * KEPT)])
    known = cycle(kept)
    hit = await calibrated(
        lambda: find_kept(store, next(known)), "hit", unit=1e-6
    )
    miss = await calibrated(lambda: store.find(next(new)), "miss", unit=1e-6)

    async def take() -> Mapping[str, float]:
        return {**await hit(), **await miss()}

    return take


async def _listening(store: TwoTierStore) -> None:
    """Until it hears of changes it trusts no copy."""
    for _ in range(LISTEN_TRIES):
        await store.find(ask("anything"))
        if store.snapshot()["listening"]:
            return
        await asyncio.sleep(0.01)
    raise PartFailed("Redis", "does not tell of changes")


async def keep(store: Store, request: Request, text: str) -> None:
    """As if a model had just said it."""
    reply = Reply((Choice(text, "stop"),), None, Trace())
    await store.keep(request, Answer(reply, born_at=now()))


async def find_kept(store: Store, request: Request) -> None:
    """Look up what was kept. Raises `PartFailed` where it is not there: a
    miss is quicker, and would pass for a quick hit.
    """
    if await store.find(request) is None:
        raise PartFailed(store.name, "did not keep what it was given")


def ask(text: str) -> Request:
    """A customer of the measurements."""
    return Request.ask(text, tenant="shop", request_id="measured")


@asynccontextmanager
async def real_redis(bench: Bench) -> AsyncIterator[RedisStore]:
    """A server of ours, or the user's own: what is kept there expires."""
    async with redis_server(bench.redis_url) as server:
        store = RedisStore(
            server.url,
            namespace=NAMESPACE,
            ttl_seconds=120,
            timeout_seconds=2.0,  # many are written at once, to fill it
        )
        async with aclosing(store):
            if not await store.ready():
                raise PartFailed("Redis", "does not answer")
            yield store
