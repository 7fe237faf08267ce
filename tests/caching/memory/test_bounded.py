"""What every bounded mapping promises besides being a mapping, whatever its
policy: bounds, counters, and a clear no.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimizations.caching.memory.bounded import BoundedMapping
from optimizations.caching.memory.lru import LRUCache
from optimizations.caching.memory.s3_fifo import S3FIFOCache
from optimizations.caching.memory.ttl import TTLCache

Make = Callable[..., BoundedMapping[str, Any]]


def ttl(max_entries: int = 10_000, **options: Any) -> TTLCache[str, Any]:
    return TTLCache(60.0, max_entries=max_entries, **options)


every_policy = pytest.mark.parametrize("make", [LRUCache, ttl, S3FIFOCache])


def test_a_plain_dict_grows_where_the_others_hold_their_bound() -> None:
    plain: dict[str, int] = {}
    bounded = [LRUCache(10), ttl(10), S3FIFOCache(10)]
    for number in range(1000):
        for mapping in (plain, *bounded):
            mapping[f"key {number}"] = number
    assert len(plain) == 1000
    for mapping in bounded:
        assert len(mapping) == 10
        assert mapping.evictions == 990


@every_policy
def test_many_small_entries_make_room_for_a_large_one(make: Make) -> None:
    cache = make(100, max_bytes=10, size_of=len)
    for key in "abcde":
        cache[key] = "xx"
    cache["f"] = "x" * 7
    assert cache["f"] == "x" * 7
    assert len(cache) == 2
    assert cache.bytes == 9
    assert cache.evictions == 4


@every_policy
def test_what_is_larger_than_the_cache_pushes_nothing_out(make: Make) -> None:
    cache = make(max_bytes=10, size_of=len)
    cache["a"] = "small"
    cache["b"] = "x" * 11
    assert list(cache) == ["a"]
    assert cache.setdefault("b", "x" * 11) == "x" * 11
    assert "b" not in cache
    cache["a"] = "x" * 11
    assert list(cache) == []  # and not the old value of "a" either
    assert (cache.bytes, cache.evictions) == (0, 3)


@every_policy
def test_a_value_as_large_as_the_cache_fits(make: Make) -> None:
    cache = make(max_bytes=65_536, size_of=len)
    cache["a"], cache["b"] = "x", "y" * 65_536
    assert list(cache) == ["b"]
    cache["b"] = ""
    assert cache.bytes == 0


@every_policy
def test_looking_is_not_using_and_not_counted(make: Make) -> None:
    cache = make(2)
    cache["a"], cache["b"] = 1, 2
    for _ in range(5):
        assert "a" in cache
        assert [*cache.items()] == [("a", 1), ("b", 2)]
        assert [*cache.values()] == [1, 2]
        assert [*cache.keys()] == [*cache] == ["a", "b"]
    assert cache.hits == cache.misses == 0
    cache["c"] = 3
    assert list(cache) == ["b", "c"]


@every_policy
def test_asking_for_one_key_is_a_hit_or_a_miss(make: Make) -> None:
    cache = make()
    cache["a"] = None
    assert cache["a"] is cache.get("a", 7) is cache.setdefault("a", 7) is None
    assert cache.get("b") is None
    with pytest.raises(KeyError):
        cache["b"]
    assert cache.setdefault("b", 2) == 2
    assert (cache.hits, cache.misses) == (3, 3)


@every_policy
def test_taking_out_is_no_hit_no_miss_and_no_eviction(make: Make) -> None:
    """A store deletes by `pop`, and that looked like a hit."""
    cache = make(max_bytes=100, size_of=len)
    cache.update(a="aa", b="bb", c="cc", d="dd")
    del cache["a"]
    assert cache.pop("b") == "bb"
    assert cache.pop("b", None) is None
    assert cache.popitem() == ("c", "cc")
    cache.clear()
    counted = cache.snapshot()
    assert not any(counted[name] for name in ("hits", "misses", "evictions"))
    assert counted["entries"] == counted["bytes"] == 0


@every_policy
def test_the_counters_are_in_the_snapshot(make: Make) -> None:
    cache = make(1, max_bytes=100, size_of=len)
    cache["a"], cache["b"] = "x", "xyz"
    cache.get("a")
    cache.get("b")
    counted = {"entries": 1, "bytes": 3, "hits": 1, "misses": 1}
    assert cache.snapshot().items() >= {**counted, "evictions": 1}.items()
    assert ("expirations" in cache.snapshot()) == (make is ttl)


@every_policy
@pytest.mark.parametrize("bad", [0, -1, math.nan])
def test_a_bound_below_one_is_refused(make: Make, bad: int) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        make(bad)
    with pytest.raises(ValueError, match="at least 1"):
        make(max_bytes=bad, size_of=len)


@every_policy
def test_a_bound_in_bytes_that_nobody_counts_is_refused(make: Make) -> None:
    with pytest.raises(ValueError, match="size_of"):
        make(max_bytes=1000)


@every_policy
@pytest.mark.parametrize("bad", [-1, math.nan])
def test_a_size_that_is_none_is_refused_and_changes_nothing(
    make: Make, bad: int
) -> None:
    cache = make(size_of=lambda value: bad if value == "bad" else 1)
    cache["a"] = "good"
    with pytest.raises(ValueError, match="0 or more"):
        cache["a"] = "bad"
    assert cache["a"] == "good"
    assert cache.bytes == 1


@every_policy
def test_any_text_is_a_key_and_a_value(make: Make) -> None:
    cache = make()
    for text in ("", "\ud800", "x" * 1_000_000, "\0"):
        cache[text] = text
        assert cache[text] == text


STEPS = st.lists(
    st.tuples(st.sampled_from("gsdpw"), st.integers(0, 12)), max_size=80
)


@every_policy
@settings(max_examples=60, deadline=None, derandomize=True)
@given(STEPS, st.integers(1, 12), st.integers(1, 30))
def test_bounds_and_counts_hold_whatever_happens(
    make: Make, steps: list[tuple[str, int]], max_entries: int, max_bytes: int
) -> None:
    cache = make(max_entries, max_bytes=max_bytes, size_of=int)
    written: dict[str, int] = {}
    asked = 0
    for step, number in steps:
        key = str(number)
        match step:
            case "g":
                asked += 1
                assert cache.get(key) in (None, written.get(key))
            case "s":
                cache[key] = written[key] = number
                assert (key in cache) == (number <= max_bytes)
            case "w":  # another value, of another size
                cache[key] = written[key] = max_bytes
                assert key in cache
                assert cache.bytes == max_bytes  # of it alone
            case "d":
                cache.pop(key, None)
            case _ if cache:
                taken, value = cache.popitem()
                assert taken not in cache
                assert value == written[taken]
        assert len(cache) == len(list(cache)) <= max_entries
        assert cache.bytes == sum(cache.values()) <= max_bytes
        assert all(written[key] == value for key, value in cache.items())
    assert cache.hits + cache.misses == asked
