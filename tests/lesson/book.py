"""A small book of two chapters, and a learner who types what is written."""

from __future__ import annotations

import io
from collections.abc import Iterable
from pathlib import Path

from lab.questions import load_bank
from lab.settings import Settings
from lesson.chapter import (
    Chapter,
    Clock,
    Context,
    Event,
    Knob,
    Outcome,
    Prediction,
    Step,
    Table,
)
from lesson.player import Player, Quit
from lesson.screen import Screen
from lesson.state import State
from optimizations.clock import now
from optimizations.errors import ConnectionFailed


async def count(context: Context) -> Outcome:
    """As many as the knob says."""
    found = context.knobs["how_many"]
    context.tell("counting\n")
    return Outcome(
        Table(["what", "figure"], [["counted", f"{found:g}"]]),
        f"There were {found:g}.",
        measured={"found": found},
        events=[Event(now(), "lane", ".")],
        details=["One, two and so on."],
    )


async def break_down(context: Context) -> Outcome:
    """A demonstration whose model is not there."""
    raise ConnectionFailed("nobody listens")


def step(title: str, **changes: object) -> Step:
    fields: dict[str, object] = {
        "title": title,
        "why": f"The reason for {title}.",
        "source": "tests.lesson.book:count",
        "clock": Clock.SIMULATED,
        "run": count,
        "not_when": "there is nothing to count.",
        "predict": Prediction(
            "How many?", "found", "things", "More than one."
        ),
        "knob": Knob("how_many", 8, 1, 100, "how many there are"),
    }
    return Step(**{**fields, **changes})  # type: ignore[arg-type]


BOOK = (
    Chapter(1, "first", "The first", (step("one"), step("two"))),
    Chapter(2, "second", "The second", (step("three"),)),
)
BROKEN = (Chapter(1, "first", "Broken", (step("one", run=break_down),)),)


def context(tmp_path: Path) -> Context:
    return Context(12, load_bank(), Settings(), "mock", tmp_path, print)


class Learner:
    """Plays a book with lines written beforehand, then leaves."""

    def __init__(
        self,
        folder: Path,
        lines: Iterable[str],
        state: State | None = None,
        book: tuple[Chapter, ...] = BOOK,
    ) -> None:
        self.paper = io.StringIO()
        self.saved = 0
        self.finished = False
        self.state = State() if state is None else state
        typed = iter(lines)

        def read() -> str:
            try:
                return next(typed)
            except StopIteration:
                raise EOFError from None

        def save() -> None:
            self.saved += 1

        screen = Screen(file=self.paper, width=80)
        player = Player(
            screen, context(folder), book, self.state, save=save, read=read
        )
        try:
            player.play()
            self.finished = True
        except Quit:
            pass

    @property
    def seen(self) -> str:
        return self.paper.getvalue()
