"""Laws that every cache keeps while it has room and time: it is a mapping."""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimizations.caching.memory.lru import LRUCache
from optimizations.caching.memory.s3_fifo import S3FIFOCache
from optimizations.caching.memory.ttl import TTLCache

Make = Callable[[], MutableMapping[str, int]]

MAPPINGS: dict[str, Make] = {
    "dict": dict,
    "LRUCache": LRUCache,
    "TTLCache": lambda: TTLCache(60.0),
    "TTLCache with jitter": lambda: TTLCache(60, jitter=0.5),
    "S3FIFOCache": S3FIFOCache,
    "LRUCache that counts bytes": lambda: LRUCache(size_of=int),
    "TTLCache that counts bytes": lambda: TTLCache(60.0, size_of=int),
    "S3FIFOCache that counts bytes": lambda: S3FIFOCache(size_of=int),
}
every_mapping = pytest.mark.parametrize(
    "make", list(MAPPINGS.values()), ids=list(MAPPINGS)
)


@every_mapping
def test_what_was_written_is_read(make: Make) -> None:
    mapping = make()
    mapping["a"] = 1
    mapping["a"] = 2
    assert mapping["a"] == mapping.get("a") == 2
    assert len(mapping) == 1


@every_mapping
def test_what_was_never_written_is_missing(make: Make) -> None:
    mapping = make()
    assert mapping.get("a") is None
    assert mapping.get("a", 7) == 7
    assert "a" not in mapping
    with pytest.raises(KeyError):
        mapping["a"]
    with pytest.raises(KeyError):
        del mapping["a"]
    with pytest.raises(KeyError):
        mapping.popitem()


@pytest.mark.parametrize(
    "make", [dict, LRUCache, lambda: TTLCache(60.0), S3FIFOCache]
)
def test_a_stored_nothing_is_not_a_miss(make: Callable[[], Any]) -> None:
    mapping = make()
    mapping["a"] = None
    assert "a" in mapping
    assert mapping["a"] is None
    assert mapping.get("a", 7) is None


@every_mapping
def test_looking_through_all_entries_is_allowed(make: Make) -> None:
    mapping = make()
    mapping.update(a=1, b=2, c=3)
    assert sorted(mapping) == ["a", "b", "c"]
    assert sorted(mapping.items()) == [("a", 1), ("b", 2), ("c", 3)]
    assert sorted(mapping.values()) == [1, 2, 3]
    assert mapping == {"a": 1, "b": 2, "c": 3}
    for key in list(mapping):
        del mapping[key]
    assert not mapping


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["set", "get", "delete", "pop", "clear", "default"]),
        st.sampled_from("abcde"),
        st.integers(0, 9),
    )
)


@every_mapping
@settings(max_examples=60, deadline=None, derandomize=True)
@given(steps=STEPS)
def test_it_behaves_like_a_dict(
    make: Make, steps: list[tuple[str, str, int]]
) -> None:
    mapping, model = make(), dict[str, int]()
    for step, key, value in steps:
        for each in (mapping, model):
            match step:
                case "set":
                    each[key] = value
                case "delete" if key in each:
                    del each[key]
                case "clear":
                    each.clear()
                case _:
                    pass
        if step == "get":
            assert mapping.get(key) == model.get(key)
        elif step == "pop":
            assert mapping.pop(key, None) == model.pop(key, None)
        elif step == "default":
            got = mapping.setdefault(key, value)
            assert got == model.setdefault(key, value)
        assert dict(mapping.items()) == model
        assert len(mapping) == len(model)
