"""Goes through chapters: waits for a person at a terminal, walks on elsewhere.

Simulated demonstrations run on the virtual clock, measured ones on the real
one, each in an event loop of its own: what a step started is gone when it ends.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from lab.parts import PartError
from lesson.chapter import Chapter, Clock, Context, Outcome, Step
from lesson.screen import Screen
from lesson.source import find_source
from optimizations.clock import run_virtual
from optimizations.errors import LLMError


class Quit(Exception):
    """The learner has had enough for now."""


class Player:
    """Plays chapters on a screen; `waits` says whether somebody presses Enter."""

    def __init__(
        self, screen: Screen, context: Context, *, waits: bool
    ) -> None:
        self._screen = screen
        self._context = replace(context, tell=self._tell)
        self._waits = waits
        self._told = ""

    def play(self, chapters: Sequence[Chapter]) -> None:
        """Every step of every chapter. Raises Quit, and KeyboardInterrupt."""
        for chapter in chapters:
            self._screen.chapter(chapter)
            for number, step in enumerate(chapter.steps, 1):
                self._play_step(chapter, number, step)
            self._screen.say()

    def _play_step(self, chapter: Chapter, number: int, step: Step) -> None:
        screen = self._screen
        screen.step(chapter, number, step)
        screen.source(find_source(step.source), whole=self._waits)
        self._pause("Enter runs it")
        screen.clock(step.clock)
        try:
            outcome = self._run(step)
        except (PartError, LLMError) as error:
            self._end_told()
            screen.say(f"This step cannot run here: {error}", "red")
            return
        self._end_told()
        screen.outcome(step, outcome)
        self._pause("Enter goes on")

    def _run(self, step: Step) -> Outcome:
        if step.clock is Clock.SIMULATED:
            return run_virtual(step.run(self._context))
        return asyncio.run(step.run(self._context))

    def _pause(self, what: str) -> None:
        if not self._waits:
            return
        self._screen.tell(f"\n[{what}, q ends the lesson] ")
        try:
            answer = input()
        except EOFError:
            raise Quit from None
        if answer.strip().lower() in ("q", "quit", "exit"):
            raise Quit

    def _tell(self, text: str) -> None:
        """Live where somebody watches; else kept, and written as a whole."""
        if self._waits:
            self._screen.tell(text)
        self._told += text

    def _end_told(self) -> None:
        if self._told and not self._waits:
            for line in self._told.rstrip("\n").splitlines():
                self._screen.say(line)
        elif self._told and not self._told.endswith("\n"):
            self._screen.say()
        self._told = ""
