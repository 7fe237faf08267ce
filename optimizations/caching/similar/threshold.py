"""The threshold that keeps a promise: fitted to labelled pairs and a budget.

The problem: a threshold copied from an example decides how often somebody gets
another question's answer. The idea: take pairs of which one knows whether one
answer serves both, score them as the store would, and say how many of the
wrong ones may pass, and how sure one wants to be: "at most 1 %, upper 95 %".
The lowest threshold that keeps this is the one that finds most.

Why not simply the one where 1 % of the sample passes? In new questions it may
be more: half of the time it is. So the bound counts, the exact one of Clopper
and Pearson (1934): were the true rate above it, so few false hits would be
seen in less than 5 % of all samples.

Trying many thresholds on one sample looks like trying until luck helps. It is
not, if they are tried in a fixed order, from the strictest down, until the
first that fails: then one too many passes no more often than if only one had
been tried (fixed sequence testing, in Learn then Test: Angelopoulos and
others, 2021). Here the false hits only grow on the way down, so the walk ends
where a fixed number of them, known before any score is, has been met.

    pairs = [(await store.score(asked, stored), same) for ... in labelled]
    fit = fit_threshold(pairs)
    print(fit.explanation)
    if fit.chosen:
        store.threshold = fit.chosen.threshold

When it does not help: where the pairs are not like what will be asked. A cache
compares each question with the *nearest* of many, so label those pairs; and
whatever the second check refuses scores `-inf`. Pure arithmetic, for any score
of which more means more alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from math import exp, isnan, lgamma, log, log1p

SCORE_DIGITS = 6
"""So many digits of a score count: beyond is a processor's own arithmetic."""

_MOST_POINTS = 100
_PRECISION = 1e-7


@dataclass(frozen=True, slots=True)
class Point:
    """What a threshold would do: of the pairs that share an answer and of
    those that do not, how many score that much; and up to which rate of false
    hits must be reckoned with.
    """

    threshold: float
    correct_hits: int
    false_hits: int
    upper_bound: float


@dataclass(frozen=True, slots=True)
class Fit:
    """`chosen` is None where no threshold keeps the budget; `explanation`
    says why. The `curve` has at most about 100 points, the strictest first.
    """

    chosen: Point | None
    curve: tuple[Point, ...]
    same: int  # pairs that share an answer
    different: int  # and those that do not
    budget: float
    confidence: float
    different_needed: int  # before any threshold could keep the budget

    @property
    def explanation(self) -> str:
        """In a sentence or two."""
        limit, sure = f"{self.budget:.3g}", f"{self.confidence:.0%}"
        if self.chosen is not None:
            return (
                f"From {self.chosen.threshold:.4g} on, with {sure} "
                f"confidence at most {self.chosen.upper_bound:.3g} of the "
                f"pairs that need different answers pass "
                f"({self.chosen.false_hits} of {self.different} did), and "
                f"{self.chosen.correct_hits} of {self.same} that share one."
            )
        if self.different < self.different_needed:
            bound = upper_bound(0, self.different, self.confidence)
            return (
                f"Too few pairs: with 0 false hits of {self.different} the "
                f"bound is still {bound:.3g}. A budget of {limit} at {sure} "
                f"needs at least {self.different_needed} pairs that need "
                "different answers."
            )
        if not self.curve:
            return "No threshold: no pair at all has a score that may pass."
        return (
            f"No threshold keeps {limit} at {sure}: too many pairs that need "
            "different answers share the highest score."
        )


