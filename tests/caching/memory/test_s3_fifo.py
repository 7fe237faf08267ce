"""Strangers pass through; who is wanted stays, or comes back to stay."""

from __future__ import annotations

from collections import deque

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.belady import hit_ratio, optimum
from lab.key_traffic import moving_keys, with_strangers, zipf_keys
from optimizations.caching.memory.lru import LRUCache
from optimizations.caching.memory.s3_fifo import S3FIFOCache


def test_a_scan_does_not_push_out_what_is_used() -> None:
    cache: S3FIFOCache[str, int] = S3FIFOCache(100)
    lru: LRUCache[str, int] = LRUCache(100)
    hot = [f"hot {number}" for number in range(50)]
    for each in (cache, lru):
        each.update(dict.fromkeys(hot, 1))
        assert all(each.get(key) for key in hot)
        each.update({f"stranger {number}": 0 for number in range(1000)})
    assert all(key in cache for key in hot)
    assert not any(key in lru for key in hot)


def test_who_comes_back_soon_after_leaving_is_no_newcomer() -> None:
    cache: S3FIFOCache[int, int] = S3FIFOCache(10)
    for key in range(11):
        cache[key] = key
    assert 0 not in cache
    assert cache.snapshot()["ghosts"] == 1
    cache[0] = 0  # now in the main queue
    for key in range(100, 200):
        cache[key] = key
    assert 0 in cache


def test_what_it_remembers_of_those_who_left_is_bounded() -> None:
    cache: S3FIFOCache[int, int] = S3FIFOCache(10)
    for key in range(1000):
        cache[key] = key
    assert cache.snapshot()["ghosts"] <= 10
    assert cache.snapshot()["small"] <= 10
    cache.clear()
    assert cache.snapshot()["ghosts"] == 0


def test_the_newest_is_always_there_however_small_the_cache() -> None:
    for size in range(1, 12):
        cache: S3FIFOCache[int, int] = S3FIFOCache(size)
        for key in range(50):
            cache[key % 17] = key
            assert cache[key % 17] == key


ZIPF = zipf_keys(20_000, things=5000, seed=1)
SCANNED = with_strangers(ZIPF, share=1 / 3, seed=1)
MOVING = moving_keys(20_000, things=5000, seed=1)


@pytest.mark.parametrize("keys", [ZIPF, SCANNED, MOVING])
def test_it_has_more_hits_than_an_lru(keys: list[str]) -> None:
    ratio = hit_ratio(S3FIFOCache(250), keys)
    assert ratio > hit_ratio(LRUCache(250), keys)
    assert ratio > 0.85 * optimum(keys, 250)


class ThreePlainQueues:
    """Three queues and nothing else, as slow as they are plain."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.uses: dict[int, int] = {}
        self.small, self.main, self.ghost = deque[int](), deque[int](), [0][:0]

    def read(self, key: int) -> None:
        if key in self.uses:
            self.uses[key] = min(3, self.uses[key] + 1)

    def write(self, key: int) -> None:
        known = key in self.uses or key in self.ghost
        self.delete(key)
        while len(self.uses) >= self.capacity:
            self.evict()
        (self.main if known else self.small).append(key)
        self.uses[key] = 0
        if key in self.ghost:
            self.ghost.remove(key)

    def delete(self, key: int) -> None:
        if self.uses.pop(key, None) is not None:
            (self.small if key in self.small else self.main).remove(key)

    def evict(self) -> None:
        if len(self.small) > len(self.uses) // 10 or not self.main:
            key = self.small.popleft()
            if self.uses[key]:
                self.uses[key] = 0
                self.main.append(key)
                return
            self.ghost.append(key)
            del self.ghost[: -len(self.uses)]
        else:
            key = self.main.popleft()
            if self.uses[key]:
                self.uses[key] -= 1
                self.main.append(key)
                return
        del self.uses[key]


STEPS = st.lists(
    st.tuples(st.sampled_from("ggsssd"), st.integers(0, 30)), max_size=200
)


@settings(max_examples=80, deadline=None, derandomize=True)
@given(STEPS, st.integers(1, 25))
def test_it_keeps_what_the_simplest_model_keeps(
    steps: list[tuple[str, int]], capacity: int
) -> None:
    cache: S3FIFOCache[int, int] = S3FIFOCache(capacity)
    model = ThreePlainQueues(capacity)
    for step, key in steps:
        if step == "g":
            assert (cache.get(key) is not None) == (key in model.uses)
            model.read(key)
        elif step == "s":
            cache[key] = key
            model.write(key)
        else:
            cache.pop(key, None)
            model.delete(key)
        assert set(cache) == set(model.uses)
