"""What a chapter is made of: steps, which are data, so they read as text.

A step says why, names the source that it is about, and has one demonstration:
a coroutine that runs the real modules and returns an `Outcome`, a table and a
sentence filled from what was just measured. The author of a chapter writes no
screen code, and no number: those come from the run.

A demonstration runs on the virtual clock (`Clock.SIMULATED`: exact, the same
on each machine) or on the real one (`Clock.MEASURED`: this machine, now).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

from lab.questions import Bank
from lab.settings import Settings
from optimizations.llm import LLM, Request
from optimizations.mock import MockModel


class Clock(Enum):
    """On which clock a demonstration ran; the value is shown beside it."""

    SIMULATED = "simulated: virtual clock, exact for this seed"
    MEASURED = "measured: on this machine, just now"


@dataclass(frozen=True, slots=True)
class Table:
    """Short cells; the first column is text, the others are numbers."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a demonstration found."""

    table: Table
    says: str  # one or two sentences, filled from the run
    warnings: Sequence[str] = ()  # a part that is missing, and how to get it


@dataclass(frozen=True, slots=True)
class Context:
    """What a demonstration is given."""

    seed: int
    bank: Bank
    settings: Settings
    model: str  # mock, server or endpoint: who answers on the real clock
    state_folder: Path  # for what outlives a run
    tell: Callable[[str], None]  # text to show while it happens

    def mock(self, profile: str = "hosted", **options: Any) -> MockModel:
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

    @asynccontextmanager
    async def http_model(self, *, max_tokens: int) -> AsyncIterator[LLM]:
        """A model over real HTTP: a server process of ours, or the endpoint
        where the user asked for it (and agreed to its cost).
        """
        from lab.endpoint import endpoint_model
        from lab.parts import model_server
        from optimizations.http_model import HTTPModel

        if self.model == "endpoint":
            async with endpoint_model(self.settings, max_tokens) as model:
                yield model
            return
        options = ["--profile", "quick", "--seed", str(self.seed)]
        async with (
            model_server("a", options) as server,
            HTTPModel(server.url) as model,
        ):
            yield model


@dataclass(frozen=True, slots=True)
class Step:
    """One idea: why, the source, a demonstration, and when not."""

    title: str
    why: str
    source: str  # "module:name" of the lines that matter most
    clock: Clock
    run: Callable[[Context], Awaitable[Outcome]]
    not_when: str
    endpoint_requests: int = 0  # how many go to a paid endpoint, if chosen
    endpoint_tokens: int = 64  # and how long each answer may be


@dataclass(frozen=True, slots=True)
class Chapter:
    """One topic, in steps."""

    number: int
    name: str  # as on the command line
    title: str
    steps: Sequence[Step] = field(default_factory=tuple)
