"""One figure before and now, and when that counts as worse."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite, isnan

from benchmark.against_earlier.thresholds import MEASURED
from benchmark.intervals.estimates import Estimate, estimate
from benchmark.intervals.paired import Comparison
from benchmark.results.verdicts import word

SIMULATED_PART, MEASURED_PART = "simulated", "measured"


@dataclass(frozen=True, slots=True)
class Place:
    """Which figure is spoken of."""

    suite: str
    part: str
    strategy: str  # its key; of what was measured, the operation
    metric: str

    @property
    def name(self) -> str:
        """The metric as `--fail-on` calls it."""
        measured = self.part == MEASURED_PART
        return f"{MEASURED}{self.metric}" if measured else self.metric

    def __str__(self) -> str:
        return f"{self.suite}, {self.strategy}: {self.name}"


@dataclass(frozen=True, slots=True)
class Change:
    """One figure, before and now."""

    place: Place
    unit: str
    before: Estimate
    now: Estimate
    comparison: Comparison  # how many times the earlier figure the new one is
    words: tuple[str, str]  # for less and for more
    more_is_better: bool = False
    paired: bool = False
    noisy: bool = False
    seeds: tuple[tuple[float, float], ...] = ()  # now and before, if paired

    @property
    def verdict(self) -> str:
        """`less`, `more`, `same`, `alike`, or `cannot tell`."""
        return "cannot tell" if self.noisy else self.comparison.verdict

    @property
    def word(self) -> str:
        """`faster`, `slower`, `cheaper`, …, or one of the other words."""
        return word(*self.words, self.verdict)

    @property
    def worse(self) -> str:
        """What it is called if it got worse."""
        return self.words[not self.more_is_better]

    def worse_by(self, percent: float) -> bool:
        """Whether the whole interval lies beyond so many percent."""
        if self._has_zeros:
            return self._excess(percent).low > 0
        ratio = self.comparison.ratio
        if self.more_is_better:
            return ratio.high < 1 - percent / 100
        return ratio.low > 1 + percent / 100

    @property
    def judgeable(self) -> bool:
        """Whether there is an interval, with an end on the worse side."""
        ratio = self.comparison.ratio
        if self._has_zeros or self.more_is_better:
            return self._has_zeros or not isnan(ratio.low)
        return isfinite(ratio.low) and isfinite(ratio.high)

    @property
    def _has_zeros(self) -> bool:
        """Of nothing no ratio says how much more it became; a difference
        does.
        """
        values = [value for pair in self.seeds for value in pair]
        return 0 in values and all(map(isfinite, values))

    def _excess(self, percent: float) -> Estimate:
        """By how much it is beyond so many percent, seed by seed."""
        sign = -1 if self.more_is_better else 1
        allowed = 1 + sign * percent / 100
        return estimate(
            [sign * (now - allowed * before) for now, before in self.seeds]
        )


@dataclass(frozen=True, slots=True)
class Gap:
    """One figure that could not be compared."""

    place: Place
    reason: str
    gone: bool = False  # the strategy was there, and is no more


@dataclass(frozen=True, slots=True)
class Changes:
    """All that two reports have in common, and what they lack."""

    changes: tuple[Change, ...]
    gaps: tuple[Gap, ...]


def printable(text: str) -> str:
    """A file may say anything; a terminal would act on some of it."""
    return "".join(c for c in text[:40] if c.isprintable())
