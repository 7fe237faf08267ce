"""How the lesson is written on a terminal, into a pipe, or for a reader's ear.

Meaning is carried by words first; colour only underlines it. Without a
terminal, with NO_COLOR or `--plain`, nothing but text is written. What the
output's encoding does not have is written in ASCII rather than failing.
"""

from __future__ import annotations

import codecs
import os
import sys
from collections.abc import Iterable, Sequence
from typing import TextIO

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.syntax import Syntax
from rich.table import Table as RichTable
from rich.text import Text

from lab.printable import printable
from lesson.chapter import (
    Chapter,
    Clock,
    Outcome,
    Prediction,
    Step,
    Table,
)
from lesson.figures import figure
from lesson.panel import SECONDS, play, replay
from lesson.source import Source
from lesson.state import Guess
from optimizations.monitoring.dashboard import View, render

_ASCII = {"·": "-", "–": "-", "—": "-", "→": "->", "×": "x", "≤": "<="}
_ASCII |= {"≥": ">=", "…": "...", "µ": "u", "’": "'", "±": "+-", "∞": "inf"}
PIPE_WIDTH, WIDEST = 80, 500


def _to_ascii(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    broken = error.object[error.start : error.end]
    return "".join(_ASCII.get(char, "?") for char in broken), error.end


codecs.register_error("module12.ascii", _to_ascii)


class Screen:
    """Writes the pieces of a lesson; knows nothing of their order."""

    def __init__(
        self,
        *,
        plain: bool = False,
        file: TextIO | None = None,
        width: int | None = None,
    ) -> None:
        file = file or sys.stdout
        if hasattr(file, "reconfigure"):
            encoding = "ascii" if plain else None
            file.reconfigure(encoding=encoding, errors="module12.ascii")
        if width is None and not file.isatty():
            width = _columns() or PIPE_WIDTH
        self.plain = plain
        self._column = 0  # where `tell` stands
        self.console = Console(
            file=file,
            no_color=True if plain else None,
            force_terminal=False if plain else None,
            width=width,
            highlight=False,
            markup=False,
            emoji=False,
            legacy_windows=False if plain else None,
        )

    @property
    def lively(self) -> bool:
        """Whether somebody watches who can see a redraw."""
        console = self.console
        return console.is_terminal and not (
            self.plain or console.is_dumb_terminal
        )

    def chapter(self, chapter: Chapter) -> None:
        title = f"Chapter {chapter.number} · {chapter.title}"
        self._write(_text(title, style="bold"))

    def step(
        self, chapter: Chapter, number: int, step: Step, left: str = ""
    ) -> None:
        self._write(_text(""))
        place = f"step {number} of {len(chapter.steps)}{left}"
        heading = _text(f"{chapter.number}.{number} {step.title}", "bold")
        heading.append(f"  ({place})", "not bold")
        self._write(heading, _text(" ".join(step.why.split())))

    def source(
        self, source: Source, *, lines: int | None = None, begins: str = ""
    ) -> None:
        """So many lines of it, from the one that begins so; None: all."""
        shown, where = source.text, f"{source.path}:{source.line} "
        if lines is not None:
            shown = source.excerpt(begins, lines)
        more = len(source.text.splitlines()) - len(shown.splitlines())
        where += source.name + (f" (+{more} lines)" if more else "")
        self._write(_text(where, "cyan"))
        if not shown:
            return
        code: RenderableType = _text(shown)
        if self.lively and not self.console.no_color:
            code = Syntax(
                shown,
                "python",
                theme="ansi_dark",
                background_color="default",
                word_wrap=True,
            )
        self._write(Padding(code, (0, 0, 0, 2)))

    def clock(self, clock: Clock) -> None:
        self._write(_text(f"[{clock.value}]", "magenta"))

    def replay(
        self, step: Step, outcome: Outcome, *, moving: bool = True
    ) -> None:
        """Play back what happened, where somebody watches; else, and when it
        was seen before, only how it looked in the end.
        """
        if self.lively and outcome.events:
            self._write(_text(step.legend, "dim"))
            replay(self.console, outcome.events, SECONDS if moving else 0)
        moving = moving and self.lively
        views = outcome.frames if moving else outcome.frames[-1:]
        frames = [Padding(self._drawn(view), (0, 0, 0, 2)) for view in views]
        if moving and frames:
            play(self.console, frames)
        elif frames:
            self._write(*frames)

    def told(self, text: str) -> None:
        """What a demonstration showed while it ran."""
        if text.strip():
            self._write(Padding(_text(text.strip("\n")), (0, 0, 0, 2)))

    def outcome(self, outcome: Outcome) -> None:
        self._write(
            Padding(_table(outcome.table, self.plain), (0, 0, 0, 2)),
            _text(outcome.says),
        )

    def details(self, outcome: Outcome) -> None:
        """What a demonstration has to show besides."""
        self._write(
            *(Padding(_text(d), (0, 0, 0, 2)) for d in outcome.details)
        )

    def answer(self, predict: Prediction, outcome: Outcome) -> None:
        """The question of the step with what was measured, for a handout."""
        value = outcome.measured.get(predict.figure)
        if value is not None:
            answer = figure(value, predict.unit)
            self._write(
                _text(f"Question: {predict.question} Answer: {answer}")
            )

    def compare(self, guess: Guess) -> None:
        """A prediction beside what came."""
        off = "" if guess.factor < 1.05 else f", {guess.factor:.1f}x off"
        if guess.factor == float("inf"):
            off = ", a different kind of size"
        said = figure(guess.said, guess.unit)
        measured = figure(guess.measured, guess.unit)
        self._write(
            _text(
                f"You said {said}, it was {measured}: {guess.verdict}{off}.",
                "bold",
            )
        )

    def not_when(self, step: Step) -> None:
        self._write(_text("Not when: " + " ".join(step.not_when.split())))

    def warn(self, text: str) -> None:
        self._write(_text(text, "bold red"))

    def say(self, text: str = "", style: str = "") -> None:
        self._write(_text(text, style))

    def lines(self, lines: Iterable[str]) -> None:
        self._write(*map(_text, lines))

    def tell(self, text: str) -> None:
        """Text as it comes, broken between words at the screen's width."""
        if self._column + len(text) > self.console.width and text[:1] == " ":
            text = "\n" + text[1:]
        text = printable(text)
        _, newline, last = text.rpartition("\n")
        self._column = len(last) + (0 if newline else self._column)
        self.console.out(text, end="", highlight=False)
        self.console.file.flush()

    def _drawn(self, view: View) -> RenderableType:
        """The dashboard, in words alone: a lesson is read in a column."""
        return render(view, min(self.console.width, 80) - 4, plain=True)

    def _write(self, *pieces: RenderableType) -> None:
        if self.console.is_terminal:
            self.console.print(Group(*pieces))
            return
        with self.console.capture() as capture:
            self.console.print(Group(*pieces))
        for line in capture.get().splitlines():
            self.console.file.write(line.rstrip() + "\n")


def _columns() -> int | None:
    """A width asked for by the environment, as pagers and tests do."""
    text = os.environ.get("COLUMNS", "")
    if not (text.isascii() and text.isdigit() and len(text) <= 4):
        return None
    return min(int(text), WIDEST) if int(text) >= 40 else None


def _table(table: Table, plain: bool) -> RenderableType:
    if plain:  # read aloud: each row a sentence of its own
        return Group(*(_text(_spoken(table, row)) for row in table.rows))
    rich = RichTable(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for index, column in enumerate(table.columns):
        rich.add_column(
            column,
            justify="left" if index < table.texts else "right",
            header_style="underline",
        )
    for row in table.rows:
        rich.add_row(*map(printable, row))
    return rich


def _spoken(table: Table, row: Sequence[str]) -> str:
    cells = zip(table.columns[1:], row[1:], strict=True)
    return f"{row[0]}: " + ", ".join(f"{name} {cell}" for name, cell in cells)


def _text(text: str, style: str = "") -> Text:
    """Whatever it says, a terminal takes nothing in it for a command."""
    return Text(printable(text), style)
