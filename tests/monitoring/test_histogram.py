"""Percentiles: how wrong they may be, and that they can be added up."""

from __future__ import annotations

from math import ceil, inf

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimizations.monitoring.histogram import LogHistogram

SAMPLES = st.lists(st.floats(1e-6, 1e6), min_size=1, max_size=80)


def histogram(samples: list[float], error: float = 0.01) -> LogHistogram:
    made = LogHistogram(error)
    for sample in samples:
        made.add(sample)
    return made


@given(SAMPLES, st.floats(0, 1), st.sampled_from([0.001, 0.01, 0.1]))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_a_quantile_is_off_by_no_more_than_it_says(
    samples: list[float], q: float, error: float
) -> None:
    exact = sorted(samples)[max(1, ceil(q * len(samples))) - 1]
    found = histogram(samples, error).quantile(q)
    assert found == pytest.approx(exact, rel=error * (1 + 1e-6))


@given(SAMPLES, SAMPLES, st.floats(0, 1))
@settings(max_examples=50, deadline=None, derandomize=True)
def test_merging_is_the_same_as_counting_everything_in_one(
    ours: list[float], theirs: list[float], q: float
) -> None:
    merged = histogram(ours)
    merged.merge(histogram(theirs))
    together = histogram(ours + theirs)
    assert merged.count == together.count
    assert merged.quantile(q) == together.quantile(q)
    assert merged.finite_sum == pytest.approx(together.finite_sum)


def test_failures_are_infinitely_slow() -> None:
    made = histogram([0.1] * 90 + [inf] * 10)
    assert made.quantile(0.9) == pytest.approx(0.1, rel=0.01)
    assert made.quantile(0.95) == inf
    assert made.finite_sum == pytest.approx(9.0)


def test_the_99th_percentile_is_shown_from_1000_samples_up() -> None:
    made = histogram([0.1] * 999)
    assert made.percentile(99) is None
    assert made.percentile(50) is not None
    made.add(0.1)
    assert made.percentile(99) == pytest.approx(0.1, rel=0.01)
    assert made.percentile(99.9) is None


def test_memory_is_bounded_whatever_is_counted() -> None:
    made = LogHistogram(0.01)
    value = 1e-9
    while value < 1e9:
        made.add(value)
        value *= 1.001
    assert len(made._counts) < 1500


def test_nothing_counted_has_no_quantile() -> None:
    assert LogHistogram().quantile(0.5) is None


def test_no_time_at_all_is_a_value_too() -> None:
    assert histogram([0.0, 0.0]).quantile(1) == 0.0


def test_values_up_to_a_limit_are_counted() -> None:
    made = histogram([0.1, 0.5, 2.0, inf])
    assert [made.count_up_to(s) for s in (0.2, 1, 10, inf)] == [1, 2, 3, 4]


@pytest.mark.parametrize("bad", [-1.0, float("nan")])
def test_what_is_no_duration_is_refused(bad: float) -> None:
    with pytest.raises(ValueError, match="infinity"):
        LogHistogram().add(bad)


def test_histograms_of_different_errors_do_not_mix() -> None:
    with pytest.raises(ValueError, match="same relative_error"):
        LogHistogram(0.01).merge(LogHistogram(0.02))
    with pytest.raises(ValueError, match="within"):
        LogHistogram(0)
