"""From runs to figures: each with its interval, and as a ratio to the
baseline's.

A strategy whose answers are not the right ones has no figures at all: a wrong
answer has no speed. The exception is a cache that matches by meaning:
that it may mistake one question for another is its known price, so the share
is a figure beside the others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import isfinite
from statistics import fmean

from benchmark.intervals.estimates import Estimate
from benchmark.intervals.paired import Comparison, compare
from benchmark.measured.rounds import Measured
from benchmark.results.metrics import (
    P95,
    P95_AS_SENT,
    P99_AS_SENT,
    Metric,
)
from benchmark.simulated.seed_run import SeedRun, pooled
from benchmark.simulated.simulate import Problem, SeedResult
from benchmark.study import Clock, Finding, Study
from benchmark.suite import Strategy, Suite

GROWTH = 1.3  # of the mean wait, from the middle fifth of a run to its last
FIFTH = 20  # requests at least, so that one long answer is no trend
UNCORRECTED = (P95_AS_SENT, P99_AS_SENT)


@dataclass(frozen=True)
class Standing:
    """How one strategy did, over all seeds."""

    strategy: Strategy
    runs: tuple[SeedRun, ...] = ()
    problem: Problem | None = None
    baseline: Standing | None = None  # None: it is one itself

    @property
    def name(self) -> str:
        return self.strategy.name

    @property
    def wrong(self) -> int:
        """Answers that are not the right ones, and have to be."""
        if self.strategy.may_mistake:
            return 0
        return sum(run.differing for run in self.runs)

    @property
    def judged(self) -> bool:
        """Whether it has figures that mean something."""
        return not self.problem and not self.wrong

    @cached_property
    def pool(self) -> SeedRun:
        """The samples of all seeds."""
        return pooled(self.runs)

    @cached_property
    def _figures(self) -> dict[Metric, Estimate]:
        return {}

    def figure(self, metric: Metric) -> Estimate | None:
        """A metric with its interval; None where the samples are too few."""
        if not self.judged or not self.has_samples_for(metric):
            return None
        if metric not in self._figures:
            self._figures[metric] = metric.over(self.runs)
        return self._figures[metric]

    def has_samples_for(self, metric: Metric) -> bool:
        return all(run.requests >= metric.samples_needed for run in self.runs)

    def ratio(self, metric: Metric) -> Comparison | None:
        """To the baseline's, seed by seed."""
        base = self.baseline
        if base is None or not (self.judged and base.judged):
            return None
        if not self.has_samples_for(metric):
            return None
        return compare(
            [metric.of(run) for run in self.runs],
            [metric.of(run) for run in base.runs],
        )

    @property
    def sent_late(self) -> bool:
        """Whether it matters from when latency counts."""
        corrected, uncorrected = self.figure(P95), self.figure(P95_AS_SENT)
        return str(corrected) != str(uncorrected)

    @property
    def still_growing(self) -> bool:
        """Whether waits still grew when the run ended, in most seeds."""
        growing = sum(_grows(run) for run in self.runs)
        return growing > len(self.runs) / 2


@dataclass(frozen=True)
class SuiteResult:
    """One suite: what was simulated, and what was measured."""

    suite: Suite
    seeds: int
    requests: int  # a seed
    standings: tuple[Standing, ...]
    measured: Measured = field(default_factory=lambda: Measured(""))
    findings: Mapping[str, Finding | Problem] = field(default_factory=dict)

    def standing(self, key: str) -> Standing:
        """By the strategy's key."""
        return next(s for s in self.standings if s.strategy.key == key)

    @property
    def wrong(self) -> bool:
        return any(standing.wrong for standing in self.standings)

    @property
    def unjudged(self) -> bool:
        """Whether something broke (a missing part is no such thing)."""
        problems = (
            *(standing.problem for standing in self.standings),
            *self.findings.values(),
        )
        return any(isinstance(p, Problem) and not p.missing for p in problems)

    def found(self, clock: Clock) -> list[tuple[Study, Finding]]:
        """What its studies on this clock found."""
        both = ((s, self.findings.get(s.name)) for s in self.suite.studies)
        return [
            (study, finding)
            for study, finding in both
            if study.clock == clock and isinstance(finding, Finding)
        ]

    @property
    def columns(self) -> list[Metric]:
        """What the table shows: what there are samples for, and the
        uncorrected latency too, where something was sent late.
        """
        columns = [*self.suite.columns]
        if any(s.judged and s.sent_late for s in self.standings):
            columns += [m for m in UNCORRECTED if m not in columns]
        return [m for m in columns if m.samples_needed <= self.requests]

    @property
    def answered(self) -> str:
        """The denominators: how many were answered, of how many asked."""
        asked = self.seeds * self.requests
        counts = {
            standing.strategy.key: standing.pool.answered
            for standing in self.standings
            if standing.runs
        }
        short = [
            f"{key} {count:,}"
            for key, count in counts.items()
            if count < asked
        ]
        if not short:
            return f"Each answered {asked:,} of {asked:,} asked."
        return (
            f"Answered, of {asked:,} asked: {', '.join(short)}; the others "
            f"all {asked:,}. Failures stay in every percentile."
        )

    @property
    def samples_lacking(self) -> bool:
        """Whether a figure was left out because a seed had too few."""
        metrics = (*self.suite.columns, *self.suite.judged)
        return self.requests < max(m.samples_needed for m in metrics)


def judge(
    suite: Suite, requests: int, seeds: Sequence[Mapping[str, SeedResult]]
) -> SuiteResult:
    """Put the seeds together."""
    standings: dict[str, Standing] = {}
    for strategy in suite.strategies:  # a baseline stands before its group
        outcomes = [seed[strategy.key] for seed in seeds]
        problems = (o for o in outcomes if isinstance(o, Problem))
        standings[strategy.key] = Standing(
            strategy,
            tuple(o for o in outcomes if isinstance(o, SeedRun)),
            next(problems, None),
            standings.get(suite.baseline_of(strategy).key),
        )
    return SuiteResult(suite, len(seeds), requests, (*standings.values(),))


def _grows(run: SeedRun) -> bool:
    """Whether each fifth of the run waited longer than the one before it, and
    the last much longer than the middle one. A few requests tell no trend.
    """
    size = run.requests // 5
    if size < FIFTH or run.due_seconds[0] == run.due_seconds[-1]:
        return False  # all due at once: no queue grows, it only shrinks
    fifths = [run.seconds[i * size : (i + 1) * size] for i in range(5)]
    ended = [[s for s in fifth if isfinite(s)] for fifth in fifths]
    if not all(ended):
        return False
    _, second, middle, fourth, last = map(fmean, ended)
    return second < middle < fourth < last and last > GROWTH * middle
