"""Entries die at the time set when they were written, each at its own."""

from __future__ import annotations

import asyncio
import math
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimizations.caching.ttl import TTLCache
from optimizations.clock import now, run_virtual


def test_an_entry_lives_as_long_as_it_was_given() -> None:
    async def main() -> None:
        cache: TTLCache[str, int] = TTLCache(10)
        cache["a"] = 1
        await asyncio.sleep(9.99)
        assert cache["a"] == 1
        await asyncio.sleep(0.02)
        assert "a" not in cache
        assert cache.get("a") is None
        assert cache.snapshot()["expirations"] == 1
        assert cache.bytes == 0

    run_virtual(main())


def test_reading_does_not_extend_a_life_but_writing_does() -> None:
    """Otherwise the most popular answer is the one never refreshed."""

    async def main() -> None:
        cache: TTLCache[str, int] = TTLCache(10)
        cache["read"] = cache["written"] = 1
        for _ in range(3):
            await asyncio.sleep(3)
            assert cache["read"] == 1
        cache["written"] = 2
        await asyncio.sleep(2)
        assert list(cache) == ["written"]
        await asyncio.sleep(8)
        assert not cache

    run_virtual(main())


def test_jitter_spreads_the_deaths_of_what_was_written_together() -> None:
    async def main() -> None:
        cache: TTLCache[int, int] = TTLCache(100, jitter=0.2, draws=Random(1))
        for key in range(1000):
            cache[key] = key
        left = []
        for _ in range(5):
            await asyncio.sleep(20)
            left.append(len(cache))
        assert left[:3] == [1000, 1000, 1000]
        assert left[4] == 0
        await asyncio.sleep(0)

    run_virtual(main())


def test_the_same_draws_give_the_same_deaths() -> None:
    async def main() -> list[int]:
        cache: TTLCache[int, int] = TTLCache(10, jitter=0.9, draws=Random(7))
        for key in range(50):
            cache[key] = key
        await asyncio.sleep(5)
        return list(cache)

    first, second = run_virtual(main()), run_virtual(main())
    assert first == second
    assert 0 < len(first) < 50


def test_the_dead_are_buried_by_later_writes_without_being_read() -> None:
    async def main() -> None:
        cache: TTLCache[int, str] = TTLCache(10, size_of=len)
        for key in range(1000):
            cache[key] = "x"
        await asyncio.sleep(11)
        for key in range(1000, 1300):
            cache[key] = "y"
        assert cache.bytes == 300  # no read, no len(): the writes did it
        assert cache.expirations == 1000

    run_virtual(main())


def test_when_full_the_dead_go_before_the_living() -> None:
    async def main() -> None:
        cache: TTLCache[str, int] = TTLCache(10, max_entries=3)
        cache["old"] = 1
        await asyncio.sleep(5)
        cache["a"], cache["b"] = 1, 2
        assert cache["old"] == 1  # now used most recently
        await asyncio.sleep(6)
        cache["c"] = 3
        assert list(cache) == ["a", "b", "c"]
        assert (cache.expirations, cache.evictions) == (1, 0)
        cache["d"] = 4
        assert list(cache) == ["b", "c", "d"]
        assert cache.evictions == 1

    run_virtual(main())


def test_a_dead_key_written_anew_is_not_buried_as_its_old_self() -> None:
    """More dead than one write buries, and the new value needs room."""

    async def main() -> None:
        cache: TTLCache[int, str] = TTLCache(10, max_bytes=30, size_of=len)
        for key in range(30):
            cache[key] = "x"
        await asyncio.sleep(11)
        cache[29] = "y" * 30
        assert cache[29] == "y" * 30
        assert cache.bytes == 30

    run_virtual(main())


def test_one_key_written_for_ever_takes_no_more_room() -> None:
    async def main() -> None:
        cache: TTLCache[str, int] = TTLCache(1e9)
        for value in range(10_000):
            cache["a"] = value
        graves = cache._heap
        assert len(graves) < 100

    run_virtual(main())


@pytest.mark.parametrize(
    "bad",
    [
        {"ttl_seconds": math.nan},
        {"ttl_seconds": math.inf},
        {"ttl_seconds": 0},
        {"ttl_seconds": -1},
        {"ttl_seconds": 1, "jitter": 1.0, "draws": Random(1)},
        {"ttl_seconds": 1, "jitter": math.nan, "draws": Random(1)},
        {"ttl_seconds": 1, "jitter": 0.1},
        {"ttl_seconds": 1, "max_entries": 0},
    ],
)
def test_bad_bounds_are_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        TTLCache(**bad)


STEPS = st.lists(
    st.tuples(st.sampled_from("gsdw"), st.integers(0, 5)), max_size=60
)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(STEPS)
def test_nothing_dead_is_ever_served_and_nothing_living_lost(
    steps: list[tuple[str, int]],
) -> None:
    async def main() -> None:
        cache: TTLCache[int, int] = TTLCache(4)
        dies_at: dict[int, float] = {}
        for step, key in steps:
            match step:
                case "g":
                    alive = dies_at.get(key, 0) > now()
                    assert (cache.get(key) is not None) == alive
                case "s":
                    cache[key] = key
                    dies_at[key] = now() + 4
                case "d" if key in cache:
                    del cache[key]
                    del dies_at[key]
                case "w":
                    await asyncio.sleep(key)
            living = {k for k, when in dies_at.items() if when > now()}
            assert {key for key in range(6) if key in cache} == living
        assert set(cache) == living if steps else True
        assert len(cache) == sum(when > now() for when in dies_at.values())

    run_virtual(main())
