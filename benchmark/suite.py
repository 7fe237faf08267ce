"""What a suite is made of: customers, strategies, and what is asked of them.

A suite is a list, not a program. It names the strategies (each a factory that
builds an onion around a simulated model), the workload that all of them meet,
and the metrics that are shown and judged. How it is run, repeated, compared
and drawn is the same for all and stands elsewhere.

The first strategy is the baseline. Where strategies come in groups (a slow
replica is one situation, a failing one another), it is the first of its group.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass, field, replace
from importlib import import_module
from typing import Any

from benchmark.measured.rounds import Bench, Measured
from benchmark.results.metrics import P50, P95, P99, Metric
from benchmark.study import Study
from lab.questions import Bank
from lab.traffic import Arrival
from optimizations.llm import LLM, Request
from optimizations.mock import Fault, MockModel, Profile


@dataclass(frozen=True, slots=True)
class Trial:
    """What an onion is built for: one seed, its customers, its provider."""

    seed: int
    bank: Bank
    answer: Callable[[Request], str]  # the right one
    requests: int

    def model(
        self,
        profile: Profile | str = "hosted",
        *,
        name: str = "model",
        faults: Iterable[Fault] = (),
        replica: int = 0,
    ) -> MockModel:
        """A provider that gives the bank's right answers; each `replica`
        draws its own jitter.
        """
        return MockModel(
            profile,
            name=name,
            answer=self.answer,
            faults=faults,
            seed=self.seed * 100 + replica,
        )


Workload = Callable[[Trial], list[Arrival]]


@dataclass(frozen=True, slots=True)
class Strategy:
    """One way to answer the same requests."""

    name: str
    make: Callable[[Trial], LLM]
    group: str = ""  # the situation: compared within it, with its first
    senders: int | None = None  # None: open loop, each sent when it is due
    scheduled: bool = False  # its senders wait until a request is due
    streamed: bool = False
    may_mistake: bool = False  # its hits may be wrong: a share, not a bug
    workload: Workload | None = None  # its group's own; None: the suite's
    full_only: bool = False  # left out of --quick: it says little new

    @property
    def key(self) -> str:
        """Its name among all of the suite."""
        return f"{self.group}: {self.name}" if self.group else self.name


@dataclass(frozen=True, slots=True)
class Suite:
    """One table, one figure."""

    name: str
    setting: str  # one line: what is simulated, with its stated costs
    workload: Workload
    strategies: tuple[Strategy, ...]
    columns: tuple[Metric, ...]
    headline: Metric  # what the table gives as a ratio to the baseline
    judged: tuple[Metric, ...]  # what the verdict speaks of, in its order
    # of the figure that has all suites: the typical request, then the tails
    ratios: tuple[Metric, ...] = field(default=(P50, P95, P99), kw_only=True)
    # one line of each group: what is special about it
    situations: Mapping[str, str] = field(default_factory=dict, kw_only=True)
    measure: Callable[[Bench], Coroutine[Any, Any, Measured]]
    requests: int = 1000  # a seed
    quick_requests: int = 250
    traced: tuple[Strategy, ...] = ()  # those that can replay a trace
    traced_setting: str = ""  # what they run on
    studies: tuple[Study, ...] = ()  # what no strategy's figures tell
    # the same suite for these questions: what is said of it may differ
    adapted: Callable[[Suite, Bank], Suite] | None = None
    warnings: tuple[str, ...] = ()  # what to know before quoting it

    def shortened(self) -> Suite:
        """For --quick."""
        kept = tuple(s for s in self.strategies if not s.full_only)
        return replace(self, strategies=kept)

    def baseline_of(self, strategy: Strategy) -> Strategy:
        """What it is compared with; itself, where it is a baseline."""
        return next(s for s in self.strategies if s.group == strategy.group)


def load_suite(name: str) -> Suite:
    """The suite in the file of this name."""
    suite = import_module(f"benchmark.{name}").SUITE
    assert isinstance(suite, Suite)
    return suite
