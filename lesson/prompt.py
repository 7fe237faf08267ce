"""What a learner can type: a letter and Enter, always the same letters.

No single keys are read, so every terminal, screen reader and remote shell
works. What is not a command is taken for an answer.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

COMMANDS = {
    "q": "quit",
    "b": "back",
    "k": "skip",
    "l": "list",
    "f": "find",
    "s": "source",
    "m": "summary",
    "r": "again",
    "t": "try",
    "?": "hint",
}
_WORDS = {word: letter for letter, word in COMMANDS.items()}
_WORDS |= {"exit": "q", "search": "f", "run": "r", "help": "?"}


@dataclass(frozen=True, slots=True)
class Typed:
    """One line of the learner: a command with its argument, or an answer."""

    command: str  # a key of COMMANDS; empty for an answer or a bare Enter
    text: str  # the argument, or the answer

    @property
    def enter(self) -> bool:
        """Nothing but Enter."""
        return not self.command and not self.text


def parse(line: str) -> Typed:
    """Read what was typed; words work as well as letters.

    >>> parse("t 20"), parse("0.6"), parse("find jitter").command
    (Typed(command='t', text='20'), Typed(command='', text='0.6'), 'f')
    """
    word, _, rest = line.strip().partition(" ")
    command = _WORDS.get(word.lower(), word.lower())
    if command in COMMANDS:
        return Typed(command, rest.strip())
    return Typed("", line.strip())


_NUMBER = re.compile(
    r"~?\s*"
    r"(?:(?P<grouped>[1-9]\d{0,2}(?:,\d{3})+(?:\.\d{1,9})?)"  # 1,200.5
    r"|(?P<plain>\d{1,9}(?:[.,]\d{1,9})?))"  # 1.5 or 1,5
    r"\s*(?P<unit>[^\d\s].{0,19})?"
)
_SCALES: dict[str, dict[str, float]] = {
    "s": {"s": 1, "sec": 1, "second": 1}
    | {"ms": 1e-3, "millisecond": 1e-3, "µs": 1e-6, "us": 1e-6}
    | {"min": 60, "minute": 60},
    "%": {"%": 1, "percent": 1, "per cent": 1},
    "times": {"x": 1, "time": 1},
}
"""What may stand behind a number, by the unit that was asked for. Any other
unit is a noun, and stands for itself.
"""


def number(text: str, unit: str = "") -> float | None:
    """A number from 0 as people write it, alone or with its unit; None where
    there is none, or where it is one of something else.

    >>> number("1,5 s", "s"), number("200 ms", "s"), number("1,200")
    (1.5, 0.2, 1200.0)
    >>> number("5 min", "s"), number("5 min", "calls"), number("lots")
    (300.0, None, None)
    """
    found = _NUMBER.fullmatch(text.strip().lower())
    if found is None:
        return None
    scale = _scale(found["unit"], unit) if found["unit"] else 1
    if scale is None:
        return None
    if found["grouped"]:
        return float(found["grouped"].replace(",", "")) * scale
    return float(found["plain"].replace(",", ".")) * scale


def _scale(said: str, unit: str) -> float | None:
    """How many of the unit one of what was said is, if it is any."""
    scales = _SCALES.get(unit, {unit: 1, unit.removesuffix("s"): 1})
    return scales.get(said, scales.get(said.removesuffix("s") or said))
