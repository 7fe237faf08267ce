"""The same work done by others' libraries, where they are installed.

Ours and theirs take turns in each round, so the ratio within a round is of one
mood of the machine. What is not installed is named, with how to get it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from importlib.metadata import version
from itertools import cycle
from typing import Any

import numpy as np

from benchmark.intervals.digits import interval_shown
from benchmark.intervals.estimates import median_estimate
from benchmark.intervals.paired import Comparison
from benchmark.look_ups import NAMESPACE, ask, find_kept, keep
from benchmark.measured.mappings import Cache
from benchmark.measured.rounds import Bench, Series, Take, interleaved
from benchmark.measured.vectors import Rows, index_of, near_rows, random_rows
from benchmark.results.verdicts import word
from benchmark.study import Finding, Study, cells
from lab.belady import hit_ratio
from lab.key_traffic import zipf_keys
from lab.parts import PartError, redis_server
from optimizations.caching.memory.lru import LRUCache
from optimizations.caching.memory.ttl import TTLCache
from optimizations.caching.redis.redis_store import RedisStore

ENTRIES, KEYS, THINGS = 10_000, 200_000, 100_000
TURN = 5_000  # keys in a take: no cache has them all from the last time
SIZES = (10_000, 100_000)  # of vectors
AT_ONCE, VALUE = 64, "x" * 1000  # look-ups in Redis, and what is found
QUERIES = 20  # in a take


@dataclass(frozen=True, slots=True)
class Pair:
    """The same work twice, and how many operations it is."""

    peer: str  # the package
    ours: Callable[[], Awaitable[object]]
    theirs: Callable[[], Awaitable[object]]
    operations: int

    @property
    def peer_shown(self) -> str:
        """With its version."""
        return f"{self.peer} {version(self.peer)}"


Pairs = dict[str, Pair]
Kind = Callable[[Bench, AsyncExitStack], Awaitable[Pairs]]


async def run(bench: Bench, kinds: Sequence[Kind] = ()) -> Finding:
    """All pairs of these kinds, by default of all; interleaved."""
    pairs, warnings = Pairs(), list[str]()
    async with AsyncExitStack() as parts:
        for pairs_of in kinds or (_cachetools, _redis, _numpy, _usearch):
            try:
                pairs |= await pairs_of(bench, parts)
            except ModuleNotFoundError as error:
                name = error.name
                warnings.append(f"{name} is not here: `pip install {name}`")
            except PartError as error:
                warnings.append(str(error))
        takes = {}
        for name, pair in pairs.items():
            takes[f"{name}/ours"] = _take(pair.ours, pair.operations)
            takes[f"{name}/theirs"] = _take(pair.theirs, pair.operations)
        series = await interleaved(
            takes, {"time": "µs"}, bench.rounds, bench.tick
        )
    by_name = {one.operation: one for one in series}
    return _finding(pairs, by_name, bench.rounds, tuple(warnings))


async def _cachetools(bench: Bench, parts: AsyncExitStack) -> Pairs:
    """Popular keys, written where they are not found; both count bytes."""
    theirs: Any = import_module("cachetools")
    keys = zipf_keys(KEYS, things=THINGS, seed=bench.seed)
    turns = [keys[start : start + TURN] for start in range(0, KEYS, TURN)]
    most = ENTRIES * len(VALUE)  # as many entries
    counted: dict[str, Any] = {"max_bytes": most, "size_of": len}

    def of(cache: Cache) -> Callable[[], Awaitable[object]]:
        hit_ratio(cache, keys, VALUE)  # it is full from now on
        turn = cycle(turns)

        async def work() -> object:
            return hit_ratio(cache, next(turn), VALUE)

        return work

    lru = (
        of(LRUCache(ENTRIES, **counted)),
        of(theirs.LRUCache(most, getsizeof=len)),
    )
    ttl = (
        of(TTLCache(3600.0, max_entries=ENTRIES, **counted)),
        of(theirs.TTLCache(most, 3600.0, getsizeof=len)),
    )
    return {
        "LRU, Zipf keys": Pair("cachetools", *lru, TURN),
        "TTL, Zipf keys": Pair("cachetools", *ttl, TURN),
    }


async def _redis(bench: Bench, parts: AsyncExitStack) -> Pairs:
    """Many reads at once; and the same as look-ups, where ours make the key
    and read the answer, too.
    """
    redis: Any = import_module("redis.asyncio")
    server = await parts.enter_async_context(redis_server(bench.redis_url))
    store = RedisStore(server.url, namespace=NAMESPACE, ttl_seconds=120)
    client = redis.Redis.from_url(server.url)
    parts.push_async_callback(store.aclose)
    parts.push_async_callback(client.aclose)
    asked = [ask(f"Of peers, where is order {n}?") for n in range(AT_ONCE)]
    for request in asked:
        await keep(store, request, VALUE)
    names = [store.key(request) for request in asked]

    def at_once(
        read: Callable[[Any], Awaitable[object]], what: Sequence[object]
    ) -> Callable[[], Awaitable[object]]:
        async def work() -> object:
            return await asyncio.gather(*map(read, what))

        return work

    find = partial(find_kept, store)
    theirs = at_once(client.get, names)
    reads, look_ups = (
        at_once(store.client.get, names),
        at_once(find, asked),
    )
    return {
        f"{AT_ONCE} reads at once": Pair("redis", reads, theirs, AT_ONCE),
        f"{AT_ONCE} look-ups at once": Pair(
            "redis", look_ups, theirs, AT_ONCE
        ),
    }


async def _numpy(bench: Bench, parts: AsyncExitStack) -> Pairs:
    """Products with all rows, and the largest. Not by `@`, whose threads
    would wait for each other on a busy machine.
    """

    def theirs(rows: Rows) -> Callable[[Rows], object]:
        return lambda query: np.vecdot(rows, query).argmax()

    return {
        name: _search(bench, rows, "numpy", theirs(rows))
        for name, rows in _rows(bench, SIZES).items()
    }


async def _usearch(bench: Bench, parts: AsyncExitStack) -> Pairs:
    """A graph (HNSW) as it comes; for more vectors that takes minutes."""
    index_type: Any = import_module("usearch.index").Index

    def theirs(rows: Rows) -> Callable[[Rows], object]:
        graph = index_type(ndim=rows.shape[1], metric="ip")
        graph.add(np.arange(len(rows)), rows)
        return lambda query: graph.search(query, 1)

    return {
        f"{name} (graph)": _search(bench, rows, "usearch", theirs(rows))
        for name, rows in _rows(bench, SIZES[:1]).items()
    }


def _rows(bench: Bench, sizes: Sequence[int]) -> dict[str, Rows]:
    return {
        f"nearest of {size:,}": random_rows(size, bench.seed)
        for size in sizes[: 1 if bench.quick else None]
    }


def _search(
    bench: Bench, rows: Rows, peer: str, theirs: Callable[[Rows], object]
) -> Pair:
    index, asked = index_of(rows), near_rows(rows, bench.seed, QUERIES)

    async def our_work() -> None:
        for query in asked:
            index.nearest(query, 1)

    async def their_work() -> None:
        for query in asked:
            theirs(query)

    return Pair(peer, our_work, their_work, QUERIES)


def _take(work: Callable[[], Awaitable[object]], operations: int) -> Take:
    async def take() -> Mapping[str, float]:
        began = time.perf_counter()
        await work()
        return {"time": 1e6 * (time.perf_counter() - began) / operations}

    return take


def _finding(
    pairs: Pairs,
    series: Mapping[str, Series],
    rounds: int,
    warnings: tuple[str, ...],
) -> Finding:
    """Microseconds an operation, and their ratio, round by round."""
    compared = {
        name: series[f"{name}/ours"].compared(series[f"{name}/theirs"])
        for name in pairs
    }
    rows = {
        f"{name}: {pair.peer_shown}": [
            median_estimate(series[f"{name}/ours"].values),
            median_estimate(series[f"{name}/theirs"].values),
            compared[name].ratio,
        ]
        for name, pair in pairs.items()
    }
    return Finding(
        _title(compared),
        f"{rounds} interleaved rounds; ratios within each, their median, bars "
        "95 % by the sign test. Caches in memory count bytes, ours and "
        "theirs. A look-up in Redis also makes the key and checks the answer; "
        "theirs fetches bytes. A graph finds nearly the nearest; its building "
        "is not counted.",
        cells(rows, {"ours": "µs", "theirs": "µs", "ours / theirs": ""}),
        {
            "ratios": {
                f"{name}\n{pair.peer_shown}": _drawn(compared[name])
                for name, pair in pairs.items()
            }
        },
        warnings,
    )


def _drawn(comparison: Comparison) -> dict[str, Any]:
    ratio = comparison.ratio
    told = word("less time", "more time", comparison.verdict)
    return {
        "ends": [ratio.value, ratio.low, ratio.high],
        "says": f"{interval_shown(ratio)}: {told}",
    }


def _title(compared: Mapping[str, Comparison]) -> str:
    if not compared:
        return "No peer is installed"
    verdicts = [comparison.verdict for comparison in compared.values()]
    return (
        f"Of {len(compared)} pieces of work, ours takes less time than other "
        f"libraries for {verdicts.count('less')}, more for "
        f"{verdicts.count('more')} (lower is better)"
    )


STUDY = Study(
    "peers",
    "How long do others take for the same work?",
    "measured",
    run,
    peers=True,
)
