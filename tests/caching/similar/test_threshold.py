"""A fitted threshold keeps the promise that it was fitted to."""

from __future__ import annotations

from math import comb, inf, nan
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimizations.caching.similar.threshold import fit_threshold, upper_bound


def at_most(hits: int, trials: int, rate: float) -> float:
    """The binomial sum, as the textbook has it."""
    return sum(
        comb(trials, i) * rate**i * (1 - rate) ** (trials - i)
        for i in range(hits + 1)
    )


@pytest.mark.parametrize(
    ("hits", "trials", "confidence"),
    [(0, 1, 0.95), (0, 299, 0.95), (3, 500, 0.95), (40, 90, 0.5), (5, 6, 0.9)],
)
def test_at_the_bound_so_few_hits_are_just_as_likely_as_allowed(
    hits: int, trials: int, confidence: float
) -> None:
    bound = upper_bound(hits, trials, confidence)
    assert at_most(hits, trials, bound) == pytest.approx(
        1 - confidence, rel=1e-4
    )


def test_where_all_are_hits_any_rate_is_possible() -> None:
    assert upper_bound(7, 7) == upper_bound(0, 0) == 1.0


def test_the_lowest_threshold_within_the_budget_is_chosen() -> None:
    """Of 473 pairs, 1 may pass: its bound is 0.99 %, that of 2 is 1.32 %."""
    different = [(n / 1000, False) for n in range(473)]
    same = [(0.4715, True), (0.4705, True), (0.46, True)]
    fit = fit_threshold(different + same)
    assert fit.chosen is not None
    assert fit.chosen.threshold == 0.4715
    assert (fit.chosen.false_hits, fit.chosen.correct_hits) == (1, 1)
    assert fit.chosen.upper_bound <= 0.01 < upper_bound(2, 473)
    assert "1 of 473" in fit.explanation


def test_too_small_a_sample_is_said_to_be_that() -> None:
    fit = fit_threshold([(n / 298, False) for n in range(298)] + [(2.0, True)])
    assert fit.chosen is None
    assert fit.different_needed == 299
    assert "at least 299 pairs" in fit.explanation
    enough = fit_threshold(
        [(n / 299, False) for n in range(299)] + [(2, True)]
    )
    assert enough.chosen is not None
    assert enough.chosen.threshold == 2


def test_without_pairs_nothing_is_promised() -> None:
    fit = fit_threshold([])
    assert (fit.chosen, fit.curve, fit.same, fit.different) == (None, (), 0, 0)
    assert "at least 299 pairs" in fit.explanation


def test_where_the_highest_score_says_nothing_no_threshold_does() -> None:
    fit = fit_threshold([(1.0, n % 2 == 0) for n in range(2000)])
    assert fit.chosen is None
    assert "share the highest score" in fit.explanation


def test_what_the_second_check_refuses_never_hits() -> None:
    scored = [(-inf, False)] * 299 + [(0.7, True)] * 3
    fit = fit_threshold(scored)
    assert fit.chosen is not None
    assert (fit.chosen.threshold, fit.chosen.correct_hits) == (0.7, 3)
    assert len(fit.curve) == 1


def test_any_scale_of_scores_will_do() -> None:
    draws = Random(1)
    scored = [(draws.random(), draws.random() < 0.3) for _ in range(2000)]
    cosine = fit_threshold(scored).chosen
    fuzzy = fit_threshold([(100 * s, same) for s, same in scored]).chosen
    assert cosine is not None
    assert fuzzy is not None
    assert fuzzy.threshold == pytest.approx(100 * cosine.threshold)


def test_the_curve_is_short_and_contains_the_choice() -> None:
    draws = Random(2)
    scored = [(draws.random(), draws.random() < 0.3) for _ in range(5000)]
    fit = fit_threshold(scored, budget=0.05)
    assert 50 < len(fit.curve) <= 102
    assert fit.chosen in fit.curve
    thresholds = [point.threshold for point in fit.curve]
    assert thresholds == sorted(thresholds, reverse=True)
    assert fit.curve[-1].false_hits == fit.different
    assert fit.curve[-1].upper_bound == 1.0


def test_the_promise_is_broken_in_one_sample_of_twenty_at_most() -> None:
    """Scores of wrong pairs are uniform, so from a threshold t on, exactly the
    share 1 - t of all there are passes. The threshold at which 1 % of the
    *sample* passes breaks the promise in half of all samples.
    """
    broken = 0
    for seed in range(60):
        draws = Random(seed)
        fit = fit_threshold([(draws.random(), n < 2000) for n in range(3000)])
        assert fit.chosen is not None
        broken += 1 - fit.chosen.threshold > 0.01
    assert 0 < broken <= 0.05 * 60


@settings(max_examples=80, deadline=None, derandomize=True)
@given(
    st.lists(st.tuples(st.integers(0, 40), st.booleans()), max_size=200),
    st.sampled_from([0.05, 0.2, 0.5]),
)
def test_it_agrees_with_trying_every_threshold(
    pairs: list[tuple[int, bool]], budget: float
) -> None:
    different = sum(not same for _, same in pairs)
    keeping = [
        threshold
        for threshold, _ in pairs
        if upper_bound(
            sum(s >= threshold and not same for s, same in pairs), different
        )
        <= budget
    ]
    fit = fit_threshold(pairs, budget)
    chosen = fit.chosen and fit.chosen.threshold
    assert chosen == min(keeping, default=None)


@pytest.mark.parametrize("bad", [0, 1, -0.1, 1.1, nan])
def test_shares_outside_their_range_are_refused(bad: float) -> None:
    with pytest.raises(ValueError, match="budget"):
        fit_threshold([], budget=bad)
    with pytest.raises(ValueError, match="confidence"):
        fit_threshold([], confidence=bad)


def test_a_score_that_is_no_number_is_refused() -> None:
    with pytest.raises(ValueError, match="number"):
        fit_threshold([(0.5, True), (nan, False)])
    with pytest.raises(ValueError, match="hits"):
        upper_bound(3, 2)
