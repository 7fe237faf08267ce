"""Nobody has more hits than who knows the future, and nobody needs fewer."""

from __future__ import annotations

import math
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.belady import hit_ratio, optimum
from optimizations.caching.memory.lru import LRUCache
from optimizations.caching.memory.s3_fifo import S3FIFOCache


def by_trying_everything(keys: tuple[int, ...], capacity: int) -> int:
    """The most hits that any choice of whom to throw out gives."""

    @cache
    def best(place: int, kept: frozenset[int]) -> int:
        if place == len(keys):
            return 0
        key = keys[place]
        if key in kept:
            return 1 + best(place + 1, kept)
        if len(kept) < capacity:
            return best(place + 1, kept | {key})
        return max(best(place + 1, kept - {out} | {key}) for out in kept)

    return best(0, frozenset())


KEYS = st.lists(st.integers(0, 5), max_size=12).map(tuple)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(KEYS, st.integers(1, 4))
def test_no_choice_of_victims_has_more_hits(
    keys: tuple[int, ...], capacity: int
) -> None:
    hits = optimum(keys, capacity) * len(keys)
    assert round(hits) == by_trying_everything(keys, capacity)


@settings(max_examples=50, deadline=None, derandomize=True)
@given(st.lists(st.integers(0, 30), max_size=200), st.integers(1, 20))
def test_no_policy_beats_it(keys: list[int], capacity: int) -> None:
    best = optimum(keys, capacity) + 1e-9
    assert hit_ratio(LRUCache(capacity), keys) <= best
    assert hit_ratio(S3FIFOCache(capacity), keys) <= best


def test_what_is_wanted_the_latest_goes() -> None:
    assert optimum("abcab", 2) == 1 / 5  # c can only take the place of one
    assert optimum("abcabc", 3) == 1 / 2
    assert optimum("abab", 100) == 1 / 2


def test_a_cache_that_keeps_everything_misses_only_the_first_time() -> None:
    assert hit_ratio({}, "aabbab") == 4 / 6
    assert optimum("aabbab", 2) == 4 / 6


def test_of_nothing_nothing_is_hit() -> None:
    assert hit_ratio({}, []) == optimum([], 1) == 0


@pytest.mark.parametrize("capacity", [0, -1, math.nan])
def test_no_room_is_refused(capacity: int) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        optimum("ab", capacity)
