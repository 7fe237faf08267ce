"""How many times larger, where no two values belong together.

Two runs with other seeds met other customers, and two measurements were taken
on other days. Then nothing pairs up, and the interval of the ratio comes from
the interval of each side: the differences of their logarithms, the distances
added as legs of a right triangle (the method called MOVER, Zou and Donner,
2008). Pairs would tell more: this needs several times as many seeds.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import product
from math import inf, nan
from statistics import median

from benchmark.statistics import Comparison, Estimate, estimate


def compare_unpaired(
    ours: Sequence[float], theirs: Sequence[float]
) -> Comparison:
    """The ratio of the geometric means. Where a value is 0, or without end,
    the range of all ratios.
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
    ratios = [_ratio(one, other) for one, other in product(ours, theirs)]
    if any(map(math.isnan, ratios)):
        return Comparison(Estimate(nan, nan, nan), pairs)
    spread = Estimate(median(ratios), min(ratios), max(ratios))
    return Comparison(spread, pairs)


def ratio_of(ours: Estimate, theirs: Estimate) -> Estimate:
    """Of two independent figures, each with its own interval."""
    ends = (ours.low, ours.value, ours.high, theirs.low, theirs.high)
    if not all(0 < end < inf for end in (*ends, theirs.value)):
        return Estimate(_ratio(ours.value, theirs.value), nan, nan)
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


def _ratio(one: float, other: float) -> float:
    if one == other:
        return 1.0 if math.isfinite(one) else nan
    return one / other if other else inf
