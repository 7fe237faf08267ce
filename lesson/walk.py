"""The lesson without anybody at the keys: the same steps, as a handout."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lesson.chapter import Chapter, Context, Outcome, Step
from lesson.runner import CannotRun, run_step
from lesson.screen import Screen
from lesson.source import find_source

SOURCE_LINES = 3

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
            screen.step(chapter, number, step)
            screen.source(
                find_source(step.source),
                lines=SOURCE_LINES,
                begins=step.begins,
            )
            screen.clock(step.clock)
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
