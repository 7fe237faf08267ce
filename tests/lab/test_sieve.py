"""SIEVE as its authors describe it."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from lab.belady import hit_ratio, optimum
from lab.sieve import Sieve


def test_who_was_used_stays_in_its_place_and_who_was_not_leaves() -> None:
    cache = Sieve(3)
    for key in "abc":
        cache[key] = key
    cache.get("a")
    cache["d"] = "d"  # the hand passes a, and b leaves
    assert list(cache) == ["a", "c", "d"]
    cache["e"] = "e"  # it goes on where it was: c, though a is older
    assert list(cache) == ["a", "d", "e"]


def test_the_hand_goes_round() -> None:
    cache = Sieve(2)
    for key in "ab":
        cache[key] = key
        cache.get(key)
    cache["c"] = "c"  # both were used: after one round the oldest leaves
    assert list(cache) == ["b", "c"]


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(st.integers(0, 9), max_size=80), st.integers(1, 6))
def test_it_keeps_its_bound_and_beats_nobody_who_knows_the_future(
    keys: list[int], size: int
) -> None:
    cache = Sieve(size)
    assert hit_ratio(cache, keys) <= optimum(keys, size)
    assert len(cache) <= size