def fit_threshold(
    pairs: Iterable[tuple[float, bool]],
    budget: float = 0.01,
    confidence: float = 0.95,
) -> Fit:
    """The lowest threshold whose false hits stay within `budget`, a share of
    the pairs that need different answers. A pair is its score, and whether one
    answer serves both.

    Raises `ValueError` for a score that is no number, and unless `budget` and
    `confidence` lie between 0 and 1.

    >>> different = [(n / 1000, False) for n in range(600)]
    >>> same = [(n / 100, True) for n in range(100)]
    >>> fit_threshold(same + different).chosen.threshold
    0.599
    >>> print(fit_threshold([(0.9, True), (0.5, False)]).explanation)
    Too few pairs: with 0 false hits of 1 the bound is still 0.95. A budget \
of 0.01 at 95% needs at least 299 pairs that need different answers.
    """
    _check_shares(budget=budget, confidence=confidence)
    scored = sorted(pairs, key=lambda pair: -pair[0])
    if any(isnan(score) for score, _ in scored):
        raise ValueError("a score must be a number")
    different = sum(not same for _, same in scored)
    steps = _steps(scored)
    bound = cache(lambda hits: upper_bound(hits, different, confidence))
    allowed = _most_false_hits(different, budget, bound)
    keeping = [step for step in steps if step[2] <= allowed]
    shown = _thinned(steps, keeping[-1:])
    curve = tuple(Point(*step, bound(step[2])) for step in shown)
    chosen = next((p for p in curve[::-1] if p.false_hits <= allowed), None)
    return Fit(
        chosen,
        curve,
        len(scored) - different,
        different,
        budget,
        confidence,
        # 0 of n seen: (1 - budget) ** n must be less than what is left.
        1 + int(log(1 - confidence) / log1p(-budget)),
    )


def upper_bound(hits: int, trials: int, confidence: float = 0.95) -> float:
    """The largest rate at which so few `hits` in `trials` would still be seen
    with a probability of 1 - `confidence`: the exact one-sided bound.

    >>> round(upper_bound(0, 299), 5)
    0.00997
    >>> round(upper_bound(10, 1000), 4)
    0.0169
    """
    _check_shares(confidence=confidence)
    if not 0 <= hits <= trials:
        raise ValueError("hits must be from 0 to trials")
    if hits == trials:
        return 1.0
    low, high = hits / trials, 1.0
    while high - low > _PRECISION:
        middle = (low + high) / 2
        if _at_most(hits, trials, middle) > 1 - confidence:
            low = middle
        else:
            high = middle
    return high


def _at_most(hits: int, trials: int, rate: float) -> float:
    """The probability of at most so many hits, for a `rate` above theirs: from
    the last term down, since the terms only get smaller.
    """
    ways = lgamma(trials + 1) - lgamma(hits + 1) - lgamma(trials - hits + 1)
    last = ways + hits * log(rate) + (trials - hits) * log1p(-rate)
    term = total = exp(last)
    for i in range(hits, 0, -1):
        term *= i / (trials - i + 1) * (1 - rate) / rate
        total += term
        if term < total * _PRECISION:
            break
    return total


def _steps(
    scored: Sequence[tuple[float, bool]],
) -> list[tuple[float, int, int]]:
    """Each score as a threshold, the highest first, with the correct and the
    false hits that it lets through. What scores `-inf` never hits.
    """
    steps: list[tuple[float, int, int]] = []
    correct = false = 0
    for score, group in groupby(scored, key=lambda pair: pair[0]):
        if score == float("-inf"):
            break
        labels = [same for _, same in group]
        correct += sum(labels)
        false += len(labels) - sum(labels)
        steps.append((score, correct, false))
    return steps


def _most_false_hits(
    different: int, budget: float, bound: Callable[[int], float]
) -> int:
    """How many the budget allows; -1 where not even none is few enough. The
    walk from the strictest threshold down: a fixed number for a sample of this
    size, whatever its scores are.
    """
    allowed = -1
    while allowed < different and bound(allowed + 1) <= budget:
        allowed += 1
    return allowed


def _thinned(
    steps: Sequence[tuple[float, int, int]],
    always: Sequence[tuple[float, int, int]],
) -> list[tuple[float, int, int]]:
    every = 1 + len(steps) // _MOST_POINTS
    return sorted({*steps[::every], *steps[-1:], *always}, reverse=True)


def _check_shares(**given: float) -> None:
    for name, share in given.items():
        if not 0 < share < 1:
            raise ValueError(f"{name} must lie between 0 and 1, not {share}")
