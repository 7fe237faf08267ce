"""What an entry of each cache in memory weighs, and what a call takes."""

from __future__ import annotations

from collections.abc import Callable

from benchmark.intervals.digits import shown
from benchmark.intervals.estimates import Estimate, median_estimate
from benchmark.measured.mappings import (
    CALLS,
    Cache,
    bytes_each,
    filled,
    hits,
    keys,
    misses,
    take_of,
    writes,
)
from benchmark.measured.rounds import Bench, Series, interleaved
from benchmark.study import Finding, Study, cells
from optimizations.caching.memory.lru import LRUCache
from optimizations.caching.memory.s3_fifo import S3FIFOCache
from optimizations.caching.memory.ttl import TTLCache

ENTRIES = 10_000
HOUR_SECONDS = 3600.0
CALLS_OF = ("hit", "miss", "write")

CACHES: dict[str, Callable[[], Cache]] = {
    "dict": dict,
    "LRU": lambda: LRUCache(ENTRIES),
    "TTL": lambda: TTLCache(HOUR_SECONDS, max_entries=ENTRIES),
    "S3-FIFO": lambda: S3FIFOCache(ENTRIES),
}


async def run(bench: Bench) -> Finding:
    """All of them full, and interleaved."""
    known = keys(ENTRIES)
    takes = {}
    for name, make in CACHES.items():
        cache = filled(make(), known)
        figures = {"hit": hits(cache, known), "miss": misses(cache)}
        # written to is another one, or the hits would be thrown out
        figures["write"] = writes(filled(make(), known))
        takes[name] = take_of(figures, unit=1e-9)
    units = dict.fromkeys(CALLS_OF, "ns")
    series = await interleaved(takes, units, bench.rounds, bench.tick)
    calls = {(one.operation, one.figure): _estimate(one) for one in series}
    more = keys(3 * ENTRIES)
    weights = {name: bytes_each(make, more) for name, make in CACHES.items()}
    rows: dict[str, list[Estimate | float | None]] = {
        name: [*(calls[name, call] for call in CALLS_OF), weights[name]]
        for name in CACHES
    }
    return Finding(
        _title(calls, weights),
        f"{ENTRIES:,} entries, {bench.rounds} interleaved rounds of {CALLS:,} "
        "calls: median, bars 95 % by the sign test. A write is of a new key, "
        "so that in a full cache another one goes; the dict just grows. "
        "Bytes of an entry without its key and its value.",
        cells(rows, {**units, "bytes an entry": ""}),
        {
            "calls": {
                name: [
                    [e.value, e.low, e.high]
                    for e in (calls[name, call] for call in CALLS_OF)
                ]
                for name in CACHES
            },
            "bytes": weights,
        },
    )


def _estimate(series: Series) -> Estimate:
    return median_estimate(series.values)


def _title(
    calls: dict[tuple[str, str], Estimate], weights: dict[str, float]
) -> str:
    plain, lru, modern = (
        calls[n, "hit"].value for n in ("dict", "LRU", "S3-FIFO")
    )
    return (
        f"A hit takes {shown(lru, digits=2)} ns in an LRU and "
        f"{shown(modern, digits=2)} ns in S3-FIFO, {shown(plain, digits=2)} "
        f"in a dict; an entry takes {weights['LRU']:.0f} and "
        f"{weights['S3-FIFO']:.0f} bytes (lower is better)"
    )


STUDY = Study(
    "cost",
    "What does a cache in memory cost by itself?",
    "measured",
    run,
)
