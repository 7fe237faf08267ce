"""Ratios of independent samples."""

from __future__ import annotations

import math
from math import inf, nan
from random import Random

import pytest

from benchmark.statistics import Estimate
from benchmark.unpaired import compare_unpaired, ratio_of


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


def test_never_against_something_needs_no_interval() -> None:
    assert compare_unpaired([inf, inf], [1.0, 2.0]).verdict == "more"
    assert compare_unpaired([0.0, 0.0], [1.0, 2.0]).verdict == "less"
    assert compare_unpaired([0.0, 3.0], [1.0, 2.0]).verdict == "cannot tell"
    assert compare_unpaired([1.0, inf], [inf, 2.0]).verdict == "cannot tell"


def test_a_ratio_of_exact_figures_is_exact() -> None:
    ratio = ratio_of(Estimate(3.0, 3.0, 3.0), Estimate(2.0, 2.0, 2.0))
    assert (ratio.low, ratio.high) == (ratio.value, ratio.value)
    assert ratio.value == pytest.approx(1.5)


def test_without_an_interval_there_is_none_of_the_ratio() -> None:
    ratio = ratio_of(Estimate(3.0, nan, nan), Estimate(2.0, 1.0, 3.0))
    assert ratio.value == 1.5
    assert math.isnan(ratio.low)
