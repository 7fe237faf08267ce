"""Percentiles: how long the slowest but a few had to wait.

A percentile is one of the samples: the smallest that a given share of them
does not exceed (the nearest rank, which needs no interpolation and so never
shows a wait that nobody had). A failure is a wait without end, and stays among
the samples.

The rank is counted exactly. `0.07 * 100` is a little more than 7 in floating
point, and rounding that up takes the eighth sample of a hundred, not the
seventh. So a share means the decimal number it is written as.

When it does not help: of few samples the high percentiles are only the
slowest one, and no two percentiles may be averaged.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from fractions import Fraction
from functools import lru_cache
from math import inf


def percentile(values: Iterable[float], share: float) -> float:
    """The smallest value that at least this share (above 0, up to 1) of them
    does not exceed; without end where there are none, for nobody was served.

    >>> percentile(range(1, 101), 0.07), percentile([3.0, 1.0, inf], 0.99)
    (7, inf)
    """
    ordered = sorted(values)
    return ordered[rank(len(ordered), share) - 1] if ordered else inf


def rank(count: int, share: float) -> int:
    """Which of so many ordered samples it is, from 1. Raises ValueError."""
    if not 0 < share <= 1:  # nor is it for a NaN
        raise ValueError(f"share must be above 0 and at most 1, not {share}")
    return math.ceil(count * _as_written(share))


@lru_cache(maxsize=1000)
def _as_written(share: float) -> Fraction:
    """Exactly 7/100 for 0.07, which as a float is a little more."""
    return Fraction(repr(float(share)))
