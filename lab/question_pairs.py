"""Pairs of questions that people marked: does one answer serve both?

A CSV with the columns `question`, `other` and `same_answer` (1 or 0), such as
the Quora question pairs. `split` cuts it in two for fitting and for judging:
questions that meet in a pair, or through others, stay on one side, so nothing
that was fitted to is judged by. Which side is decided by a hash of the text:
the same in every process, whatever the order of the rows.
"""

from __future__ import annotations

import csv
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

COLUMNS = ("question", "other", "same_answer")
_MAX_BYTES = 256 * 1024 * 1024


class PairsError(ValueError):
    """A file of pairs that cannot be used; the message says why."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two questions, and whether one answer serves both."""

    question: str
    other: str
    same: bool


def read_pairs(path: Path | str) -> list[Pair]:
    """Raises `PairsError`, in one sentence that names the line."""
    try:
        if Path(path).stat().st_size > _MAX_BYTES:
            raise PairsError(f"{path} is larger than 256 MiB: take a part")
        with open(path, encoding="utf-8-sig", newline="") as file:
            return _read(file, str(path))
    except OSError as error:
        reason = error.strerror or "it cannot be opened"
        raise PairsError(f"cannot read {path}: {reason}") from None
    except UnicodeDecodeError as error:
        raise PairsError(
            f"{path} is not UTF-8 text (byte {error.start}): save it as UTF-8"
        ) from None
    except csv.Error as error:
        raise PairsError(f"{path} is no CSV: {error}") from None


def split(pairs: Sequence[Pair]) -> tuple[list[Pair], list[Pair]]:
    """About two thirds to fit to, and the rest, held back to judge by.

    >>> same = [Pair("a", "b", True), Pair("c", "b", True)]
    >>> sorted(map(len, split(same)))
    [0, 2]
    """
    leaders: dict[str, str] = {}
    for pair in pairs:
        one = _leader(pair.question, leaders)
        other = _leader(pair.other, leaders)
        leaders[max(one, other)] = min(one, other)
    parts: tuple[list[Pair], list[Pair]] = ([], [])
    for pair in pairs:
        leader = _leader(pair.question, leaders).encode("utf-8", "replace")
        parts[zlib.crc32(leader) % 3 == 0].append(pair)
    return parts


def _read(lines: Iterable[str], path: str) -> list[Pair]:
    rows = csv.DictReader(lines, strict=True)
    columns = rows.fieldnames or ()
    if missing := [name for name in COLUMNS if name not in columns]:
        raise PairsError(f"{path}, line 1: no column {', '.join(missing)}")
    pairs = [_pair(row, f"{path}, line {rows.line_num}") for row in rows]
    if not pairs:
        raise PairsError(f"{path}, line 2: there are no pairs")
    return pairs


def _pair(row: Mapping[str, str | None], place: str) -> Pair:
    question, other, same = ((row[name] or "").strip() for name in COLUMNS)
    if same not in ("0", "1") or not question or not other:
        raise PairsError(
            f"{place}: needs two questions, and 1 or 0 in `same_answer`"
        )
    return Pair(question, other, same == "1")


def _leader(text: str, leaders: dict[str, str]) -> str:
    """The first, by the alphabet, of all questions joined with this one."""
    text = text.strip().casefold()
    while (leader := leaders.setdefault(text, text)) != text:
        leaders[text] = leaders[leader]  # the next one gets there sooner
        text = leader
    return text
