"""What was used least recently goes first, and both bounds hold."""

from __future__ import annotations

import math
from collections import OrderedDict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimizations.caching.lru import LRUCache


def test_what_was_read_stays_and_what_was_not_goes() -> None:
    cache: LRUCache[str, int] = LRUCache(2)
    cache["a"], cache["b"] = 1, 2
    assert cache["a"] == 1
    cache["c"] = 3
    assert list(cache) == ["a", "c"]
    assert cache.evictions == 1


def test_writing_again_is_using() -> None:
    cache: LRUCache[str, int] = LRUCache(2)
    cache["a"], cache["b"] = 1, 2
    cache["a"] = 3
    cache["c"] = 4
    assert list(cache) == ["a", "c"]


def test_looking_is_not_using_and_not_counted() -> None:
    cache: LRUCache[str, int] = LRUCache(2)
    cache["a"], cache["b"] = 1, 2
    assert "a" in cache
    assert [*cache.items()] == [("a", 1), ("b", 2)]
    assert [*cache.values()] == [1, 2]
    cache["c"] = 3
    assert "a" not in cache
    assert cache.hits == cache.misses == 0


def test_reads_are_counted_as_hits_and_misses() -> None:
    cache: LRUCache[str, int] = LRUCache()
    cache["a"] = 1
    assert cache["a"] == cache.get("a") == 1
    assert cache.get("b") is None
    with pytest.raises(KeyError):
        cache["b"]
    assert (cache.hits, cache.misses) == (2, 2)
    assert cache.snapshot()["entries"] == 1


def test_many_small_entries_make_room_for_a_large_one() -> None:
    cache: LRUCache[str, str] = LRUCache(100, max_bytes=10, size_of=len)
    for key in "abcde":
        cache[key] = "xx"
    cache["f"] = "x" * 7
    assert list(cache) == ["e", "f"]
    assert cache.bytes == 9


def test_what_is_larger_than_the_cache_pushes_nothing_out() -> None:
    cache: LRUCache[str, str] = LRUCache(max_bytes=10, size_of=len)
    cache["a"] = "small"
    cache["b"] = "x" * 11
    assert list(cache) == ["a"]
    cache["a"] = "x" * 11
    assert list(cache) == []  # and not the old value of "a" either
    assert (cache.bytes, cache.evictions) == (0, 2)


@pytest.mark.parametrize("bad", [0, -1, math.nan])
def test_a_bound_below_one_is_refused(bad: int) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        LRUCache(bad)
    with pytest.raises(ValueError, match="at least 1"):
        LRUCache(max_bytes=bad, size_of=len)


def test_a_bound_in_bytes_that_nobody_counts_is_refused() -> None:
    with pytest.raises(ValueError, match="size_of"):
        LRUCache(max_bytes=1000)


def test_any_text_is_a_key_and_a_value() -> None:
    cache: LRUCache[str, str] = LRUCache()
    for text in ("", "\ud800", "x" * 1_000_000, "\0"):
        cache[text] = text
        assert cache[text] == text


READS = st.tuples(st.sampled_from("gs"), st.integers(0, 12))


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.lists(READS, max_size=80), st.integers(1, 6), st.integers(1, 30))
def test_it_keeps_what_the_simplest_model_keeps(
    steps: list[tuple[str, int]], max_entries: int, max_bytes: int
) -> None:
    cache: LRUCache[int, int] = LRUCache(
        max_entries, max_bytes=max_bytes, size_of=lambda value: value
    )
    model: OrderedDict[int, int] = OrderedDict()
    for step, key in steps:
        if step == "g":
            assert cache.get(key) == model.get(key)
            if key in model:
                model.move_to_end(key)
        else:
            cache[key] = key
            model.pop(key, None)
            if key <= max_bytes:
                model[key] = key
            while len(model) > max_entries or sum(model.values()) > max_bytes:
                model.popitem(last=False)
        assert list(cache) == list(model)
        assert cache.bytes == sum(model.values())
