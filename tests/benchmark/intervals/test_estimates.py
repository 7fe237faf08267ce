"""What may be said of a difference, and with how many digits."""

from __future__ import annotations

import math
from math import inf, isnan, nan
from random import Random
from statistics import fmean

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmark.figures.cumulative import curve
from benchmark.statistics import (
    Estimate,
    compare,
    estimate,
    interval_shown,
    median_and_mad,
    median_estimate,
    percentile,
    shown,
    student,
)


def test_a_percentile_is_one_of_the_samples() -> None:
    assert percentile([5.0, 1.0, 3.0, 2.0, 4.0], 50) == 3
    assert percentile(range(1, 1001), 99) == 990
    assert percentile([7], 99) == 7


def test_a_failure_stays_in_the_distribution() -> None:
    latencies = [1.0] * 98 + [inf] * 2
    assert percentile(latencies, 95) == 1
    assert percentile(latencies, 99) == inf


@given(
    st.lists(st.floats(0, 1e6), min_size=1, max_size=60),
    st.floats(0.1, 100),
)
@settings(max_examples=100, derandomize=True, deadline=None)
def test_at_least_so_many_percent_are_no_larger(
    values: list[float], percent: float
) -> None:
    cut = percentile(values, percent)
    below = sum(value <= cut for value in values)
    assert below >= len(values) * percent / 100 - 1e-9


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
    assert isnan(alone.half_width)


def test_a_pooled_value_keeps_the_interval_of_the_seeds() -> None:
    pooled, mean = estimate([1.0, 2.0, 3.0], 2.5), estimate([1.0, 2.0, 3.0])
    assert pooled.value == 2.5
    assert pooled.half_width == pytest.approx(mean.half_width)


def test_pairs_tell_what_two_separate_means_cannot() -> None:
    """Each seed's traffic is very different, and ours always a tenth less."""
    baseline = [1.0, 2.0, 4.0, 8.0, 16.0]
    ours = [
        0.9 * b * f
        for b, f in zip(baseline, (1, 1.01, 1, 0.99, 1), strict=True)
    ]
    comparison = compare(ours, baseline)
    assert comparison.verdict == "less"
    assert comparison.ratio.value == pytest.approx(0.9, rel=0.01)
    assert estimate(ours).high > estimate(baseline).low  # these overlap


def test_an_interval_that_crosses_one_is_no_verdict() -> None:
    comparison = compare([0.9, 1.1, 1.0], [1.0, 1.0, 1.0])
    assert comparison.verdict == "cannot tell"
    assert isnan(compare([2.0, 2.0], [1.0, 1.0]).pairs_lacking)


def test_it_says_how_many_more_pairs_would_tell() -> None:
    draws = Random(2)

    def pairs(count: int) -> tuple[list[float], list[float]]:
        return [0.9 * math.exp(draws.gauss(0, 0.3)) for _ in range(count)], [
            1.0
        ] * count

    few = compare(*pairs(5))
    assert few.verdict == "cannot tell"
    assert 1 <= few.pairs_lacking < 1000
    many = 20 * (few.pairs + math.ceil(few.pairs_lacking))
    assert compare(*pairs(many)).verdict == "less"


def test_with_so_many_pairs_more_the_interval_just_ends_before_one() -> None:
    """The same pairs again and again nearly keep their spread (of five, a
    tenth is lost), so the promise can be checked.
    """
    ratios = [0.8, 1.2, 0.9, 1.1, 0.85]
    few = compare(ratios, [1.0] * 5)
    assert few.verdict == "cannot tell"
    needed = few.pairs + int(few.pairs_lacking)
    more = [ratios[i % 5] for i in range(round(needed * 1.1 / 5) * 5)]
    less = [ratios[i % 5] for i in range(round(needed * 0.6 / 5) * 5)]
    assert compare(more, [1.0] * len(more)).verdict == "less"
    assert compare(less, [1.0] * len(less)).verdict == "cannot tell"


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


