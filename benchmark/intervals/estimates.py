"""What may be said of a difference, and with how many digits.

Two runs always differ. Whether the *strategies* differ is another question,
and one run of each can't answer it. So each strategy meets the same customers
in several seeds, and within a seed the two are compared as a pair: what one
day's traffic made slow, it made slow for both. The pairs' ratios have a mean
and a 95 % interval (Student's t, on the logarithms, for ratios multiply), and
only an interval that lies wholly on one side of 1 is a verdict. Else the
honest answer is "cannot tell".

A percentile comes from all samples of all seeds, never from averaged
percentiles; its interval from how much the seeds differ. A failure is a
latency without end and stays in the distribution.

When it does not help: an interval over seeds says how the *traffic* varies,
not whether the model of the provider is right, and nothing of another day.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import inf, nan
from statistics import fmean, median, stdev

SAMPLES_FOR_P99 = 1000  # a hundredth of fewer is a handful, or nobody

# Student's t, 97.5 %, for 1, 2, … degrees of freedom (any table of it)
_T = (
    *(12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228),
    *(2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086),
    *(2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042),
)

_TOO_MANY = 10_000  # pairs: nobody will run them


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value and its 95 % interval; the interval is NaN to NaN where one
    value is all there is.
    """

    value: float
    low: float
    high: float

    @property
    def half_width(self) -> float:
        return (self.high - self.low) / 2

    def __str__(self) -> str:
        return shown(self.value, self.half_width)


@dataclass(frozen=True, slots=True)
class Comparison:
    """How many times the baseline's figure this one is, over paired seeds."""

    ratio: Estimate
    pairs: int

    @property
    def verdict(self) -> str:
        """`less`, `more`, `same` (in each pair), or `cannot tell`."""
        if self.ratio.low == self.ratio.high == 1:
            return "same"
        if self.ratio.high < 1:
            return "less"
        if self.ratio.low > 1:
            return "more"
        return "cannot tell"

    @property
    def pairs_lacking(self) -> float:
        """About how many more pairs would tell a difference of this size; NaN
        where there is nothing more to tell, or no interval to go by.
        """
        if self.verdict != "cannot tell" or not 0 < self.ratio.low < inf:
            return nan
        distance = abs(math.log(self.ratio.value))
        half_width = math.log(self.ratio.high / self.ratio.low) / 2
        if not distance:
            return inf
        spread = half_width * math.sqrt(self.pairs) / student(self.pairs - 1)
        pairs = self.pairs
        while student(pairs - 1) * spread / math.sqrt(pairs) > distance:
            pairs = math.ceil(pairs * 1.05)
            if pairs > _TOO_MANY:
                return inf
        return pairs - self.pairs


def percentile(values: Iterable[float], percent: float) -> float:
    """The smallest value that at least `percent` of them do not exceed.

    >>> percentile([3, 1, 2, inf], 50), percentile([3, 1, 2, inf], 99)
    (2, inf)
    """
    ordered = sorted(values)
    return ordered[max(math.ceil(len(ordered) * percent / 100) - 1, 0)]


def estimate(
    per_seed: Sequence[float], value: float | None = None
) -> Estimate:
    """The mean of independent values, or `value` where it was taken from all
    samples, with Student's interval.
    """
    centre = fmean(per_seed) if value is None else value
    if not all(map(math.isfinite, (centre, *per_seed))):
        return Estimate(centre, centre, centre)
    half_width = _half_width(per_seed)
    return Estimate(centre, centre - half_width, centre + half_width)


def compare(ours: Sequence[float], baseline: Sequence[float]) -> Comparison:
    """Pairs of figures from the same seed, as a ratio: their geometric mean
    and its interval. A pair of two zeros counts as equal.
    """
    pairs = list(zip(ours, baseline, strict=True))
    ratios = [_ratio(one, other) for one, other in pairs]
    if all(0 < ratio < inf for ratio in ratios):
        logs = [math.log(ratio) for ratio in ratios]
        centre, half_width = fmean(logs), _half_width(logs)
        interval = Estimate(
            math.exp(centre),
            math.exp(centre - half_width),
            math.exp(centre + half_width),
        )
    elif any(map(math.isnan, ratios)):
        interval = Estimate(nan, nan, nan)
    else:  # some never ended, or took nothing: the pairs' own range
        interval = Estimate(median(ratios), min(ratios), max(ratios))
    return Comparison(interval, len(pairs))


def _ratio(one: float, other: float) -> float:
    if one == other:
        return 1.0 if math.isfinite(one) else nan
    return one / other if other else inf


def _half_width(values: Sequence[float]) -> float:
    """Of Student's 95 % interval around their mean."""
    if len(values) < 2:
        return nan
    quantile = student(len(values) - 1)
    return quantile * stdev(values) / math.sqrt(len(values))


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
    (sign test), so it holds whatever their distribution. From six values up.
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


def shown(
    value: float,
    half_width: float = nan,
    digits: int = 3,
) -> str:
    """A number with no more digits than its interval allows, and no more than
    `digits` that mean something.

    >>> shown(1.23456, 0.04), shown(1234.5, 60), shown(0.00123), shown(inf)
    ('1.23', '1230', '0.00123', 'never')
    """
    if math.isnan(value):
        return "–"
    if math.isinf(value):
        return "never"
    if value == 0:
        return "0"
    decimals = digits - 1 - _magnitude(value)
    if 0 < half_width < inf:
        decimals = min(decimals, -_magnitude(half_width))
        return _rounded(value, decimals)
    text = _rounded(value, decimals)  # exact, or alone: zeros say nothing
    return text.rstrip("0").rstrip(".") if "." in text else text


def interval_shown(interval: Estimate) -> str:
    """A ratio and its interval, all with as many decimals as the interval
    allows; without it where there is none, or it is too narrow to be seen.

    >>> interval_shown(Estimate(0.3812, 0.352, 0.413))
    '0.38 (0.35–0.41)'
    >>> interval_shown(Estimate(0.998, 0.994, 1.002))
    '0.998 (0.994–1.002)'
    """
    value, half_width = interval.value, interval.half_width
    if not (0 < value < inf and 0 < half_width < inf):
        return shown(value)
    decimals = min(-_magnitude(half_width), max(3, 2 - _magnitude(value)))
    low, high = (
        _rounded(interval.low, decimals),
        _rounded(interval.high, decimals),
    )
    if low == high:
        return low
    return f"{_rounded(value, decimals)} ({low}–{high})"


def _magnitude(value: float) -> int:
    """The power of ten of the first digit."""
    return math.floor(math.log10(abs(value)))


def _rounded(value: float, decimals: int) -> str:
    return f"{round(value, decimals):.{max(decimals, 0)}f}"
