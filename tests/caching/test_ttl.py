"""Entries expire at the time set when they were written, each at its own."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterable
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


def test_jitter_spreads_the_expiry_of_what_was_written_together() -> None:
    async def main() -> None:
        cache: TTLCache[int, int] = TTLCache(100, jitter=0.2)
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


def test_how_long_a_key_lives_is_drawn_for_that_key_alone() -> None:
    """Drawn from one generator in the order of writing, every result would
    change with it.
    """

    async def main(keys: Iterable[int], seed: int) -> set[int]:
        cache: TTLCache[int, int] = TTLCache(10, jitter=0.9, seed=seed)
        for key in keys:
            cache[key] = key
        await asyncio.sleep(5)
        return set(cache)

    first = run_virtual(main(range(50), 7))
    assert first == run_virtual(main(reversed(range(50)), 7))
    assert first != run_virtual(main(range(50), 8))
    assert 0 < len(first) < 50


def test_what_has_expired_is_dropped_by_later_writes_without_being_read() -> (
    None
):
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


def test_when_full_what_has_expired_goes_first() -> None:
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


def test_an_expired_key_written_anew_does_not_expire_as_its_old_self() -> None:
    """More had expired than one write drops, and the new value needs room."""

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
        assert cache.snapshot()["scheduled"] < 100

    run_virtual(main())


@pytest.mark.parametrize(
    "bad",
    [
        {"ttl_seconds": math.nan},
        {"ttl_seconds": math.inf},
        {"ttl_seconds": 0},
        {"ttl_seconds": -1},
        {"ttl_seconds": 1, "jitter": 1.0},
        {"ttl_seconds": 1, "jitter": -0.1},
        {"ttl_seconds": 1, "jitter": math.nan},
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
def test_nothing_expired_is_ever_served_and_nothing_living_lost(
    steps: list[tuple[str, int]],
) -> None:
    async def main() -> None:
        cache: TTLCache[int, int] = TTLCache(4)
        expires_at: dict[int, float] = {}
        for step, key in steps:
            match step:
                case "g":
                    alive = expires_at.get(key, 0) > now()
                    assert (cache.get(key) is not None) == alive
                case "s":
                    cache[key] = key
                    expires_at[key] = now() + 4
                case "d" if key in cache:
                    del cache[key]
                    del expires_at[key]
                case "w":
                    await asyncio.sleep(key)
            living = {k for k, when in expires_at.items() if when > now()}
            assert {key for key in range(6) if key in cache} == living
        assert set(cache) == living if steps else True
        assert len(cache) == sum(when > now() for when in expires_at.values())

    run_virtual(main())
