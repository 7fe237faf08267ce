"""One figure and its 95 % interval, from a few seeds or rounds.

One run of a program says nothing of the next. So each is repeated with other
customers (a *seed*), and how much the seeds differ says how far off the figure
may be. There are three ways from values to an interval, for three questions:

- `estimate`: a sum or a mean, one a seed. Student's t over the seeds.
- `pooled_percentile`: a percentile of all requests of all seeds together. The
  requests of one seed are alike, so they do not count as independent: what is
  studentised over the seeds is the *share* of requests that lie below, and the
  ends of that share are read off the pooled samples again (Woodruff,
  "Confidence intervals for medians and other position measures", 1952; on the
  logit of the share, as `svyquantile(interval.type="xlogit")` of R's package
  `survey` does, so that the share stays between 0 and 1).
- `median_estimate`: a median of rounds, whatever their distribution, from
  their order alone (the sign test). It needs six values.

When it does not help: an interval over seeds says how the *traffic* varies,
not whether the model of the provider is right, and nothing of another day.
Where a failure makes a value endless, a mean has no interval; a percentile has
one, whose upper end is then perhaps "never".
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, isfinite, nan
from statistics import fmean, median, stdev

from benchmark.intervals.digits import shown
from lab.percentiles import percentile

FEWEST = 6  # values of which a sign test can tell anything at 95 %

# Student's t, 97.5 %, for 1, 2, … degrees of freedom (any table of it)
_T = (
    *(12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228),
    *(2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086),
    *(2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042),
)


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value and its 95 % interval, of which an end may be infinite; NaN to
    NaN where there is none.
    """

    value: float
    low: float
    high: float

    @property
    def bounded(self) -> bool:
        """Whether there is an interval with two ends."""
        return isfinite(self.low) and isfinite(self.high)

    @property
    def sized(self) -> bool:
        """Whether it is a ratio that says how many times, rather than only
        which side of 1: where one of the two took nothing, or never ended.
        """
        return 0 < self.value < inf and self.low != 0 and self.high != inf

    def __str__(self) -> str:
        return shown(self.value, self.low, self.high)


def estimate(
    values: Sequence[float], bounds: tuple[float, float] = (-inf, inf)
) -> Estimate:
    """The mean of independent values, with Student's interval; `bounds` are
    what no such figure can lie beyond, such as 0 and 100 %.
    """
    centre = fmean(values)
    if not all(map(isfinite, values)):
        return Estimate(centre, nan, nan)
    distance = half_width(values)
    return Estimate(
        centre,
        max(centre - distance, bounds[0]),
        min(centre + distance, bounds[1]),
    )


def pooled_percentile(
    seeds: Sequence[Sequence[float]], share: float
) -> Estimate:
    """The percentile of all samples together, with Woodruff's interval over
    the seeds. Its low end is a sample; its high end is one, or without end.
    """
    pool = sorted(value for samples in seeds for value in samples)
    centre = percentile(pool, share)
    below = [
        bisect_right(sorted(samples), centre) / len(samples)
        for samples in seeds
    ]
    distance = half_width(below)
    if math.isnan(distance):
        return Estimate(centre, nan, nan)
    if share == 1:  # nothing lies above the slowest
        return Estimate(centre, centre, centre)
    logit, on_logit = math.log(share / (1 - share)), share * (1 - share)
    low, high = (
        percentile(pool, _expit(logit + sign * distance / on_logit))
        for sign in (-1, 1)
    )
    return Estimate(centre, min(low, centre), max(centre, high))


def _expit(logit: float) -> float:
    """The share with this logit; never quite 0."""
    return max(1 / (1 + math.exp(-min(max(logit, -700.0), 700.0))), 1e-300)


def half_width(values: Sequence[float]) -> float:
    """Of Student's 95 % interval around their mean; NaN for one value."""
    if len(values) < 2:
        return nan
    return student(len(values) - 1) * stdev(values) / math.sqrt(len(values))


def student(freedom: int) -> float:
    """The 97.5 % quantile of Student's t with so many degrees of freedom:
    from the table, and beyond it by Cornish and Fisher's expansion around the
    normal quantile, to four digits.
    """
    if freedom <= len(_T):
        return _T[freedom - 1]
    z = 1.959964
    first = (z**3 + z) / 4
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    return z + first / freedom + second / freedom**2


def median_and_mad(values: Sequence[float]) -> tuple[float, float]:
    """The median, and the median distance from it: a stray value moves
    neither.
    """
    middle = median(values)
    return middle, median(abs(value - middle) for value in values)


def median_estimate(values: Sequence[float]) -> Estimate:
    """The median with a 95 % interval from the order of the values alone
    (sign test), so it holds whatever their distribution. With fewer than
    `FEWEST` values there is no interval.
    """
    ordered, count = sorted(values), len(values)
    outside, tail = -1, 0.0
    while True:  # how many at each end lie outside the interval
        tail += math.comb(count, outside + 1) / 2**count
        if tail > 0.025:
            break
        outside += 1
    if outside < 0:
        return Estimate(median(ordered), nan, nan)
    return Estimate(
        median(ordered), ordered[outside], ordered[count - 1 - outside]
    )
