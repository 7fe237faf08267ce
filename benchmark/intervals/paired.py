"""How many times another figure this one is, over the same days.

Two runs always differ. Whether the *strategies* differ is another question,
and one run of each can't answer it. So each strategy meets the same customers
in several seeds, and within a seed the two are compared as a pair: what one
day's traffic made slow, it made slow for both. The pairs' ratios have a mean
and a 95 % interval (Student's t, on the logarithms, for ratios multiply), and
only an interval that lies wholly on one side of 1 is a verdict. Else the
honest answer is "cannot tell".

A difference can be certain and not worth a word. Where the whole interval lies
within one percent of 1, the two are *alike*: as good as the same, whichever
side it lies on.

Where something took nothing, or never ended, a ratio is 0 or without end and
has no logarithm. Then only its side of 1 counts: the median of the ratios,
with the interval of the sign test, which takes six pairs. Fewer cannot tell,
not even if all point the same way: five do so by chance once in sixteen times.

When it does not help: twenty comparisons of equals make about one verdict that
is none. That is what 95 % means.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, nan
from statistics import fmean

from benchmark.intervals.estimates import (
    Estimate,
    half_width,
    median_estimate,
    student,
)

ALIKE = 0.01  # so near to 1, a ratio is not worth a word
_TOO_MANY = 10_000  # pairs: nobody will run them


@dataclass(frozen=True, slots=True)
class Comparison:
    """How many times the baseline's figure this one is, over paired seeds."""

    ratio: Estimate
    pairs: int

    @property
    def verdict(self) -> str:
        """`less`, `more`, `same` (in each pair), `alike` (within one percent),
        or `cannot tell`.
        """
        low, high = self.ratio.low, self.ratio.high
        if low == high == 1:
            return "same"
        if low >= 1 - ALIKE and high <= 1 + ALIKE:
            return "alike"
        if high < 1:
            return "less"
        if low > 1:
            return "more"
        return "cannot tell"

    @property
    def pairs_lacking(self) -> float:
        """About how many more pairs would tell a difference of this size; NaN
        where there is nothing more to tell, or no interval to go by.
        """
        ratio = self.ratio
        if self.verdict != "cannot tell" or not 0 < ratio.low <= ratio.high:
            return nan
        if ratio.high == inf or not 0 < ratio.value < inf:
            return nan
        distance = abs(math.log(ratio.value))
        if not distance:
            return inf
        width = math.log(ratio.high / ratio.low) / 2
        spread = width * math.sqrt(self.pairs) / student(self.pairs - 1)
        pairs = self.pairs
        while student(pairs - 1) * spread / math.sqrt(pairs) > distance:
            pairs = math.ceil(pairs * 1.05)
            if pairs > _TOO_MANY:
                return inf
        return pairs - self.pairs


def compare(ours: Sequence[float], baseline: Sequence[float]) -> Comparison:
    """Pairs of figures from the same seed, as a ratio: their geometric mean
    and its interval, or the median where some are 0 or without end. A pair of
    two that are equal, or that both never ended, counts as 1.
    """
    pairs = list(zip(ours, baseline, strict=True))
    if all(one == other == inf for one, other in pairs):
        return Comparison(Estimate(nan, nan, nan), len(pairs))
    ratios = [quotient(one, other) for one, other in pairs]
    if not all(0 < ratio < inf for ratio in (*ratios, *ours, *baseline)):
        ties = all(ratio == 1 for ratio in ratios)
        signs = Estimate(1, 1, 1) if ties else median_estimate(ratios)
        return Comparison(signs, len(pairs))
    logs = [math.log(ratio) for ratio in ratios]
    centre, distance = fmean(logs), half_width(logs)
    ends = (centre, centre - distance, centre + distance)
    return Comparison(Estimate(*map(math.exp, ends)), len(pairs))


def quotient(one: float, other: float) -> float:
    """One over the other; 1 where they are equal, be they 0 or endless."""
    if one == other:
        return 1.0
    return one / other if other else inf
