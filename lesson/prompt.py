"""What a learner can type: a letter and Enter, always the same letters.

No single keys are read, so every terminal, screen reader and remote shell
works. What is not a command is taken for an answer.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_NUMBER = re.compile(
    r"[~$]?\s*(?P<value>\d{1,9}(?:[.,]\d{1,9})?)\s*(?P<unit>%|[a-z ]{0,20})"
)

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
_WORDS = {
    "quit": "q",
    "exit": "q",
    "back": "b",
    "skip": "k",
    "list": "l",
    "find": "f",
    "search": "f",
    "source": "s",
    "summary": "m",
    "again": "r",
    "run": "r",
    "try": "t",
    "help": "?",
    "hint": "?",
}


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


def number(text: str) -> float | None:
    """A number from 0 as people write it, with whatever unit; None where
    there is none.

    >>> number("1,5 s"), number("40 %"), number("200 ms"), number("lots")
    (1.5, 40.0, 0.2, None)
    """
    found = _NUMBER.fullmatch(text.strip().lower())
    if found is None:
        return None
    scale = 0.001 if found["unit"] == "ms" else 1.0
    return float(found["value"].replace(",", ".")) * scale
