"""Counts of the last seconds, against a list that remembers all."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimizations.sliding_window import SlidingWindow

CALLS = st.lists(
    st.tuples(st.floats(0, 5), st.booleans()), min_size=1, max_size=60
)


@given(CALLS)
@settings(max_examples=50, deadline=None, derandomize=True)
def test_it_counts_what_a_list_of_all_calls_would(
    calls: list[tuple[float, bool]],
) -> None:
    window, remembered, at = SlidingWindow(10.0), list[tuple[int, bool]](), 0.0
    for gap, good in calls:
        at += gap
        window.add(good, at)
        remembered.append((int(at), good))
        recent = [g for second, g in remembered if second > int(at) - 10]
        good_count = sum(recent)
        assert window.totals(at) == (good_count, len(recent) - good_count)


def test_memory_does_not_grow_with_the_calls() -> None:
    window = SlidingWindow(10.0)
    for number in range(10_000):
        window.add(True, number / 10)
    assert len(window._buckets) <= 10


@pytest.mark.parametrize("bad", [0, -1, float("nan"), float("inf")])
def test_a_window_without_length_is_refused(bad: float) -> None:
    with pytest.raises(ValueError, match="positive"):
        SlidingWindow(bad)
