"""The studies of this machine: what is in them, whatever it takes."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from functools import cache

from benchmark.measured.mappings import bytes_each, keys
from benchmark.measured.rounds import Bench
from benchmark.studies import cost, look_up_time, peers
from benchmark.studies.peers import Pair, Pairs
from benchmark.study import Finding
from lab.questions import load_bank
from optimizations.caching.memory.lru import LRUCache

NOBODY = "redis://127.0.0.1:1"  # where nothing listens


@cache
def bench() -> Bench:
    return Bench(load_bank(), 1, quick=True, redis_url=NOBODY)


@cache
def look_ups() -> Finding:
    return asyncio.run(look_up_time.run(bench()))


def test_each_cache_in_memory_has_its_calls_and_its_bytes() -> None:
    finding = asyncio.run(cost.run(bench()))
    assert {cell.row for cell in finding.cells} == set(cost.CACHES)
    assert all(cell.estimate.value > 0 for cell in finding.cells)
    assert finding.drawn["bytes"]["dict"] < finding.drawn["bytes"]["TTL"]


def test_bytes_are_of_what_is_kept_and_not_of_what_went_by() -> None:
    kept = bytes_each(lambda: LRUCache(100), keys(3000))
    assert 40 < kept < 400


def test_each_store_is_looked_up_at_several_sizes() -> None:
    curves = look_ups().drawn["curves"]
    assert {*look_up_time.MAPPINGS, "nearest vector", "fuzzy"} == set(curves)
    assert [size for size, *_ in curves["LRU"]] == [100, 1_000, 10_000]
    assert [size for size, *_ in curves["fuzzy"]] == [100, 1_000]


def test_a_redis_that_is_not_there_is_told_and_the_rest_goes_on() -> None:
    [warning] = look_ups().warnings
    assert warning.startswith("without Redis. ")


async def slow_and_fast(bench: Bench, parts: AsyncExitStack) -> Pairs:
    async def work(loops: int) -> object:
        return sum(range(loops))

    return {
        "adding": Pair("numpy", lambda: work(100), lambda: work(100_000), 1)
    }


async def not_installed(bench: Bench, parts: AsyncExitStack) -> Pairs:
    raise ModuleNotFoundError(name="nobodys_cache")


def test_a_peer_is_compared_within_each_round() -> None:
    finding = asyncio.run(peers.run(bench(), (slow_and_fast,)))
    [drawn] = finding.drawn["ratios"].values()
    assert drawn["ends"][2] < 0.5
    assert drawn["says"].endswith(": less time")
    assert "less time than other libraries for 1, more for 0" in finding.title
    assert finding.cells[0].row.startswith("adding: numpy ")


def test_a_peer_that_is_not_installed_is_named_with_the_remedy() -> None:
    finding = asyncio.run(peers.run(bench(), (not_installed,)))
    assert finding.warnings == (
        "nobodys_cache is not here: `pip install nobodys_cache`",
    )
    assert finding.title == "No peer is installed"
