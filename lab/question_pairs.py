"""Pairs of questions, each marked whether one answer serves both.

This is how people mark what a semantic cache may confuse: not by wishes, but
two questions at a time. The file is a CSV with the columns `question`, `other`
and `same_answer` (1 or 0). What shares an answer with something that shares an
answer is one wish, so pairs grow into groups; a pair marked as different stays
one, unless other marks put both into one group: marks made by people
contradict each other now and then.

When it does not help: marks of pairs that nobody would confuse tell nothing.
A cache meets the *nearest* question, so mark pairs that are near.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

PAIR_COLUMNS = ("question", "other", "same_answer")


class BadPair(ValueError):
    """A row that cannot be used; the message names the line."""


@dataclass(frozen=True, slots=True)
class MarkedPair:
    """Two questions, and whether one answer serves both."""

    question: str
    other: str
    same_answer: bool


def read_pairs(
    lines: Iterable[str], *, max_chars: int = 10_000
) -> Iterator[MarkedPair]:
    """The pairs of a CSV; further columns are left alone. Raises BadPair.

    >>> head = "question,other,same_answer"
    >>> [pair.same_answer for pair in read_pairs([head, "a,b,1", "a,c,0"])]
    [True, False]
    """
    rows = csv.DictReader(lines, strict=True)
    count = 0
    try:
        for row in rows:
            where = f"line {rows.line_num}"
            texts = [(row[name] or "").strip() for name in PAIR_COLUMNS[:2]]
            mark = (row["same_answer"] or "").strip()
            if not all(texts):
                raise BadPair(f"{where}: `question` or `other` is empty")
            if any("\0" in t or len(t) > max_chars for t in texts):
                raise BadPair(
                    f"{where}: a NUL, or a question of more than "
                    f"{max_chars:,} characters"
                )
            if mark not in ("0", "1"):
                raise BadPair(
                    f"{where}: `same_answer` must be 1 or 0, not {mark[:20]!r}"
                )
            count += 1
            yield MarkedPair(texts[0], texts[1], mark == "1")
    except csv.Error as error:
        raise BadPair(f"line {rows.reader.line_num}: {error}") from None
    if not count:
        raise BadPair("line 2: there are no pairs")


def grouped(
    pairs: Iterable[MarkedPair],
) -> tuple[Mapping[str, tuple[str, ...]], list[tuple[str, str]]]:
    """The groups of questions that share an answer, each named after its
    first; and the pairs that do not, each once.

    >>> marked = [MarkedPair("a", "b", True), MarkedPair("c", "b", True),
    ...           MarkedPair("a", "d", False), MarkedPair("a", "c", False)]
    >>> grouped(marked)
    ({'a': ('a', 'b', 'c'), 'd': ('d',)}, [('a', 'd')])
    """
    leader: dict[str, str] = {}  # towards the first of the group

    def first(text: str) -> str:
        leader.setdefault(text, text)
        while leader[text] != text:
            leader[text] = leader[leader[text]]  # half of the way, next time
            text = leader[text]
        return text

    different: dict[frozenset[str], tuple[str, str]] = {}
    for pair in pairs:
        one, other = first(pair.question), first(pair.other)
        if pair.same_answer:
            leader[other] = one
        else:
            both = (pair.question, pair.other)
            different.setdefault(frozenset(both), both)
    groups: dict[str, list[str]] = {}
    for text in leader:
        groups.setdefault(first(text), []).append(text)
    return (
        {texts[0]: tuple(texts) for texts in groups.values()},
        [(a, b) for a, b in different.values() if first(a) != first(b)],
    )
