"""The question bank: what customers of an invented shop ask and are told.

An *intent* is a wish with one right answer and many phrasings: two phrasings
of one intent may share a cached answer. A *near miss* is a pair of questions
that look alike and must not. Together they tell a semantic cache that saves
money from one that tells customers the wrong thing.

`questions.toml` beside this file is ours. A CSV of your own takes its place
with `load_bank(path)`, and its answers are invented. It is either a list of
questions (columns `text` and `category` or `intent`), which has no near
misses; or one of marked pairs (`question_pairs.py`).
"""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from lab.grouped_pairs import groups_of
from lab.question_pairs import COLUMNS as PAIR_COLUMNS
from lab.question_pairs import PairsError, read_pairs
from optimizations.llm import Message, Request
from optimizations.mock.answers import invent

OWN_BANK = Path(__file__).with_name("questions.toml")
_MAX_BYTES = 64 * 1024 * 1024
_MAX_CHARS = 10_000


class QuestionsError(ValueError):
    """A questions file that cannot be used; the message names the line."""


@dataclass(frozen=True, slots=True)
class Intent:
    """One wish: its right answer, and the ways in which people voice it."""

    name: str
    answer: str
    phrasings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NearMiss:
    """Two questions that look alike and need different answers."""

    kind: str  # negated, number, name, direction, unit; else "different"
    first: str
    second: str


class Bank:
    """All intents and near misses, and the right answer to each question."""

    def __init__(
        self, intents: Iterable[Intent], near_misses: Iterable[NearMiss] = ()
    ) -> None:
        self.intents = tuple(intents)
        self.near_misses = tuple(near_misses)
        self._by_text = {
            phrasing: intent
            for intent in self.intents
            for phrasing in intent.phrasings
        }

    @property
    def questions(self) -> tuple[str, ...]:
        """Every phrasing of every intent."""
        phrasings = (intent.phrasings for intent in self.intents)
        return tuple(chain.from_iterable(phrasings))

    def answer(self, request: Request) -> str:
        """What the simulated model says: the intent's answer where there is
        one, else filler that depends on the conversation alone.
        """
        intent = self._by_text.get(request.question)
        return intent.answer if intent else invent(request)


def load_bank(path: Path | str | None = None) -> Bank:
    """Our own bank, or a CSV. Raises QuestionsError, which says what to do."""
    if path is None:
        return _read_toml(OWN_BANK)
    try:
        if Path(path).exists() and not Path(path).is_file():
            raise QuestionsError(f"{path} is no file")
        if Path(path).stat().st_size > _MAX_BYTES:
            raise QuestionsError(f"{path} is larger than 64 MiB: take a part")
        with open(path, encoding="utf-8-sig", newline="") as file:
            has_pairs = _has_pairs(file.readline())
            file.seek(0)
            return (
                _read_pairs(path) if has_pairs else _read_csv(file, str(path))
            )
    except OSError as error:
        reason = error.strerror or "it cannot be opened"
        raise QuestionsError(f"cannot read {path}: {reason}") from None
    except UnicodeDecodeError as error:
        raise QuestionsError(
            f"{path} is not UTF-8 text (byte {error.start}): save it as UTF-8"
        ) from None


def _read_toml(path: Path) -> Bank:
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    return Bank(
        (
            Intent(item["name"], item["answer"], tuple(item["phrasings"]))
            for item in data["intent"]
        ),
        (
            NearMiss(kind, first, second)
            for kind, pairs in data["near_misses"].items()
            for first, second in pairs
        ),
    )


def _read_csv(lines: Iterable[str], path: str) -> Bank:
    rows = csv.DictReader(lines, strict=True)
    phrasings: dict[str, dict[str, None]] = {}
    try:
        columns = rows.fieldnames or ()
        label = next((c for c in ("category", "intent") if c in columns), None)
        if "text" not in columns or label is None:
            raise QuestionsError(
                f"{path}, line 1: needs the columns `text` and `category` "
                f"(or `intent`), has {', '.join(columns) or 'none'}"
            )
        for row in rows:
            text = (row["text"] or "").strip()
            name = (row[label] or "").strip()
            if "\0" in text + name or len(text) > _MAX_CHARS:
                raise QuestionsError(
                    f"{path}, line {rows.line_num}: a NUL, or a question of "
                    f"more than {_MAX_CHARS:,} characters"
                )
            if not text or not name:
                raise QuestionsError(
                    f"{path}, line {rows.line_num}: "
                    f"`text` or `{label}` is empty"
                )
            phrasings.setdefault(name, {})[text] = None
    except csv.Error as error:
        raise QuestionsError(
            f"{path}, line {rows.reader.line_num}: {error}"
        ) from None
    if not phrasings:
        raise QuestionsError(f"{path}, line 2: there are no questions")
    return Bank(
        Intent(name, _invented_answer(name), tuple(texts))
        for name, texts in phrasings.items()
    )


def _has_pairs(head: str) -> bool:
    try:
        return set(PAIR_COLUMNS) <= set(next(csv.reader([head]), ()))
    except csv.Error:
        return False


def _read_pairs(path: Path | str) -> Bank:
    """Questions that share an answer, by way of others too, are an intent."""
    try:
        groups, different = groups_of(read_pairs(path))
    except PairsError as error:
        raise QuestionsError(str(error)) from None
    for text in chain.from_iterable(groups):
        if "\0" in text or len(text) > _MAX_CHARS:
            raise QuestionsError(
                f"{path}: a NUL, or a question of more than {_MAX_CHARS:,} "
                f"characters: {text[:40]!r}"
            )
    return Bank(
        (
            Intent(texts[0], _invented_answer(texts[0]), texts)
            for texts in groups
        ),
        (NearMiss("different", *pair) for pair in different),
    )


def _invented_answer(name: str) -> str:
    """One answer an intent, whatever its phrasing."""
    request = Request(
        (Message("user", name),), model="", tenant="", request_id=""
    )
    return f"About {name.replace('_', ' ')}: {invent(request)}"
