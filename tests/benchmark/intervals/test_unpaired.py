"""Ratios of independent samples."""

from __future__ import annotations

import math
from math import inf, nan
from random import Random

import pytest

from benchmark.intervals.estimates import Estimate
from benchmark.intervals.unpaired import compare_unpaired, ratio_of


def test_the_interval_holds_the_true_ratio_19_times_in_20() -> None:
    draws = Random(4)
    held = 0
    for _ in range(1000):
        ours = [math.exp(draws.gauss(0.2, 0.3)) for _ in range(6)]
        theirs = [math.exp(draws.gauss(0.0, 0.1)) for _ in range(9)]
        ratio = compare_unpaired(ours, theirs).ratio
        held += ratio.low <= math.exp(0.2) <= ratio.high
    assert 0.93 <= held / 1000 <= 0.985


def test_two_samples_apart_are_told_apart() -> None:
    ours, theirs = [2.0, 2.1, 1.9, 2.0], [1.0, 1.1, 0.9, 1.0]
    assert compare_unpaired(ours, theirs).verdict == "more"
    assert compare_unpaired(theirs, ours).verdict == "less"
    assert compare_unpaired(ours, theirs).ratio.value == pytest.approx(
        2.0, rel=0.02
    )


def test_nothing_against_nothing_is_the_same() -> None:
    assert compare_unpaired([0.0, 0.0], [0.0, 0.0]).verdict == "same"
    assert compare_unpaired([inf, inf], [inf, inf]).verdict == "same"


def test_never_against_something_has_a_side_but_no_size() -> None:
    """From the order alone: four against four are the fewest that can tell.
    The range of all ratios was called an interval, and one of each told.
    """
    assert compare_unpaired([inf] * 4, [1.0, 2.0] * 2).verdict == "more"
    assert compare_unpaired([0.0] * 4, [1.0, 2.0] * 2).verdict == "less"
    assert compare_unpaired([inf], [1.0]).verdict == "cannot tell"
    assert compare_unpaired([0.0] * 3, [1.0] * 3).verdict == "cannot tell"
    some = compare_unpaired([0.0, 3.0] * 3, [1.0, 2.0] * 3)
    assert some.verdict == "cannot tell"
    assert compare_unpaired([1.0, inf], [inf, 2.0]).verdict == "cannot tell"


def test_equals_that_sometimes_fail_are_seldom_told_apart() -> None:
    draws = Random(5)

    def waits() -> list[float]:
        return [
            inf if draws.random() < 0.3 else draws.random() for _ in range(8)
        ]

    verdicts = [compare_unpaired(waits(), waits()).verdict for _ in range(500)]
    assert 0 < sum(v != "cannot tell" for v in verdicts) <= 25


def test_a_ratio_of_exact_figures_is_exact() -> None:
    ratio = ratio_of(Estimate(3.0, 3.0, 3.0), Estimate(2.0, 2.0, 2.0))
    assert (ratio.low, ratio.high) == (ratio.value, ratio.value)
    assert ratio.value == pytest.approx(1.5)


def test_without_an_interval_there_is_none_of_the_ratio() -> None:
    ratio = ratio_of(Estimate(3.0, nan, nan), Estimate(2.0, 1.0, 3.0))
    assert ratio.value == 1.5
    assert math.isnan(ratio.low)
