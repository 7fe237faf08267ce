"""The chapters of the lesson, and what their simulated steps find."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import CodeType, FrameType

from lab.questions import load_bank
from lab.settings import Settings
from lesson.chapter import Chapter, Clock, Context, Outcome, Step
from lesson.runner import run_step
from lesson.source import find_object
from module12 import CHAPTERS

BOOK: list[Chapter] = [
    import_module(f"lesson.{name}").CHAPTER for name in CHAPTERS
]
STEPS = [step for chapter in BOOK for step in chapter.steps]
SIMULATED = [step for step in STEPS if step.clock is Clock.SIMULATED]
CONTEXT = Context(12, load_bank(), Settings(), "mock", Path(), print)


@dataclass(frozen=True, slots=True)
class Found:
    """An outcome, and whether what the step shows had a part in it."""

    outcome: Outcome
    source_ran: bool


def run_watched(step: Step) -> Found:
    """Run a step, and see whether what it shows is run as well."""
    with Watch(find_object(step.source).__code__) as watch:
        outcome = run_step(step, CONTEXT, lambda text: None)
    return Found(outcome, watch.ran)


class Watch:
    """Whether this code is run within the block; None never is."""

    def __init__(self, code: CodeType | None) -> None:
        self.ran = False
        self._code = code

    def __enter__(self) -> Watch:
        sys.setprofile(self._see)
        return self

    def __exit__(self, *error: object) -> None:
        sys.setprofile(None)

    def _see(self, frame: FrameType, event: str, _: object) -> None:
        if frame.f_code is self._code:
            self.ran = True
            sys.setprofile(None)  # seen enough: the rest runs at full speed
