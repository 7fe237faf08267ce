"""What a look-up takes among more and more entries, in each kind of store."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from itertools import cycle, islice

from benchmark.intervals.digits import brief
from benchmark.intervals.estimates import Estimate, median_estimate
from benchmark.look_ups import ask, find_kept, keep, real_redis
from benchmark.measured.mappings import (
    Cache,
    filled,
    hits,
    keys,
    take_of,
    undisturbed,
)
from benchmark.measured.rounds import Bench, Take, calibrated, interleaved
from benchmark.measured.vectors import NEAR, WIDTH, grown_index
from benchmark.study import Finding, Study, cells
from lab.parts import PartError
from optimizations.caching.memory.lru import LRUCache
from optimizations.caching.memory.s3_fifo import S3FIFOCache
from optimizations.caching.memory.ttl import TTLCache
from optimizations.caching.similar.fuzzy import FuzzyStore
from optimizations.caching.similar.vectors import BITS_ABOVE
from optimizations.caching.store import Store

SIZES = (1_000, 10_000, 100_000, 1_000_000)
MOST = {"fuzzy": 10_000, "Redis": 100_000}
QUICK_SIZES = (100, 1_000, 10_000)
QUICK_MOST = {"fuzzy": 1_000, "Redis": 1_000}
AT_ONCE = 256  # writes, to fill a Redis
ROUND_TRIPS = 50  # in a take

MAPPINGS: dict[str, Callable[[int], Cache]] = {
    "dict": lambda size: {},
    "LRU": LRUCache,
    "TTL": lambda size: TTLCache(3600.0, max_entries=size),
    "S3-FIFO": S3FIFOCache,
}


async def run(bench: Bench) -> Finding:
    """Every store at every size, all interleaved."""
    takes, warnings = dict[str, Take](), list[str]()
    for size in _sizes(bench):
        known = keys(size)
        for name, make in MAPPINGS.items():
            figures = {"hit": hits(filled(make(size), known), known)}
            takes[f"{name} {size}"] = take_of(figures, unit=1)
    for size in _sizes(bench):
        takes[f"nearest vector {size}"] = await _vectors(size, bench.seed)
    for size in _sizes(bench, "fuzzy"):
        store = FuzzyStore(max_entries=size)
        takes[f"fuzzy {size}"] = await _typed(store, size)
    async with AsyncExitStack() as parts:
        try:
            redis = await parts.enter_async_context(real_redis(bench))
            for size in _sizes(bench, "Redis"):
                takes[f"Redis {size}"] = await _repeated(redis, size)
        except PartError as error:
            warnings.append(f"without Redis. {error}")
        with undisturbed():
            series = await interleaved(
                takes, {"hit": "s"}, bench.rounds, bench.tick
            )
    found: dict[str, dict[int, Estimate]] = {}
    for one in series:
        name, _, size_text = one.operation.rpartition(" ")
        estimate = median_estimate(one.values)
        found.setdefault(name, {})[int(size_text)] = estimate
    return _finding(found, bench, tuple(warnings))


def _sizes(bench: Bench, name: str = "") -> list[int]:
    sizes = QUICK_SIZES if bench.quick else SIZES
    most = (QUICK_MOST if bench.quick else MOST).get(name, sizes[-1])
    return [size for size in sizes if size <= most]


async def _vectors(size: int, seed: int) -> Take:
    index, near = grown_index(size, seed)
    asked = cycle(near)

    async def search() -> None:
        index.nearest(next(asked), 1)

    return await calibrated(search, "hit", unit=1)


async def _typed(store: Store, size: int) -> Take:
    """Questions with a typing error."""
    for number in range(size):
        request = ask(f"Where is my parcel {number}, please?")
        await keep(store, request, "On its way.")
    texts = (f"where is my pacrel {number} please" for number in range(size))
    asked = cycle([ask(text) for text in texts])
    return await calibrated(
        lambda: find_kept(store, next(asked)), "hit", unit=1
    )


async def _repeated(store: Store, size: int) -> Take:
    """The same questions again, one after the other."""
    kept = [ask(f"Of {size}, where is order {n}?") for n in range(size)]
    for start in range(0, size, AT_ONCE):
        await asyncio.gather(
            *(keep(store, r, "On its way.") for r in kept[start:][:AT_ONCE])
        )
    asked = cycle(kept)

    async def take() -> Mapping[str, float]:
        began = time.perf_counter()
        for request in islice(asked, ROUND_TRIPS):
            await find_kept(store, request)
        return {"hit": (time.perf_counter() - began) / ROUND_TRIPS}

    return take


def _finding(
    found: Mapping[str, Mapping[int, Estimate]],
    bench: Bench,
    warnings: tuple[str, ...],
) -> Finding:
    sizes = _sizes(bench)
    return Finding(
        _title(found),
        f"{bench.rounds} interleaved rounds; median, bars 95 % by the sign "
        "test. Mappings alone; of Redis a whole look-up, one after the other; "
        f"vectors of {WIDTH} numbers, without embedding or a graph, the "
        f"nearest at a cosine of about {NEAR:g}; above {BITS_ABOVE:,} their "
        "sign bits say which to compare. Fuzzy with a typing error and the "
        "second check. What only goes on as before is left out.",
        cells(
            {
                name: [_micro(by_size.get(size)) for size in sizes]
                for name, by_size in found.items()
            },
            {f"{size:,} entries": "µs" for size in sizes},
        ),
        {
            "curves": {
                name: [
                    [size, e.value, e.low, e.high]
                    for size, e in by_size.items()
                ]
                for name, by_size in found.items()
            },
        },
        warnings,
    )


def _micro(seconds: Estimate | None) -> Estimate | None:
    if seconds is None:
        return None
    ends = (seconds.value, seconds.low, seconds.high)
    return Estimate(*(1e6 * end for end in ends))


def _title(found: Mapping[str, Mapping[int, Estimate]]) -> str:
    def told(name: str) -> str:
        size, estimate = max(found[name].items())
        return f"{brief(estimate.value)} among {size:,}"

    return (
        f"An LRU finds an entry in {told('LRU')}; the nearest vector takes "
        f"{told('nearest vector')}, the most similar letters {told('fuzzy')} "
        "(lower is better)"
    )


STUDY = Study(
    "look_up_time",
    "What does a look-up take among more and more entries?",
    "measured",
    run,
)
