"""The figures that are taken from a run, each with its unit and its words.

A metric says how it is read off one `Run`, whether it is taken from all
samples at once (a percentile) or once a seed (a sum, a share), how many
samples it needs, and what "less" is called: of seconds faster, of dollars
cheaper.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from operator import attrgetter
from statistics import fmean

from benchmark.runs import Run
from benchmark.statistics import SAMPLES_FOR_P99, percentile


@dataclass(frozen=True, slots=True)
class Metric:
    """One figure of a run."""

    name: str
    of: Callable[[Run], float]
    unit: str = "s"
    less: str = "faster"
    more: str = "slower"
    more_is_better: bool = False
    pooled: bool = False  # taken from the samples of all seeds together
    samples_needed: int = 1  # a seed

    def __str__(self) -> str:
        return f"{self.name} ({self.unit})" if self.unit else self.name


def latency(
    percent: float,
    column: str = "seconds",
    of: str = "",
    less: str = "faster",
    more: str = "slower",
) -> Metric:
    """A percentile of one of a run's latency columns."""
    read = attrgetter(column)
    return Metric(
        f"{of}p{percent:g}",
        lambda run: percentile(read(run), percent),
        less=less,
        more=more,
        pooled=True,
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
)

HITS = Metric(
    "hits",
    lambda run: 100 * run.hits / run.requests,
    unit="%",
    less="fewer",
    more="more",
    more_is_better=True,
)

FALSE_HITS = Metric(
    "false hits",
    lambda run: 100 * run.differing / run.requests,
    unit="%",
    less="fewer",
    more="more",
)

TOKENS = Metric(
    "tokens",
    lambda run: (run.prompt_tokens + run.completion_tokens) / run.requests,
    unit="each",
    less="fewer",
    more="more",
)

CENTS = Metric(
    "bill",
    lambda run: 100_000 * run.dollars / run.answered if run.answered else inf,
    unit="¢/1,000",
    less="cheaper",
    more="dearer",
)


def calls_of(name: str) -> Metric:
    """How many requests in a hundred reached the model of this name."""
    return Metric(
        f"at {name}",
        lambda run: 100 * run.calls.get(name, 0) / run.requests,
        unit="%",
        less="less",
        more="more",
    )
