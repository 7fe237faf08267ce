"""What was used least recently goes first, however full it is."""

from __future__ import annotations

from collections import OrderedDict

from hypothesis import given, settings
from hypothesis import strategies as st

from optimizations.caching.memory.lru import LRUCache


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


def test_who_is_used_after_the_oldest_were_found_is_not_among_them() -> None:
    """The oldest are looked for many at once, and meanwhile one is used."""
    cache: LRUCache[int, int] = LRUCache(256)
    for key in range(257):  # the first eviction: 1 to 4 are next
        cache[key] = key
    assert cache.get(1) == 1
    del cache[2]
    cache[2] = 2  # written anew
    cache.update({301: 301, 302: 302})
    assert list(cache)[:2] == [5, 6]
    assert list(cache)[-4:] == [1, 2, 301, 302]


STEPS = st.lists(
    st.tuples(st.sampled_from("gsdp"), st.integers(0, 40)), max_size=150
)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(STEPS, st.integers(1, 34), st.integers(1, 300))
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
        elif step == "d":
            assert cache.pop(key, None) == model.pop(key, None)
        elif step == "p" and model:
            assert cache.popitem() == model.popitem(last=False)
        elif step == "s":
            cache[key] = key
            model.pop(key, None)
            if key <= max_bytes:
                model[key] = key
            while len(model) > max_entries or sum(model.values()) > max_bytes:
                model.popitem(last=False)
        assert list(cache.items()) == list(model.items())
        assert cache.bytes == sum(model.values())
