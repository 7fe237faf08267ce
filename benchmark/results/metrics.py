"""The figures that are taken from a run, each with its unit and its words.

A metric says how it is read off one run, whether it is a percentile of all
samples at once or one value a seed (a sum, a share), how many samples it
needs, and what "less" is called: of seconds faster, of dollars cheaper.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf
from operator import attrgetter
from statistics import fmean

from benchmark.intervals.estimates import (
    Estimate,
    estimate,
    pooled_percentile,
)
from benchmark.simulated.seed_run import SeedRun
from lab.percentiles import percentile

SAMPLES_FOR_P99 = 1000  # a hundredth of fewer is a handful, or nobody
ANY, PERCENT = (0.0, inf), (0.0, 100.0)  # what a figure can be


@dataclass(frozen=True, slots=True)
class Samples:
    """What a percentile is taken of."""

    of: Callable[[SeedRun], Sequence[float]]
    share: float


@dataclass(frozen=True, slots=True)
class Metric:
    """One figure of a run."""

    name: str
    of: Callable[[SeedRun], float]
    unit: str = "s"
    less: str = "faster"
    more: str = "slower"
    more_is_better: bool = False
    bounds: tuple[float, float] = ANY
    pooled: Samples | None = None  # a percentile: of the samples of all seeds
    samples_needed: int = 1  # a seed

    def over(self, runs: Sequence[SeedRun]) -> Estimate:
        """Of all seeds, with its interval."""
        if self.pooled is None:
            return estimate([self.of(run) for run in runs], self.bounds)
        samples = [self.pooled.of(run) for run in runs]
        return pooled_percentile(samples, self.pooled.share)


def latency(
    percent: float,
    column: str = "seconds",
    of: str = "",
    less: str = "faster",
    more: str = "slower",
) -> Metric:
    """A percentile of one of a run's latency columns."""
    samples = Samples(attrgetter(column), percent / 100)
    return Metric(
        f"{of}p{percent:g}",
        lambda run: percentile(samples.of(run), samples.share),
        less=less,
        more=more,
        pooled=samples,
        samples_needed=SAMPLES_FOR_P99 if percent >= 99 else 20,
    )


MEAN = Metric("mean", lambda run: fmean(run.seconds))
P50, P95, P99 = latency(50), latency(95), latency(99)

# uncorrected, as a sender sees it who does not know that it is late
P95_AS_SENT, P99_AS_SENT = (
    latency(percent, "as_sent_seconds", "as sent ", "sees less", "sees more")
    for percent in (95, 99)
)

MAKESPAN = Metric(
    "makespan",  # until all are answered; never, where some are not
    lambda run: run.makespan_seconds if run.answered == run.requests else inf,
)

THROUGHPUT = Metric(
    "throughput",
    lambda run: run.answered / run.makespan_seconds,
    unit="1/s",
    less="slower",
    more="faster",
    more_is_better=True,
)

FAILED = Metric(
    "failed",
    lambda run: 100 * (1 - run.answered / run.requests),
    unit="%",
    less="fails less",
    more="fails more",
    bounds=PERCENT,
)

HITS = Metric(
    "hits",
    lambda run: 100 * run.hits / run.requests,
    unit="%",
    less="fewer",
    more="more",
    more_is_better=True,
    bounds=PERCENT,
)

FALSE_HITS = Metric(
    "false hits",
    lambda run: 100 * run.differing / run.requests,
    unit="%",
    less="fewer",
    more="more",
    bounds=PERCENT,
)

STALE = Metric(
    "stale",
    lambda run: 100 * run.stale / run.requests,
    unit="%",
    less="fewer",
    more="more",
    bounds=PERCENT,
)

TOKENS = Metric(
    "tokens",
    lambda run: (run.prompt_tokens + run.completion_tokens) / run.requests,
    unit="each",
    less="fewer",
    more="more",
)

BILL = Metric(
    "bill",
    lambda run: 1000 * run.dollars / run.answered if run.answered else inf,
    unit="$/1,000",
    less="cheaper",
    more="dearer",
)


def calls_of(name: str) -> Metric:
    """How many calls reached the model of this name, for 100 requests."""
    return Metric(
        f"at {name}",
        lambda run: 100 * run.calls.get(name, 0) / run.requests,
        unit="%",
        less="less",
        more="more",
    )
