"""What this machine really takes: measured in calibrated, interleaved rounds.

A machine is never quiet for long. Timing one thing for a second, then the
next, compares two moods of the machine. So all operations take turns in each
round, shuffled anew (were they only rotated, each would always follow the
same one, and find its caches as that one left them); an operation too short
for the clock runs as often as fills a few milliseconds; the first round only
warms up. What is shown is the median and its median distance (MAD), and ratios
are taken *within* a round, where both met the same mood.

When it does not help: nothing here carries over to another machine. Measured
figures stand apart from simulated ones, always.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from benchmark.intervals.estimates import (
    FEWEST,
    median_and_mad,
    median_estimate,
)
from benchmark.intervals.paired import Comparison
from lab.questions import Bank
from optimizations.clock import chance

TAKE_SECONDS = 0.005  # how long one take of a short operation should last
NOISY_SHARE = 0.1  # of strays among the rounds, or of the median as MAD

Take = Callable[[], Awaitable[Mapping[str, float]]]
"""Does an operation once and returns its figures by name."""


@dataclass(frozen=True, slots=True)
class Bench:
    """What a suite's measured part is given."""

    bank: Bank
    seed: int
    quick: bool
    redis_url: str | None = None  # a user's own; None: one of ours
    peers: bool = False  # also what others have written
    tick: Callable[[], None] = lambda: None  # called after each round

    @property
    def rounds(self) -> int:
        return 7 if self.quick else 25

    @property
    def slow_rounds(self) -> int:
        """Where one round takes long, because somebody waits in it."""
        return FEWEST if self.quick else 20


@dataclass(frozen=True, slots=True)
class Series:
    """One figure of one operation: a value a round."""

    operation: str
    figure: str
    unit: str
    values: tuple[float, ...]

    @property
    def median_and_mad(self) -> tuple[float, float]:
        return median_and_mad(self.values)

    @property
    def noisy(self) -> bool:
        """Whether the machine was too busy to trust these rounds."""
        middle, mad = self.median_and_mad
        strays = sum(abs(value - middle) > 7 * mad for value in self.values)
        return mad > NOISY_SHARE * middle or (
            strays > NOISY_SHARE * len(self.values)
        )

    def compared(self, reference: Series) -> Comparison:
        """Ratios within each round: their median, with its interval."""
        pairs = zip(self.values, reference.values, strict=True)
        ratios = [ours / theirs for ours, theirs in pairs]
        return Comparison(median_estimate(ratios), len(ratios))


@dataclass(frozen=True, slots=True)
class Measured:
    """A suite's measured part: the first operation is the reference."""

    setting: str  # one line: what was measured, and where
    series: tuple[Series, ...] = ()
    warnings: tuple[str, ...] = ()
    invalid: str = ""  # why it says nothing of the server, if so


async def interleaved(
    takes: Mapping[str, Take],
    units: Mapping[str, str],
    rounds: int,
    tick: Callable[[], None],
) -> tuple[Series, ...]:
    """Let all operations take turns. `units` are those of the figures."""
    names, shuffle = list(takes), chance("rounds", *takes).shuffle
    values: dict[tuple[str, str], list[float]] = {
        (name, figure): [] for name in names for figure in units
    }
    for number in range(-1, rounds):
        shuffle(names)
        for name in names:
            figures = await takes[name]()
            if number >= 0:  # the first round only warms up
                for figure in units:
                    values[name, figure].append(figures[figure])
        tick()
    return tuple(
        Series(name, figure, units[figure], tuple(values[name, figure]))
        for name, figure in values
    )


async def calibrated(
    operation: Callable[[], Awaitable[object]], figure: str, *, unit: float
) -> Take:
    """A take that repeats a short operation until the clock can tell, and
    says how many `unit` seconds one repetition took.
    """

    async def seconds_for(loops: int) -> float:
        began = time.perf_counter()
        for _ in range(loops):
            await operation()
        return time.perf_counter() - began

    loops = 1
    while await seconds_for(loops) < TAKE_SECONDS:
        loops *= 2

    async def take() -> Mapping[str, float]:
        return {figure: await seconds_for(loops) / loops / unit}

    return take
