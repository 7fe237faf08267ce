"""What a learner can type: a letter and Enter, always the same letters.

No single keys are read, so every terminal, screen reader and remote shell
works. What is not a command is taken for an answer.
"""

from __future__ import annotations

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
    """A number as people write it, unit and all; None where there is none.

    >>> number("1,5 s"), number("40 %"), number("200 ms"), number("lots")
    (1.5, 40.0, 0.2, None)
    """
    cleaned = text.strip().lower().replace(",", ".").lstrip("$~")
    scale = 1.0
    for unit, factor in (("ms", 0.001), ("s", 1), ("%", 1), ("x", 1)):
        if cleaned.endswith(unit):
            cleaned, scale = cleaned.removesuffix(unit), factor
            break
    try:
        value = float(cleaned) * scale
    except ValueError:
        return None
    return value if abs(value) < 1e12 else None
