"""Entries expire at the time set when they were written, each at its own."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimizations.caching.memory.ttl import TTLCache
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


def test_what_has_expired_is_not_seen_by_a_mere_look_either() -> None:
    async def main() -> None:
        cache: TTLCache[str, int] = TTLCache(10)
        cache["a"] = 1
        assert cache.peek("a") == 1
        await asyncio.sleep(10)
        assert cache.peek("a") is None

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


def test_what_has_expired_is_dropped_by_a_later_write_without_being_read() -> (
    None
):
    async def main() -> None:
        cache: TTLCache[int, str] = TTLCache(10, size_of=len)
        for key in range(1000):
            cache[key] = "x"
        await asyncio.sleep(11)
        cache[1000] = "y"
        assert cache.bytes == 1  # no read, no len(): the write did it
        assert cache.expirations == 1000

    run_virtual(main())


def test_with_jitter_nothing_expired_hides_behind_what_lives_longer() -> None:
    """They are looked for in the order of writing, which is not quite that of
    expiring.
    """

    async def main() -> None:
        cache: TTLCache[int, str] = TTLCache(10, jitter=0.9, size_of=len)
        for key in range(500):
            cache[key] = "x"
            await asyncio.sleep(0.01)
        living = sum(key in cache for key in range(500))
        assert 0 < living < 500
        assert len(cache) == cache.bytes == living

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

    run_virtual(main())


def test_when_full_the_oldest_goes_that_was_not_used_since_last_asked() -> (
    None
):
    async def main() -> None:
        cache: TTLCache[str, int] = TTLCache(10, max_entries=3)
        cache.update(a=1, b=2, c=3)
        assert cache["a"] == 1
        cache["d"] = 4  # "a" has its second chance, and "b" goes
        assert list(cache) == ["a", "c", "d"]
        cache["a"] = 5  # writing again is using
        cache["e"] = 6
        assert list(cache) == ["d", "a", "e"]
        cache["f"] = 7
        assert "f" in cache
        assert len(cache) == 3

    run_virtual(main())


def test_an_expired_key_written_anew_does_not_expire_as_its_old_self() -> None:
    async def main() -> None:
        cache: TTLCache[int, str] = TTLCache(10, max_bytes=30, size_of=len)
        for key in range(30):
            cache[key] = "x"
        await asyncio.sleep(11)
        cache[29] = "y" * 30
        assert cache[29] == "y" * 30
        assert cache.bytes == 30

    run_virtual(main())


def test_what_has_expired_cannot_be_deleted_or_taken_out() -> None:
    async def main() -> None:
        cache: TTLCache[str, int] = TTLCache(10)
        cache.update(a=1, b=2)
        await asyncio.sleep(10)
        with pytest.raises(KeyError):
            del cache["a"]
        assert cache.pop("b", None) is None
        with pytest.raises(KeyError):
            cache.popitem()
        assert cache.expirations == 2

    run_virtual(main())


def test_it_also_works_outside_a_loop() -> None:
    cache: TTLCache[str, int] = TTLCache(3600.0)
    cache["a"] = 1
    assert cache["a"] == 1
    assert list(cache) == ["a"]


def test_lives_of_any_length_are_allowed() -> None:
    async def main() -> None:
        for ttl_seconds in (5e-324, 1e-9, 1.7e308):
            await asyncio.sleep(1)
            cache: TTLCache[str, int] = TTLCache(ttl_seconds, jitter=0.999)
            cache["a"] = cache["b"] = 1
            assert len(cache) in (0, 2)

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
    st.tuples(st.sampled_from("gssdtw"), st.integers(0, 9)), max_size=80
)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(STEPS, st.integers(1, 12))
def test_nothing_expired_is_ever_served_and_nothing_living_lost(
    steps: list[tuple[str, int]], max_entries: int
) -> None:
    """But for what made room, and that is counted."""

    async def main() -> None:
        cache: TTLCache[int, int] = TTLCache(4, max_entries=max_entries)
        living: dict[int, float] = {}
        for step, key in steps:
            match step:
                case "g":
                    assert (cache.get(key) is not None) == (key in living)
                case "s":
                    evicted = cache.evictions
                    full = len(living) == max_entries and key not in living
                    cache[key] = key
                    assert cache.evictions - evicted == full
                    living = {k: t for k, t in living.items() if k in cache}
                    living[key] = now() + 4
                case "d":
                    assert (cache.pop(key, None) is None) == (
                        key not in living
                    )
                    living.pop(key, None)
                case "t" if living:
                    taken, _ = cache.popitem()
                    del living[taken]
                case "w":
                    await asyncio.sleep(key / 4)
            living = {k: t for k, t in living.items() if t > now()}
            assert set(cache) == set(living)
            assert {key for key in range(10) if key in cache} == set(living)

    run_virtual(main())
