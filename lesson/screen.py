"""How the lesson is written on a terminal, into a pipe, or for a reader's ear.

Meaning is carried by words first; colour only underlines it. Without a
terminal, with NO_COLOR or `--plain`, nothing but text is written. What the
output's encoding does not have is written in ASCII rather than failing.
"""

from __future__ import annotations

import codecs
import sys
from typing import TextIO

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.syntax import Syntax
from rich.table import Table as RichTable
from rich.text import Text

from lesson.chapter import Chapter, Clock, Outcome, Step, Table
from lesson.source import Source

_ASCII = {"·": "-", "–": "-", "—": "-", "→": "->", "×": "x", "≤": "<="}
_ASCII |= {"≥": ">=", "…": "...", "µ": "u", "’": "'", "±": "+-", "∞": "inf"}
_PLAIN_WIDTH = 80
_WALK_LINES = 7  # of source, where nobody can ask for more


def _to_ascii(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    broken = error.object[error.start : error.end]
    return "".join(_ASCII.get(char, "?") for char in broken), error.end


codecs.register_error("module12.ascii", _to_ascii)


class Screen:
    """Writes the pieces of a lesson; knows nothing of their order."""

    def __init__(
        self, *, plain: bool = False, file: TextIO = sys.stdout
    ) -> None:
        if hasattr(file, "reconfigure"):
            encoding = "ascii" if plain else None
            file.reconfigure(encoding=encoding, errors="module12.ascii")
        self.console = Console(
            file=file,
            no_color=True if plain else None,
            force_terminal=False if plain else None,
            width=None if file.isatty() else _PLAIN_WIDTH,
            highlight=False,
            markup=False,
            emoji=False,
            legacy_windows=False if plain else None,
        )

    @property
    def lively(self) -> bool:
        """Whether somebody watches: a terminal that can redraw."""
        return self.console.is_terminal and not self.console.is_dumb_terminal

    def chapter(self, chapter: Chapter) -> None:
        title = f"Chapter {chapter.number} · {chapter.title}"
        self._write(Text(title, style="bold reverse"))

    def step(self, chapter: Chapter, number: int, step: Step) -> None:
        self._write(Text(""))
        count = len(chapter.steps)
        heading = Text(f"{chapter.number}.{number} {step.title}", "bold")
        heading.append(f"  (step {number} of {count})", "dim not bold")
        self._write(heading)
        self._write(Text(" ".join(step.why.split())))

    def source(self, source: Source, *, whole: bool) -> None:
        lines = source.text.splitlines()
        shown = lines if whole else lines[:_WALK_LINES]
        self._write(
            Text(f"{source.path}:{source.line} {source.name}", "italic cyan")
        )
        code: RenderableType = Text("\n".join(shown))
        if self.console.is_terminal and not self.console.no_color:
            code = Syntax(
                "\n".join(shown),
                "python",
                theme="ansi_dark",
                background_color="default",
                word_wrap=True,
            )
        self._write(Padding(code, (0, 0, 0, 2)))
        if len(shown) < len(lines):
            more = len(lines) - len(shown)
            self._write(Text(f"  ... {more} more lines in the file", "dim"))

    def clock(self, clock: Clock) -> None:
        self._write(Text(f"[{clock.value}]", "magenta"))

    def outcome(self, step: Step, outcome: Outcome) -> None:
        self._write(
            Padding(_table(outcome.table), (0, 0, 0, 2)),
            Text(outcome.says, "bold"),
            Text("Not when: " + " ".join(step.not_when.split()), "yellow"),
            *(Text(f"Note: {text}", "red") for text in outcome.warnings),
        )

    def say(self, text: str = "", style: str = "") -> None:
        self._write(Text(text, style))

    def tell(self, text: str) -> None:
        """Text as it comes, without a new line."""
        self.console.out(text, end="", highlight=False)
        self.console.file.flush()

    def _write(self, *pieces: RenderableType) -> None:
        self.console.print(Group(*pieces))


def _table(table: Table) -> RichTable:
    rich = RichTable(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for index, column in enumerate(table.columns):
        justify = "left" if index == 0 else "right"
        rich.add_column(
            column, justify=justify, header_style="underline", overflow="fold"
        )
    for row in table.rows:
        rich.add_row(*row)
    return rich
