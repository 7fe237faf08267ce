"""The stated numbers of the caches in memory: how fast, how small, how good.

Every figure is a ratio of two caches that took turns in one run, in an order
drawn anew for each round, and the median of the rounds: another program on
this machine slows both.
"""

from __future__ import annotations

import asyncio
import functools
import gc
import time
import tracemalloc
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from random import Random
from statistics import median
from typing import Any

import pytest

from lab.belady import hit_ratio, optimum
from lab.key_traffic import moving_keys, with_strangers, zipf_keys
from optimizations.caching.memory.lru import LRUCache
from optimizations.caching.memory.s3_fifo import S3FIFOCache
from optimizations.caching.memory.ttl import TTLCache
from tests.conftest import Proof

pytestmark = pytest.mark.proof

Cache = MutableMapping[str, str]
CAPACITY, REQUESTS, THINGS = 10_000, 300_000, 100_000
ROUNDS, SLICE = 40, 5_000
VALUE = "x" * 500
MOST_BYTES = CAPACITY * len(VALUE)  # as many entries
COUNTED: dict[str, Any] = {"max_bytes": 10**12, "size_of": len}
SIZES = (1_000, 10_000, 100_000)
LARGE, SMALL = 1_000_000, 1_000


def ttl(max_entries: int, **options: Any) -> TTLCache[str, str]:
    return TTLCache(3600.0, max_entries=max_entries, **options)


@functools.cache
def zipf() -> list[str]:
    return zipf_keys(REQUESTS, things=THINGS, seed=1)


@functools.cache
def workloads() -> Mapping[str, list[str]]:
    return {
        "Zipf": zipf(),
        "Zipf, a third strangers": with_strangers(zipf(), share=1 / 3, seed=1),
        "hot set replaced": moving_keys(REQUESTS, things=THINGS, seed=1),
    }


def seconds(cache: Cache, keys: Sequence[str]) -> float:
    """What it takes to ask for each key, and to write what is not there."""
    began = time.perf_counter()
    for key in keys:
        if cache.get(key) is None:
            cache[key] = VALUE
    return time.perf_counter() - began


def times_faster(ours: Cache, theirs: Cache) -> float:
    """On the same keys, inside an event loop, as in service."""
    keys = zipf()

    async def main() -> list[float]:
        for each in (ours, theirs):  # full, as they are in service
            seconds(each, keys)
        order, ratios = Random(1), []
        for start in range(0, ROUNDS * SLICE, SLICE):
            turn, took = keys[start : start + SLICE], {}
            for each in order.sample([ours, theirs], 2):
                took[id(each)] = seconds(each, turn)
            ratios.append(took[id(theirs)] / took[id(ours)])
        return ratios

    return median(asyncio.run(main()))


def test_lru_is_faster_than_that_of_cachetools(proof: Proof) -> None:
    peer = pytest.importorskip("cachetools", reason="pip install cachetools")
    ours = LRUCache[str, str](CAPACITY, **COUNTED)
    counting = times_faster(ours, peer.LRUCache(MOST_BYTES, getsizeof=len))
    plain = times_faster(ours, peer.LRUCache(CAPACITY))
    proof(
        "LRU: 1.5 times as fast as cachetools', both counting bytes",
        f"{counting:.2f} times; {plain:.2f} as where only ours counts",
        counting >= 1.5,
    )


def test_ttl_is_faster_than_that_of_cachetools(proof: Proof) -> None:
    peer = pytest.importorskip("cachetools", reason="pip install cachetools")
    ours = ttl(CAPACITY, **COUNTED)
    counting = times_faster(
        ours, peer.TTLCache(MOST_BYTES, 3600.0, getsizeof=len)
    )
    plain = times_faster(ours, peer.TTLCache(CAPACITY, 3600.0))
    proof(
        "TTL: 4 times as fast as cachetools', both counting bytes",
        f"{counting:.2f} times; {plain:.2f} as where only ours counts",
        counting >= 4,
    )


@pytest.mark.parametrize("make", [LRUCache, ttl, S3FIFOCache])
def test_a_million_entries_are_not_twice_as_slow_as_a_thousand(
    make: Callable[..., Cache], proof: Proof
) -> None:
    """Keys made for each call, as a service makes them; of ten times as many
    things as there is room for, the k-th wanted about 1 / k as often.
    """
    took: dict[int, list[float]] = {SMALL: [], LARGE: []}
    caches = {size: make(size, **COUNTED) for size in took}
    for size, each in caches.items():
        each.update({f"key {number}": VALUE for number in range(size)})
    draws = Random(1)
    for _ in range(ROUNDS):
        for size in draws.sample(sorted(took), 2):
            keys = [
                f"key {int((10 * size) ** draws.random())}"
                for _ in range(SLICE)
            ]
            took[size].append(seconds(caches[size], keys))
    pairs = zip(took[LARGE], took[SMALL], strict=True)
    slower = median(large / small for large, small in pairs)
    proof(
        f"{make.__name__}: 1 M entries at most twice as slow as 1 k",
        f"{slower:.2f} times as slow",
        slower <= 2,
    )


@pytest.mark.parametrize(
    ("make", "most"), [(LRUCache, 130), (ttl, 190)], ids=["LRU", "TTL"]
)
def test_an_entry_takes_few_bytes(
    make: Callable[..., Cache], most: int, proof: Proof
) -> None:
    """Besides its key and value; bytes counted, and twice as many written
    as there is room for.
    """
    each = {size: bytes_an_entry(make, size) for size in SIZES}
    told = ", ".join(f"{n:,}: {each[n]:.0f}" for n in SIZES)
    proof(
        f"{make.__name__}: at most {most} bytes an entry",
        told,
        max(each.values()) <= most,
    )


def bytes_an_entry(make: Callable[..., Cache], entries: int) -> float:
    keys = [f"key {number}" for number in range(2 * entries)]
    gc.collect()
    tracemalloc.start()
    cache = make(entries, **COUNTED)
    for key in keys:
        cache[key] = VALUE
    for key in keys[-entries:]:
        cache.get(key)
    gc.collect()
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(cache) == entries
    return held / entries


@pytest.mark.parametrize("capacity", [1_000, 10_000])
@pytest.mark.parametrize(
    "name", ["Zipf", "Zipf, a third strangers", "hot set replaced"]
)
def test_s3_fifo_has_more_hits_than_lru_and_most_of_the_possible(
    name: str, capacity: int, proof: Proof
) -> None:
    keys = workloads()[name]
    best = optimum(keys, capacity)
    lru = hit_ratio(LRUCache[str, bool](capacity), keys)
    aged = hit_ratio(TTLCache(3600.0, max_entries=capacity), keys)
    ours = hit_ratio(S3FIFOCache[str, bool](capacity), keys)
    moved = name == "hot set replaced"
    proof(
        f"{name}, {capacity:,} entries: S3-FIFO "
        + ("is measured" if moved else "above LRU, 0.88 of Belady"),
        f"{ours:.3f}; LRU {lru:.3f}, TTL {aged:.3f}, Belady {best:.3f}: "
        f"{ours / best:.3f} of it",
        moved or (ours > lru and ours >= 0.88 * best),
    )
