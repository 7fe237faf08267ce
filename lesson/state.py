"""Where the learner is: one small file in the user's own state folder.

It holds the position, the steps that are finished, and the predictions with
what was measured. It is written whole after each step and replaced in one
move, so an interrupt never leaves half a file; one that is not ours is refused
rather than overwritten.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from math import inf
from pathlib import Path
from typing import Any

VERSION = 1
MAX_SAID = 1e12  # longer numbers cannot be typed
_MAX_BYTES = 1024 * 1024
_ANOTHER = "choose another with --state FILE"


class StateError(Exception):
    """The state cannot be used; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Guess:
    """What was predicted, and what came."""

    question: str
    unit: str
    said: float
    measured: float

    @property
    def factor(self) -> float:
        """How many times too high or too low: 1 is exact."""
        if self.said == self.measured:
            return 1.0
        low, high = sorted((abs(self.said), abs(self.measured)))
        same_sign = self.said * self.measured > 0
        return high / low if low and same_sign else float("inf")

    @property
    def verdict(self) -> str:
        """In words: close up to 1.5 times, the same size up to 3 times."""
        if self.factor <= 1.5:
            return "close"
        return "same size" if self.factor <= 3 else "surprise"


@dataclass(slots=True)
class State:
    """How far the learner is. Steps are named `chapter.number`."""

    position: str = ""
    finished: list[str] = field(default_factory=list)
    guesses: dict[str, Guess] = field(default_factory=dict)

    def finish(self, step: str, next_step: str) -> None:
        """Tick a step off, and move on."""
        if step not in self.finished:
            self.finished.append(step)
        self.position = next_step

    def forget(self, steps: Iterable[str]) -> None:
        """Begin these anew."""
        for step in steps:
            self.guesses.pop(step, None)
            if step in self.finished:
                self.finished.remove(step)
        self.position = ""


class StateFile:
    """Loads and saves the state at one path."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def load(self) -> State:
        """What was saved, or a fresh state. Raises StateError where something
        else is there.
        """
        try:
            if self.path.exists() and not self.path.is_file():
                raise StateError(f"{self.path} is no file: {_ANOTHER}")
            if self.path.exists() and self.path.stat().st_size > _MAX_BYTES:
                raise ValueError("larger than any state")
            data = json.loads(self.path.read_text(encoding="utf-8"))
            return _read(data)
        except FileNotFoundError:
            return State()
        except OSError as error:
            raise StateError(
                f"cannot read {self.path} ({error.strerror}): {_ANOTHER}"
            ) from None
        except (
            ValueError,
            TypeError,
            KeyError,
            AttributeError,
            ArithmeticError,
            RecursionError,
        ):
            raise StateError(
                f"{self.path} is no progress of this lesson: delete it, or "
                f"{_ANOTHER}"
            ) from None

    def save(self, state: State) -> None:
        """Replace the file in one move."""
        data = asdict(state) | {"version": VERSION}
        text = json.dumps(data, indent=1, ensure_ascii=False)
        fresh = self.path.with_name(f"{self.path.name}.{os.getpid()}")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            fresh.write_text(text, encoding="utf-8")
            fresh.replace(self.path)
        except OSError as error:
            with suppress(OSError):
                fresh.unlink(missing_ok=True)
            raise StateError(
                f"cannot write {self.path} ({error.strerror}): {_ANOTHER}"
            ) from None


def _read(data: dict[str, Any]) -> State:
    if type(data["version"]) is not int or data["version"] != VERSION:
        raise ValueError("another version")
    guesses = {
        _text(step): Guess(
            _text(item["question"]),
            _text(item["unit"]),
            _number(item["said"], most=MAX_SAID),
            _number(item["measured"]),
        )
        for step, item in data["guesses"].items()
    }
    if type(data["finished"]) is not list:
        raise TypeError("no list of steps")
    finished = [_text(step) for step in data["finished"]]
    return State(_text(data["position"]), finished, guesses)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("no text")
    value.encode()  # half a character cannot be written again
    return value


def _number(value: object, most: float = inf) -> float:
    """A measured one may be infinite: never."""
    if type(value) not in (int, float):
        raise TypeError("no number")
    number = float(str(value))
    if not -most <= number <= most:  # nor is it for a NaN
        raise ValueError("no such number")
    return number
