"""What a chapter is made of: steps, which are data, so they read as text.

Every step has the same beats. It says *why*, shows the *source* that it is
about, lets the learner *predict* a figure, *runs* a demonstration on the real
modules, *compares* what was said with what was measured (and says when the
idea does not help), and offers a knob to *try* again with.

A demonstration is a coroutine that returns an `Outcome`: a table, a sentence
filled from what was just measured, the figures that predictions are held
against, and, where there is more to see, marks and views for the screen to
play. So the author of a chapter writes no screen code, and no number.

It runs on the virtual clock (`Clock.SIMULATED`: exact, the same on each
machine) or on the real one (`Clock.MEASURED`: this machine, now).
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lab.endpoint import Budget
from lab.questions import Bank
from lab.settings import Settings
from optimizations.llm import Request
from optimizations.mock import MockModel, Profile

if TYPE_CHECKING:
    from optimizations.monitoring.dashboard import View


ENDPOINT_TOKENS = 64
"""The most that an answer of a paid endpoint may have, unless a step says
less.
"""


class Clock(Enum):
    """On which clock a demonstration ran; the value is shown beside it."""

    SIMULATED = "simulated: virtual clock, exact for this seed"
    MEASURED = "measured: on this machine, just now"


@dataclass(frozen=True, slots=True)
class Table:
    """Short cells: first columns of text, then columns of numbers."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    texts: int = 1  # how many columns are text


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, for the replay: a mark on a lane."""

    at: float  # seconds of the demonstration's clock
    lane: str
    mark: str  # one character; the step's legend says what it means


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a demonstration found."""

    table: Table
    says: str  # one or two sentences, filled from the run
    measured: Mapping[str, float] = field(default_factory=dict)
    events: Sequence[Event] = ()  # replayed where somebody watches
    frames: Sequence[View] = ()  # so are these; elsewhere only the last one
    details: Sequence[str] = ()  # lines for a learner; a handout has no room


@dataclass(frozen=True, slots=True)
class Prediction:
    """A figure to guess before it is measured."""

    question: str
    figure: str  # its name in `Outcome.measured`
    unit: str  # "s", "%" or a noun
    hint: str


@dataclass(frozen=True, slots=True)
class Knob:
    """A number of the demonstration that the learner may turn."""

    name: str
    value: float  # as the lesson has it
    low: float
    high: float
    what: str


@dataclass(frozen=True, slots=True)
class Context:
    """What a demonstration is given."""

    seed: int
    bank: Bank
    settings: Settings
    model: str  # mock, server or endpoint: who answers on the real clock
    state_folder: Path  # for what outlives a run
    tell: Callable[[str], None]  # text to show while it happens
    budget: Budget = field(default_factory=lambda: Budget(0))  # endpoint's
    knobs: Mapping[str, float] = field(default_factory=dict)

    def mock(
        self, profile: Profile | str = "hosted", **options: Any
    ) -> MockModel:
        """A simulated model that knows the bank's answers."""
        return MockModel(
            profile, answer=self.bank.answer, seed=self.seed, **options
        )

    def ask(self, text: str, number: int, **options: Any) -> Request:
        """One question of this lesson; the number makes its id."""
        options.setdefault("model", "mock")
        return Request.ask(
            text, tenant="lesson", request_id=f"lesson-{number}", **options
        )


@dataclass(frozen=True, slots=True)
class Step:
    """One idea: why, the source, a demonstration, and when not."""

    title: str
    why: str
    source: str  # "module:name" of what is about to run
    clock: Clock
    run: Callable[[Context], Coroutine[Any, Any, Outcome]]
    not_when: str
    predict: Prediction
    knob: Knob
    begins: str = ""  # how the source line begins that matters most
    legend: str = ""  # what the marks of the replay mean
    endpoint_requests: int = 0  # how many go to a paid endpoint, if chosen
    endpoint_tokens: int = ENDPOINT_TOKENS  # how long each may be


@dataclass(frozen=True, slots=True)
class Chapter:
    """One topic, in steps."""

    number: int
    name: str  # as on the command line
    title: str
    steps: Sequence[Step] = field(default_factory=tuple)