positive = st.floats(1e-3, 1e3)


@given(
    pairs=st.lists(st.tuples(positive, positive), min_size=2, max_size=12),
    unit=st.floats(1e-3, 1e3),
)
@settings(max_examples=100, derandomize=True, deadline=None)
def test_a_ratio_knows_no_unit_and_turns_over_with_its_sides(
    pairs: list[tuple[float, float]], unit: float
) -> None:
    ours, theirs = ([pair[side] for pair in pairs] for side in (0, 1))
    one, other = compare(ours, theirs).ratio, compare(theirs, ours).ratio
    scaled = compare([unit * o for o in ours], [unit * t for t in theirs])
    assert scaled.ratio.value == pytest.approx(one.value)
    assert one.value * other.value == pytest.approx(1)
    assert one.low * other.high == pytest.approx(1)
    assert one.low <= one.value <= one.high


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
    assert after.half_width == pytest.approx(before.half_width, abs=1e-6)


def test_the_same_in_each_pair_is_the_same() -> None:
    assert compare([1.0, 2.0], [1.0, 2.0]).verdict == "same"
    assert compare([0.0, 0.0], [0.0, 0.0]).verdict == "same"


def test_who_never_ends_is_slower_than_who_does() -> None:
    assert compare([inf, inf], [1.0, 2.0]).verdict == "more"
    assert compare([1.0, 2.0], [inf, inf]).verdict == "less"
    assert compare([inf, inf], [inf, inf]).verdict == "cannot tell"
    assert compare([1.0, inf], [2.0, 2.0]).verdict == "cannot tell"


def test_a_stray_value_moves_neither_median_nor_mad() -> None:
    assert median_and_mad([1, 2, 3, 4, 5]) == (3, 1)
    assert median_and_mad([1, 2, 3, 4, 5000]) == (3, 1)


def test_the_interval_of_a_median_needs_six_values() -> None:
    assert isnan(median_estimate([1, 2, 3, 4, 5]).low)
    six = median_estimate([1, 2, 3, 4, 5, 6])
    assert (six.low, six.high) == (1, 6)
    twenty = median_estimate(range(1, 21))
    assert (twenty.low, twenty.high) == (6, 15)  # as in any table


@pytest.mark.parametrize(
    ("value", "half_width", "text"),
    [
        (1.23456, 0.04, "1.23"),
        (1.23456, 0.4, "1.2"),
        (1234.5, 60, "1230"),
        (0.0012345, nan, "0.00123"),
        (25.0, 0.0, "25"),
        (0.0, 0.1, "0"),
        (inf, nan, "never"),
        (nan, nan, "–"),
    ],
)
def test_no_more_digits_than_the_interval_allows(
    value: float, half_width: float, text: str
) -> None:
    assert shown(value, half_width) == text


def test_a_ratio_and_its_interval_have_the_same_digits() -> None:
    assert interval_shown(Estimate(0.38, 0.352, 0.413)) == "0.38 (0.35–0.41)"
    near_one = Estimate(1.0, 0.996, 1.004)
    assert interval_shown(near_one) == "1.000 (0.996–1.004)"
    assert interval_shown(Estimate(0.5, 0.5, 0.5)) == "0.5"


def test_a_curve_ends_where_the_failures_begin() -> None:
    points = curve([0.3, 0.1, inf, 0.2])
    assert points == [(0.1, 0.25), (0.2, 0.5), (0.3, 0.75)]
    assert curve([inf, inf]) == []


def test_a_thinned_curve_keeps_both_ends_and_its_shape() -> None:
    draws = Random(3)
    values = sorted(draws.random() for _ in range(5000))
    points = curve(values, 100)
    assert len(points) <= 102
    assert (points[0][0], points[-1]) == (values[0], (values[-1], 1.0))
    assert fmean(abs(s - share) for s, share in points) < 0.02
