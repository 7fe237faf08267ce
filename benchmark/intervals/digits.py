"""With how many digits a figure is shown: no more than its interval allows,
and always enough to be true.

A figure has as many decimals as the nearer end of its interval is worth (most
intervals are longer on one side), but never fewer than two digits that mean
something: 0.48 is not "0", however wide its interval.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from math import inf, isfinite, isnan, nan
from typing import Protocol

NEVER, NOTHING = "never", "–"
LEAST = 2  # digits that mean something


class Interval(Protocol):
    """A value with two ends, NaN where there are none."""

    @property
    def value(self) -> float: ...
    @property
    def low(self) -> float: ...
    @property
    def high(self) -> float: ...


def shown(
    value: float, low: float = nan, high: float = nan, *, digits: int = 3
) -> str:
    """A number with no more digits than its interval allows; where it has
    none, with at most `digits` that mean something.

    >>> shown(1.23456, 1.2, 1.27), shown(1234.5, 1174, 1294), shown(0.00123)
    ('1.23', '1230', '0.00123')
    >>> shown(1.2, -28, 31), shown(inf), shown(25)
    ('1.2', 'never', '25')
    """
    if isnan(value):
        return NOTHING
    if math.isinf(value):
        return NEVER
    decimals = _decimals(value, low, high)
    if decimals is not None:
        return _rounded(value, decimals)
    text = _rounded(value, digits - 1 - _magnitude(value), least=1)
    return text.rstrip("0").rstrip(".") if "." in text else text


def interval_shown(interval: Interval) -> str:
    """A figure and its interval, all with as many decimals as the interval
    allows; the value alone where the interval is too narrow to be seen.

    >>> from benchmark.intervals.estimates import Estimate
    >>> interval_shown(Estimate(0.3812, 0.352, 0.413))
    '0.38 (0.35–0.41)'
    >>> interval_shown(Estimate(0.48, 0.32, 3.06))
    '0.48 (0.32–3.1)'
    >>> interval_shown(Estimate(0.5, nan, nan))
    '0.5 (no interval)'
    """
    value, low, high = interval.value, interval.low, interval.high
    if isnan(value) or low == value == high:
        return shown(value)
    if isnan(low):
        return shown(value) + (" (no interval)" if isfinite(value) else "")
    decimals = _decimals(value, low, high)
    if decimals is None:
        decimals = 2 - _magnitude(min(low, value) or high)
    ends = [_end(end, decimals) for end in (low, high)]
    if ends[0] == ends[1]:
        return ends[0]
    return f"{_end(value, decimals)} ({ends[0]}–{ends[1]})"


def duration_shown(interval: Interval) -> str:
    """Seconds in the unit that suits, with their unit.

    >>> from benchmark.intervals.estimates import Estimate
    >>> duration_shown(Estimate(0.0254, 0.0251, 0.0257))
    '25.4 ms'
    >>> duration_shown(Estimate(1.5, nan, nan)), duration_shown(
    ...     Estimate(inf, nan, nan)
    ... )
    ('1.5 s', 'never')
    """
    if not isfinite(interval.value):
        return shown(interval.value)
    thousand, unit = (1, "s") if interval.value >= 1 else (1000, "ms")
    ends = (interval.value, interval.low, interval.high)
    return f"{shown(*(thousand * end for end in ends))} {unit}"


def brief(seconds: float) -> str:
    """A short time to two digits, for a sentence.

    >>> brief(0.00173), brief(4.2e-7), brief(25e-6), brief(3)
    ('1.7 ms', '420 ns', '25 µs', '3 s')
    """
    units = {"s": 1.0, "ms": 1e-3, "µs": 1e-6, "ns": 1e-9}
    unit = next((u for u in units if seconds >= units[u]), "ns")
    return f"{shown(seconds / units[unit], digits=2)} {unit}"


def _decimals(value: float, low: float, high: float) -> int | None:
    """What the nearer end is worth; None where there is no such end."""
    arms = [arm for arm in _arms(value, low, high) if 0 < arm < inf]
    if not arms:
        return None
    # an interval that is much too narrow to be seen stays so
    return min(-_magnitude(min(arms)), max(3, 2 - _magnitude(value)))


def _arms(value: float, low: float, high: float) -> Iterator[float]:
    yield value - low
    yield high - value


def _end(value: float, decimals: int) -> str:
    return _rounded(value, decimals) if isfinite(value) else NEVER


def _magnitude(value: float) -> int:
    """The power of ten of the first digit; that of 0 is 0."""
    return math.floor(math.log10(abs(value))) if value else 0


def _rounded(value: float, decimals: int, least: int = LEAST) -> str:
    """To so many decimals, but to at least `least` digits that mean
    something.
    """
    if not value:
        return "0"
    decimals = max(decimals, least - 1 - _magnitude(value))
    return f"{round(value, decimals):.{max(decimals, 0)}f}"
