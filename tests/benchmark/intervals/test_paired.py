"""What may be said of a difference, over the same days."""

from __future__ import annotations

import math
from math import inf, isnan, nan
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmark.intervals.estimates import Estimate, estimate
from benchmark.intervals.paired import Comparison, compare


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


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (1.0, 1.0, "same"),
        (1.001, 1.005, "alike"),
        (0.991, 1.009, "alike"),
        (1.001, 1.02, "more"),
        (0.98, 0.999, "less"),
        (0.98, 1.02, "cannot tell"),
        (nan, nan, "cannot tell"),
    ],
)
def test_a_difference_may_be_certain_and_not_worth_a_word(
    low: float, high: float, verdict: str
) -> None:
    """Streaming "ended later": by 0.3 %, and quite certainly so."""
    assert Comparison(Estimate(1.0, low, high), 20).verdict == verdict


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


def test_the_same_in_each_pair_is_the_same() -> None:
    assert compare([1.0, 2.0], [1.0, 2.0]).verdict == "same"
    assert compare([0.0, 0.0], [0.0, 0.0]).verdict == "same"


@pytest.mark.parametrize("pairs", range(1, 6))
def test_of_what_has_no_size_fewer_than_six_pairs_tell_nothing(
    pairs: int,
) -> None:
    """The range of the pairs was called a 95 % interval: one pair of which
    one side failed gave a verdict, and five all of one sign are 93.75 %.
    """
    for ours in (0.0, inf):
        comparison = compare([ours] * pairs, [2.0] * pairs)
        assert comparison.verdict == "cannot tell"
        assert isnan(comparison.ratio.low)


def test_who_never_ends_is_slower_than_who_does() -> None:
    assert compare([inf] * 6, [1.0, 2.0] * 3).verdict == "more"
    assert compare([1.0, 2.0] * 3, [inf] * 6).verdict == "less"
    assert compare([inf] * 6, [inf] * 6).verdict == "cannot tell"
    assert compare([1.0, inf] * 3, [2.0] * 6).verdict == "cannot tell"


def test_one_pair_of_the_other_sign_needs_more_pairs() -> None:
    """With nine pairs, one may point the other way; with six, none may."""
    assert compare([0.0] * 5 + [3.0], [1.0] * 6).verdict == "cannot tell"
    assert compare([0.0] * 8 + [3.0], [1.0] * 9).verdict == "less"


@pytest.mark.parametrize("pairs", [6, 9, 20])
def test_equals_that_sometimes_fail_are_seldom_told_apart(pairs: int) -> None:
    draws = Random(pairs)

    def waits() -> list[float]:
        return [
            inf if draws.random() < 0.3 else draws.random()
            for _ in range(pairs)
        ]

    verdicts = [compare(waits(), waits()).verdict for _ in range(1000)]
    assert 0 < sum(v != "cannot tell" for v in verdicts) <= 50
