"""Traces: what real customers sent, from the logs that services published.

No formula for arrivals has a Monday morning, a customer who asks forty times,
or a prompt a hundred times as long as the last. A trace has. It says when each
request came and how many tokens it had, never a word of it. Two formats are
known, and told apart by what is in the file, not by its name:

    Azure, CSV       TIMESTAMP,ContextTokens,GeneratedTokens
                     2023-11-16 18:15:46.6805900,374,44
    Mooncake, JSONL  {"timestamp": 27482, "input_length": 900,
                      "output_length": 52, "hash_ids": [46, 47]}

Mooncake counts in milliseconds, and each of its ids stands for 512 tokens of
the prompt *and all before them*: where two prompts begin with the same ids, a
prefix cache has something to find. `replay` makes requests of a trace.

When it does not help: one hour of one service is not your service. And a file
that is wrong in one line is refused, not read as well as it goes: whoever
measures with it should know what was sent.

From the Azure LLM inference traces (Splitwise, ISCA 2024) and the traces of
Mooncake (FAST 2025).
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import BinaryIO

_AZURE = ("TIMESTAMP", "ContextTokens", "GeneratedTokens")
_MOONCAKE = ("timestamp", "input_length", "output_length")

_MAX_BYTES = 1024**3
_MAX_LINE_BYTES = 1024**2
_MAX_DAYS = 31
_MAX_TOKENS = 1_000_000  # of one prompt or answer; more is a broken line


class TraceError(ValueError):
    """A trace that cannot be used; the message names the file and line."""


@dataclass(frozen=True, slots=True)
class TraceRequest:
    """What a trace knows of one request."""

    due_seconds: float  # after the first
    prompt_tokens: int
    output_tokens: int
    # what each 512 tokens of the prompt are, numbered as they first appear
    prefix_ids: tuple[int, ...] = ()


def read_trace(
    path: Path | str, *, limit: int | None = None
) -> list[TraceRequest]:
    """All requests of the file, or its first `limit`; what comes after them
    is not looked at. Raises TraceError.
    """
    if limit is not None and limit < 1:
        raise ValueError(f"limit must be from 1, not {limit}")
    path = Path(path)
    try:
        if not path.exists():
            raise TraceError(f"there is no file {path}")
        if not path.is_file():
            raise TraceError(f"{path} is no file")
        if path.stat().st_size > _MAX_BYTES:
            raise TraceError(f"{path} is larger than 1 GiB: take a part")
        with path.open("rb") as file:
            lines = _Lines(file)
            try:
                return list(islice(_requests(_rows(lines)), limit))
            except ValueError as error:
                place = f"{path}, line {max(lines.number, 1)}"
                raise TraceError(f"{place}: {error}") from None
    except OSError as error:
        reason = error.strerror or "it cannot be opened"
        raise TraceError(f"cannot read {path}: {reason}") from None


# Seconds since any moment, tokens of prompt and answer, ids of the prompt.
# What reads rows raises ValueError; `read_trace` knows file and line.
_Row = tuple[float, int, int, Sequence[Hashable]]


class _Lines:
    """The lines that are not empty, and the number of the last one read."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.number = 0

    def __iter__(self) -> Iterator[str]:
        while raw := self._file.readline(_MAX_LINE_BYTES):
            self.number += 1
            if b"\0" in raw:
                raise ValueError("this is no text file")
            if len(raw) == _MAX_LINE_BYTES:
                raise ValueError("this line is longer than 1 MiB")
            try:
                line = raw.decode("utf-8-sig").strip()
            except UnicodeDecodeError:
                raise ValueError("this is not UTF-8 text") from None
            if line:
                yield line


def _requests(rows: Iterable[_Row]) -> Iterator[TraceRequest]:
    numbers: dict[Hashable, int] = {}
    first, last = math.inf, -math.inf
    for seconds, prompt_tokens, output_tokens, ids in rows:
        if seconds < last:
            raise ValueError("earlier than the line before: sort by time")
        first, last = min(first, seconds), seconds
        if last - first > _MAX_DAYS * 86_400:
            raise ValueError(
                f"more than {_MAX_DAYS} days after the first request: take a "
                "part"
            )
        yield TraceRequest(
            round(seconds - first, 6),
            prompt_tokens,
            output_tokens,
            tuple(numbers.setdefault(id, len(numbers)) for id in ids),
        )
    if last == -math.inf:
        raise ValueError("there are no requests")


def _rows(lines: Iterable[str]) -> Iterator[_Row]:
    """In the format that the first line shows."""
    parse: Callable[[str], _Row] | None = None
    for line in lines:
        if parse is not None:
            yield parse(line)
        elif line.startswith("{"):
            parse = _mooncake
            yield parse(line)
        else:
            parse = _azure(line)


def _azure(header: str) -> Callable[[str], _Row]:
    columns = [name.strip() for name in _values(header)]
    if not set(columns) & set(_AZURE):
        raise ValueError(
            "no known format: needs CSV with the columns "
            f"{','.join(_AZURE)} (Azure), or one JSON object a line with "
            f"{', '.join(_MOONCAKE)}, hash_ids (Mooncake)"
        )
    if missing := [name for name in _AZURE if name not in columns]:
        raise ValueError(f"no column {', '.join(missing)}")
    if twice := [name for name in _AZURE if columns.count(name) > 1]:
        raise ValueError(f"two columns {', '.join(twice)}")
    places = [columns.index(name) for name in _AZURE]

    def parse(line: str) -> _Row:
        values = _values(line)
        if len(values) != len(columns):
            raise ValueError(f"{len(values)} columns, not {len(columns)}")
        time, *counts = (values[place].strip() for place in places)
        prompt, output = map(_count, counts, _AZURE[1:])
        return _calendar_seconds(time), prompt, output, ()

    return parse


def _values(line: str) -> list[str]:
    try:
        [values] = csv.reader([line])
    except csv.Error as error:
        raise ValueError(str(error)) from None
    return values


def _mooncake(line: str) -> _Row:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        raise ValueError("this is not JSON") from None
    if not isinstance(row, dict):
        raise ValueError("this is no JSON object")
    if missing := [name for name in _MOONCAKE if name not in row]:
        raise ValueError(f"no {', '.join(missing)}")
    ids = row.get("hash_ids", [])
    if not isinstance(ids, list) or {type(id) for id in ids} - {int, str}:
        raise ValueError("hash_ids must be a list of numbers or texts")
    time, *counts = (row[name] for name in _MOONCAKE)
    if type(time) not in (int, float) or not 0 <= time < 1e15:
        raise ValueError(
            f"timestamp must be milliseconds from 0, not {_told(time)}"
        )
    prompt, output = map(_count, counts, _MOONCAKE[1:])
    return time / 1000, prompt, output, ids


def _calendar_seconds(text: str) -> float:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"TIMESTAMP {text[:40]!r} is no time") from None
    return (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()


def _count(value: object, name: str) -> int:
    """A number of tokens, written as JSON or CSV writes one."""
    text = value if isinstance(value, str) else _told(value)
    is_number = type(value) in (int, str) and text.isascii() and text.isdigit()
    if not is_number or len(text) > 40 or int(text) > _MAX_TOKENS:
        raise ValueError(
            f"{name} must be a whole number from 0 to {_MAX_TOKENS:,}, "
            f"not {_told(value)}"
        )
    return int(text)


def _told(value: object) -> str:
    """So that it neither fills a terminal nor commands it."""
    try:
        return repr(value)[:40]
    except (ValueError, RecursionError):  # a number of thousands of digits
        return "that"
