"""One figure, and how far off it may be."""

from __future__ import annotations

import math
from math import inf, isnan
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmark.intervals.estimates import (
    estimate,
    median_and_mad,
    median_estimate,
    pooled_percentile,
    student,
)
from lab.percentiles import percentile


def test_an_interval_over_seeds_holds_the_truth_19_times_in_20() -> None:
    draws = Random(1)
    held = 0
    for _ in range(2000):
        interval = estimate([draws.gauss(10, 3) for _ in range(5)])
        held += interval.low <= 10 <= interval.high
    assert held / 2000 == pytest.approx(0.95, abs=0.015)


def test_one_seed_has_a_value_and_no_interval() -> None:
    alone = estimate([3.0])
    assert alone.value == 3
    assert isnan(alone.low)
    assert isnan(pooled_percentile([[1.0, 2.0, 3.0]], 0.5).low)


def test_a_seed_that_never_ended_leaves_no_interval() -> None:
    """It was one of no width, and printed as if it were exact."""
    assert isnan(estimate([1.0, inf, 2.0]).low)
    assert estimate([1.0, inf, 2.0]).value == inf


def test_no_share_is_below_nothing_or_above_all() -> None:
    few = estimate([0.0, 0.0, 3.0, 0.0], (0.0, 100.0))
    assert (few.low, few.value) == (0.0, 0.75)
    assert estimate([100.0, 96.0], (0.0, 100.0)).high == 100


@given(
    st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=12), st.floats(-9, 9)
)
@settings(max_examples=100, derandomize=True, deadline=None)
def test_an_interval_moves_with_its_values(
    values: list[float], by: float
) -> None:
    before, after = estimate(values), estimate([v + by for v in values])
    assert before.low <= before.value <= before.high
    assert after.value == pytest.approx(before.value + by, abs=1e-6)
    assert after.low == pytest.approx(before.low + by, abs=1e-6)


# --- percentiles of all samples ----------------------------------------------


def days(draws: Random, seeds: int, requests: int) -> list[list[float]]:
    """Seeds of which some are busier, all requests of one alike."""
    return [
        [math.exp(day + draws.gauss(0, 0.5)) for _ in range(requests)]
        for day in (draws.gauss(0, 0.15) for _ in range(seeds))
    ]


@pytest.mark.parametrize("share", [0.5, 0.95])
@pytest.mark.parametrize("seeds", [6, 20])
def test_a_percentiles_interval_holds_the_truth_9_times_in_10_or_more(
    share: float, seeds: int
) -> None:
    """Of the days as they are drawn, 95 % is what it promises; where seeds
    differ, the tails of few of them keep a little less.
    """
    draws, held, times = Random(3), 0, 300
    truth = percentile((w for d in days(draws, 3000, 40) for w in d), share)
    for _ in range(times):
        interval = pooled_percentile(days(draws, seeds, 60), share)
        held += interval.low <= truth <= interval.high
    assert 0.9 <= held / times <= 0.985


def test_a_percentile_lies_within_its_interval_as_skewed_as_it_is() -> None:
    """Its interval was one around the mean of each seed's percentile, so that
    2.65 had one from 1.53 to 3.78, where no sample lies above 2.8.
    """
    seeds = [
        [top * rank / 100 for rank in range(1, 101)]
        for top in (1.01, 2.73, 2.69, 1.03, 2.60)
    ]
    found = pooled_percentile(seeds, 0.95)
    assert found.value == percentile([w for seed in seeds for w in seed], 0.95)
    assert 1.0 < found.low < found.value < found.high <= 2.73
    assert found.value - found.low > 2 * (found.high - found.value)


@given(
    st.lists(
        st.lists(st.floats(0, 1e3) | st.just(inf), min_size=20, max_size=20),
        min_size=2,
        max_size=6,
    ),
    st.sampled_from([0.5, 0.95, 0.99, 1.0]),
)
@settings(max_examples=100, derandomize=True, deadline=None)
def test_the_ends_of_a_percentile_are_samples(
    seeds: list[list[float]], share: float
) -> None:
    found = pooled_percentile(seeds, share)
    pool = {value for seed in seeds for value in seed}
    assert found.low <= found.value <= found.high
    assert {found.low, found.value, found.high} <= pool


def test_where_some_seeds_fail_a_percentile_may_be_never() -> None:
    waits = [0.001 * n for n in range(1, 101)]
    sound, failing = waits, waits[:80] + [inf] * 20
    found = pooled_percentile([sound, sound, sound, sound, failing], 0.95)
    assert found.value < 0.1
    assert found.high == inf
    assert 0.05 < found.low < found.value


# --- medians, quantiles ------------------------------------------------------


@pytest.mark.parametrize("freedom", [1, 2, 4, 9, 19, 30, 31, 60, 400])
def test_a_students_quantile_leaves_a_fortieth_above_it(freedom: int) -> None:
    """Against the density itself, summed by Simpson's rule: beyond the table
    the normal's 1.96 had been taken, which is too narrow.
    """
    norm = math.exp(
        math.lgamma((freedom + 1) / 2) - math.lgamma(freedom / 2)
    ) / math.sqrt(freedom * math.pi)

    def density(x: float) -> float:
        return float(norm * (1 + x * x / freedom) ** (-(freedom + 1) / 2))

    steps = 2000
    width = student(freedom) / steps
    area = sum(
        density(i * width) * (1 if i in (0, steps) else 4 if i % 2 else 2)
        for i in range(steps + 1)
    )
    assert 0.5 + area * width / 3 == pytest.approx(0.975, abs=1e-4)


def test_quantiles_fall_towards_the_normals() -> None:
    quantiles = [student(freedom) for freedom in range(1, 500)]
    assert quantiles == sorted(quantiles, reverse=True)
    assert student(10**6) == pytest.approx(1.96, abs=1e-3)


def test_a_stray_value_moves_neither_median_nor_mad() -> None:
    assert median_and_mad([1, 2, 3, 4, 5]) == (3, 1)
    assert median_and_mad([1, 2, 3, 4, 5000]) == (3, 1)


def test_the_interval_of_a_median_needs_six_values() -> None:
    assert isnan(median_estimate([1, 2, 3, 4, 5]).low)
    six = median_estimate([1, 2, 3, 4, 5, 6])
    assert (six.low, six.high) == (1, 6)
    twenty = median_estimate(range(1, 21))
    assert (twenty.low, twenty.high) == (6, 15)  # as in any table
