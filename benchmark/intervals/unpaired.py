"""How many times larger, where no two values belong together.

Two runs with other seeds met other customers, and two measurements were taken
on other days. Then nothing pairs up, and the interval of the ratio comes from
the interval of each side: the differences of their logarithms, the distances
added as legs of a right triangle (the method called MOVER, Zou and Donner,
2008). Pairs would tell more: this needs several times as many seeds.

Where a value is 0, or without end, there is no logarithm. Then each value of
one side is set against each of the other, and the interval of the median ratio
comes from the order alone, as Mann and Whitney (1947) count it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from itertools import product
from math import inf, nan
from statistics import median

from benchmark.intervals.estimates import Estimate, estimate
from benchmark.intervals.paired import Comparison, quotient


def compare_unpaired(
    ours: Sequence[float], theirs: Sequence[float]
) -> Comparison:
    """The ratio of the geometric means; where a value is 0, or without end,
    the median of all ratios.
    """
    pairs = min(len(ours), len(theirs))
    values = [*ours, *theirs]
    if all(0 < value < inf for value in values):
        logs = (
            estimate([math.log(v) for v in side]) for side in (ours, theirs)
        )
        return Comparison(_ratio_of_logs(*logs), pairs)
    if len(set(values)) == 1:
        return Comparison(Estimate(1, 1, 1), pairs)
    return Comparison(_median_ratio(ours, theirs), pairs)


def _median_ratio(ours: Sequence[float], theirs: Sequence[float]) -> Estimate:
    """Without an interval where the sides are too small to tell at 95 %."""
    ratios = sorted(quotient(a, b) for a, b in product(ours, theirs))
    outside = _outside(len(ours), len(theirs))
    if outside < 0:
        return Estimate(median(ratios), nan, nan)
    return Estimate(median(ratios), ratios[outside], ratios[-1 - outside])


@lru_cache(maxsize=64)
def _outside(ours: int, theirs: int) -> int:
    """How many of the ordered ratios lie outside the interval at each end;
    -1 where none may, and even the whole range would be too narrow.
    """
    orders, total = _orders(ours, theirs), math.comb(ours + theirs, ours)
    tail = 0
    for below, count in enumerate(orders):
        tail += count
        if tail > 0.025 * total:
            return below - 1
    return -1


def _orders(ours: int, theirs: int) -> list[int]:
    """In how many orders of all values exactly 0, 1, 2, … pairs are the wrong
    way round: the coefficients of Gauss' binomial, a factor at a time.
    """
    size = ours * theirs + 1
    counts = [1] + [0] * (size - 1)
    for step in range(1, ours + 1):
        grown = theirs + step
        for place in range(size - 1, grown - 1, -1):
            counts[place] -= counts[place - grown]
        for place in range(step, size):
            counts[place] += counts[place - step]
    return counts


def ratio_of(ours: Estimate, theirs: Estimate) -> Estimate:
    """Of two independent figures, each with its own interval."""
    ends = (ours.low, ours.value, ours.high, theirs.low, theirs.high)
    if not all(0 < end < inf for end in (*ends, theirs.value)):
        return Estimate(quotient(ours.value, theirs.value), nan, nan)
    return _ratio_of_logs(_log(ours), _log(theirs))


def _ratio_of_logs(ours: Estimate, theirs: Estimate) -> Estimate:
    distance = ours.value - theirs.value
    below = math.hypot(ours.value - ours.low, theirs.high - theirs.value)
    above = math.hypot(ours.high - ours.value, theirs.value - theirs.low)
    return Estimate(
        math.exp(distance),
        math.exp(distance - below),
        math.exp(distance + above),
    )


def _log(interval: Estimate) -> Estimate:
    return Estimate(
        *map(math.log, (interval.value, interval.low, interval.high))
    )
