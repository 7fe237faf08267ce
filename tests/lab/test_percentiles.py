"""A percentile is one of the samples, counted exactly."""

from __future__ import annotations

from fractions import Fraction
from math import inf, nan

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.percentiles import percentile, rank


def test_a_percentile_is_one_of_the_samples() -> None:
    assert percentile([5.0, 1.0, 3.0, 2.0, 4.0], 0.5) == 3
    assert percentile(range(1, 1001), 0.99) == 990
    assert percentile([7], 0.99) == 7


def test_a_share_is_the_decimal_number_that_it_is_written_as() -> None:
    """0.07 of 100 samples was the eighth: 0.07 * 100 is a little more than 7
    in floating point, and was rounded up.
    """
    for hundredths in range(1, 101):
        assert percentile(range(1, 101), hundredths / 100) == hundredths


def test_a_failure_stays_in_the_distribution() -> None:
    latencies = [1.0] * 98 + [inf] * 2
    assert percentile(latencies, 0.95) == 1
    assert percentile(latencies, 0.99) == inf


def test_nobody_was_served_where_there_is_no_sample() -> None:
    assert percentile([], 0.5) == inf


@pytest.mark.parametrize("share", [0.0, -0.1, 1.01, 50, nan])
def test_a_share_is_no_percentage(share: float) -> None:
    with pytest.raises(ValueError, match="above 0 and at most 1"):
        rank(10, share)


@given(
    st.lists(st.integers(0, 50), min_size=1, max_size=60),
    st.decimals("0.001", "1", places=3),
)
@settings(max_examples=200, derandomize=True, deadline=None)
def test_it_covers_the_share_and_the_next_smaller_sample_does_not(
    values: list[int], share: object
) -> None:
    cut = percentile(values, float(str(share)))
    wanted = len(values) * Fraction(str(share))
    assert sum(value <= cut for value in values) >= wanted
    assert sum(value < cut for value in values) < wanted
