"""Values and their indexes stay in step, however values leave."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimizations.caching.similar.partitions import Index, Partitions, Place
from optimizations.clock import now, run_virtual


class Numbers(Index[int]):
    """Near is what differs little."""

    def __init__(self) -> None:
        self.forms: dict[Place, int] = {}

    def __len__(self) -> int:
        return len(self.forms)

    def add(self, key: Place, form: int, /) -> None:
        self.forms[key] = form

    def remove(self, key: Place, /) -> None:
        del self.forms[key]

    def nearest(
        self, form: int, k: int, at_least: float, /
    ) -> list[tuple[Place, float]]:
        scored = [(key, -abs(f - form)) for key, f in self.forms.items()]
        near = [(key, float(s)) for key, s in scored if s >= at_least]
        return sorted(near, key=lambda one: -one[1])[:k]


def made(**rest: Any) -> Partitions[int, str]:
    bounds = {"max_entries": 100, "max_bytes": 1000}
    return Partitions(Numbers, **(bounds | rest))


def test_a_search_stays_in_its_partition() -> None:
    kept = made()
    kept.put(("a", "x"), 1, "mine", bytes=1)
    kept.put(("b", "x"), 2, "yours", bytes=1)
    assert kept.nearest("a", 2, 9, -9) == [(("a", "x"), -1.0)]
    assert kept.nearest("c", 2, 9, -9) == []
    assert kept.get(("b", "x")) == "yours"
    assert kept.count == 2


def test_what_was_used_least_recently_leaves_with_its_partition() -> None:
    kept = made(max_entries=2)
    for name in "ab":
        kept.put((name, "x"), 1, name, bytes=1)
    kept.get(("a", "x"))  # looking is not using
    kept.touch(("a", "x"))
    kept.put(("c", "x"), 1, "c", bytes=1)
    assert [name in kept for name in "abc"] == [True, False, True]
    assert kept.evictions == 1


def test_what_is_larger_than_all_may_be_takes_nothing_along() -> None:
    kept = made(max_bytes=10)
    kept.put(("a", "x"), 1, "small", bytes=5)
    kept.put(("a", "y"), 1, "large", bytes=11)
    assert (len(kept), kept.bytes, kept.evictions) == (1, 5, 0)
    kept.put(("a", "x"), 1, "grown", bytes=11)
    assert kept.get(("a", "x")) is None  # rather than the older one


def test_nothing_expired_is_given_and_all_of_it_leaves_by_and_by() -> None:
    """Without a walk over everything: a few leave with each search."""

    async def main() -> None:
        kept = made()
        for number in range(20):
            kept.put(("a", str(number)), 0, "old", bytes=1, expires_at=5)
        kept.put(("a", "young"), 1, "young", bytes=1, expires_at=9)
        await asyncio.sleep(5)
        found = kept.nearest("a", 0, 3, -9)
        assert found == []  # the nearest three had expired
        assert kept.get(("a", "19")) is None
        while len(kept) > 1:
            before = len(kept)
            kept.nearest("elsewhere", 0, 1, -9)
            assert before - len(kept) <= 4
        assert kept.nearest("a", 0, 3, -9) == [(("a", "young"), -1.0)]
        assert (kept.expirations, kept.evictions) == (20, 0)
        await asyncio.sleep(4)
        assert kept.get(("a", "young")) is None
        assert (kept.count, kept.bytes) == (0, 0)

    run_virtual(main())


@pytest.mark.parametrize("name", ["max_entries", "max_bytes"])
def test_a_bound_below_one_is_refused(name: str) -> None:
    for bad in (0, -1, float("nan")):
        with pytest.raises(ValueError, match="at least 1"):
            made(**{name: bad})


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["put", "remove", "touch", "wait", "search"]),
        st.sampled_from("ab"),
        st.integers(0, 8),
        st.integers(1, 6),
    ),
    max_size=80,
)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(STEPS)
def test_it_agrees_with_a_dict_that_remembers_everything(
    steps: list[tuple[str, str, int, int]],
) -> None:
    async def main() -> None:
        kept = made(max_entries=6, max_bytes=20)
        written: dict[Place, tuple[str, int, float]] = {}
        for number, (step, partition, key, amount) in enumerate(steps):
            place = (partition, str(key))
            if step == "put":
                due = now() + amount
                written[place] = (f"{number}", key, due)
                kept.put(place, key, f"{number}", bytes=amount, expires_at=due)
            elif step == "remove":
                kept.remove(place)
                written.pop(place, None)
            elif step == "touch" and kept.get(place) is not None:
                kept.touch(place)
            elif step == "wait":
                await asyncio.sleep(1)
            else:
                for other, score in kept.nearest(partition, key, 9, -9):
                    value, form, due = written[other]
                    assert other[0] == partition
                    assert kept.get(other) == value
                    assert due > now()
                    assert score == -abs(form - key)
            assert len(kept) <= 6
            assert 0 <= kept.bytes <= 20
            assert (kept.bytes > 0) == (len(kept) > 0) == (kept.count > 0)

    run_virtual(main())
