"""Runs one demonstration, on the clock that it asks for.

Each runs in an event loop of its own, so what a step started ends with it;
and from a context of its own, so that a knob turned here is not turned there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace

from lab.parts import PartError
from lesson.chapter import Clock, Context, Outcome, Step
from optimizations.clock import run_virtual
from optimizations.errors import LLMError

EXPECTED = (PartError, LLMError, OSError, ModuleNotFoundError)


class CannotRun(Exception):
    """The step needs what is not here; the message says what, and how."""


def run_step(
    step: Step,
    context: Context,
    tell: Callable[[str], None],
    knobs: Mapping[str, float] | None = None,
) -> Outcome:
    """What the demonstration found. Raises CannotRun with one sentence."""
    values = {step.knob.name: step.knob.value, **(knobs or {})}
    demonstration = step.run(replace(context, tell=tell, knobs=values))
    run = run_virtual if step.clock is Clock.SIMULATED else asyncio.run
    try:
        return run(demonstration)
    except EXPECTED as error:
        raise _cannot_run(error) from None
    except ExceptionGroup as group:  # of the first of several side by side
        expected, others = group.split(EXPECTED)
        if expected is None or others is not None:
            raise
        raise _cannot_run(_first(expected)) from None


def _first(error: Exception) -> Exception:
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    return error


def _cannot_run(error: Exception) -> CannotRun:
    reason = str(error) or type(error).__name__
    return CannotRun(f"This step cannot run here: {reason}")
