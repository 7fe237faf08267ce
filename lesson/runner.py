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
    try:
        if step.clock is Clock.SIMULATED:
            return run_virtual(demonstration)
        return asyncio.run(demonstration)
    except (PartError, LLMError, OSError, ModuleNotFoundError) as error:
        reason = str(error) or type(error).__name__
        raise CannotRun(f"This step cannot run here: {reason}") from None
