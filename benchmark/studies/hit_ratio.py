"""What a larger cache finds, by its policy, and how far that is from what
anybody could find.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from benchmark.intervals.digits import shown
from benchmark.intervals.estimates import Estimate, estimate
from benchmark.measured.rounds import Bench
from benchmark.study import Finding, Study, cells
from lab.belady import hit_ratio, optimum
from lab.key_traffic import moving_keys, with_strangers, zipf_keys
from lab.sieve import Sieve
from optimizations.caching.memory.lru import LRUCache
from optimizations.caching.memory.s3_fifo import S3FIFOCache

FULL = 60_000, 30_000, 4  # keys, of so many things, days
QUICK = 10_000, 3_000, 3
PARTS = (300, 100, 30, 10, 3)  # of all things, a cache holds one in so many
QUICK_PARTS = (300, 30, 3)
STRANGERS = 1 / 3
ENDLESS, OPTIMUM = "endless dict", "Belady's optimum"
Keys = Sequence[str]
Ratios = Mapping[str, Mapping[str, Sequence[Estimate]]]

POLICIES: dict[str, Callable[[Keys, int], float]] = {
    ENDLESS: lambda keys, size: hit_ratio({}, keys),
    "LRU": lambda keys, size: hit_ratio(LRUCache(size), keys),
    "SIEVE": lambda keys, size: hit_ratio(Sieve(size), keys),
    "S3-FIFO": lambda keys, size: hit_ratio(S3FIFOCache(size), keys),
    OPTIMUM: optimum,
}


def _plain(count: int, things: int, seed: int) -> Keys:
    return zipf_keys(count, things=things, seed=seed)


def _strange(count: int, things: int, seed: int) -> Keys:
    keys = _plain(count, things, seed)
    return with_strangers(keys, share=STRANGERS, seed=seed)


def _moving(count: int, things: int, seed: int) -> Keys:
    return moving_keys(count, things=things, seed=seed)


TRAFFIC = {
    "Zipf": _plain,
    "a third strangers": _strange,
    "hot set moved midway": _moving,
}


async def run(bench: Bench) -> Finding:
    """Every policy on the same keys, at every size."""
    count, things, days = QUICK if bench.quick else FULL
    parts = QUICK_PARTS if bench.quick else PARTS
    sizes = [things // part for part in parts]
    seeds = range(bench.seed * 1000, bench.seed * 1000 + days)
    ratios = {
        name: _ratios([keys(count, things, seed) for seed in seeds], sizes)
        for name, keys in TRAFFIC.items()
    }
    return Finding(
        _title(ratios, sizes),
        f"{days} seeds of {count:,} keys, of {things:,} things by Zipf's law; "
        "each key is written where it was not found. Belady's optimum knows "
        "the future: nobody can hit more. The endless dict forgets nothing "
        "and grows. Bars: 95 % over the seeds.",
        cells(
            {
                f"{name}: {policy}": found
                for name, policies in ratios.items()
                for policy, found in policies.items()
            },
            {f"{size:,} entries": "% hits" for size in sizes},
        ),
        {
            "sizes": sizes,
            "panels": {
                name: {
                    policy: [[e.value, e.low, e.high] for e in found]
                    for policy, found in policies.items()
                }
                for name, policies in ratios.items()
            },
        },
    )


def _ratios(
    days: Sequence[Keys], sizes: Sequence[int]
) -> dict[str, list[Estimate]]:
    return {
        policy: [
            estimate([100 * ratio(keys, size) for keys in days], (0, 100))
            for size in sizes
        ]
        for policy, ratio in POLICIES.items()
    }


def _title(ratios: Ratios, sizes: Sequence[int]) -> str:
    """Where the strangers are, and the cache is neither tiny nor ample."""
    middle = len(sizes) // 2
    found = {
        policy: shown(figures[middle].value)
        for policy, figures in ratios["a third strangers"].items()
    }
    return (
        f"Among strangers, {sizes[middle]:,} entries of S3-FIFO find "
        f"{found['S3-FIFO']} %, of an LRU {found['LRU']} %; the best "
        f"possible is {found[OPTIMUM]} % (higher is better)"
    )


STUDY = Study("hit_ratio", "What does a larger cache find?", "simulated", run)
