"""The lesson without anybody at the keys: the same steps, as a handout."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lesson.chapter import Chapter, Context, Outcome, Step
from lesson.runner import CannotRun, run_step
from lesson.screen import Screen
from lesson.source import find_source

SOURCE_LINES = 3
FEW_STEPS = 3
"""A chapter is a page of sixty lines. One with more steps says only where its
source stands.
"""

Run = Callable[[Step, Context, Callable[[str], None]], Outcome]


def walk(
    screen: Screen,
    context: Context,
    chapters: Sequence[Chapter],
    run: Run = run_step,
) -> None:
    """Write every step of these chapters, with what its run found."""
    for chapter in chapters:
        screen.chapter(chapter)
        for number, step in enumerate(chapter.steps, 1):
            told: list[str] = []
            left = f", {step.clock.name.lower()}"
            screen.step(chapter, number, step, left)
            screen.source(
                find_source(step.source),
                lines=SOURCE_LINES * (len(chapter.steps) <= FEW_STEPS),
                begins=step.begins,
            )
            try:
                outcome = run(step, context, told.append)
            except CannotRun as problem:
                screen.warn(str(problem))
                continue
            finally:
                screen.told("".join(told))
            screen.replay(step, outcome)
            screen.outcome(outcome)
            screen.answer(step.predict, outcome)
            screen.not_when(step)
        screen.say()
