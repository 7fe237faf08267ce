"""What the command line said, and what follows from it for each suite."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmark.against_earlier.thresholds import Threshold
from benchmark.intervals.estimates import FEWEST
from benchmark.simulated.conduct import StudyJob
from benchmark.simulated.simulate import Job
from benchmark.simulated.traced import SEEDS as TRACE_SEEDS
from benchmark.simulated.traced import trace_requests
from benchmark.study import Study
from benchmark.suite import Suite
from lab.printable import printable

QUICK_SEEDS, FULL_SEEDS = FEWEST, 20
SEEDS_APART = 1000  # so that --seed 1 and --seed 2 have no seed in common


@dataclass(frozen=True, slots=True)
class Options:
    """The defaults are those of the command line."""

    suites: tuple[str, ...]
    seed: int = 1
    quick: bool = False
    peers: bool = False
    questions: str | None = None
    trace: str | None = None
    time_scale: float = 1.0
    out: Path = Path("reports")
    compare: Path | None = None
    fail_on: tuple[Threshold, ...] = ()

    @property
    def seeds(self) -> range:
        """Of each suite."""
        first = self.seed * SEEDS_APART
        count = QUICK_SEEDS if self.quick else FULL_SEEDS
        return range(first, first + (TRACE_SEEDS if self.trace else count))

    def requests(self, suite: Suite) -> int:
        """So many a seed."""
        if self.trace:
            return trace_requests(self.trace, quick=self.quick)
        return suite.quick_requests if self.quick else suite.requests

    def job(self, suite: Suite, seed: int) -> Job:
        """One seed of a suite."""
        return Job(
            suite.name,
            seed,
            self.requests(suite),
            self.questions,
            self.trace,
            self.time_scale,
            self.quick,
        )

    def study_job(self, suite: Suite, study: Study) -> StudyJob:
        """A study has one seed: that of the whole."""
        return StudyJob(
            suite.name, study.name, self.seed, self.quick, self.questions
        )

    def recorded(self) -> dict[str, Any]:
        """What decides about the figures, for the report."""
        return {
            "suites": self.suites,
            "seed": self.seed,
            "seeds": list(self.seeds),
            "quick": self.quick,
            "peers": self.peers,
            "questions": self.questions and printable(self.questions),
            "trace": self.trace and printable(self.trace),
            "time_scale": self.time_scale,
        }
