"""What a document is made of. How each block looks is for `as_markdown`
and its like; here are also the cells and pictures that several parts have.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from benchmark.intervals.digits import interval_shown
from benchmark.report.data import Report, estimate_of

FIGURES = PurePosixPath("figures")


@dataclass(frozen=True, slots=True)
class Heading:
    """Of the whole (1), a suite (2), or a part of it (3)."""

    text: str
    level: int
    part: str = ""  # "simulated" or "measured": on which clock


@dataclass(frozen=True, slots=True)
class Paragraph:
    text: str


@dataclass(frozen=True, slots=True)
class Items:
    """A list; each item has a name, or none."""

    items: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Table:
    """The first cell of each row names it. A row of one cell is a group."""

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """`file` without its suffix, relative to the report."""

    file: PurePosixPath
    alt: str


Block = Heading | Paragraph | Items | Table | Picture


def ratio_cell(ratio: Mapping[str, Any] | None) -> str:
    interval = estimate_of(ratio)
    if interval is None or not interval.sized:
        return "–"
    return interval_shown(interval)


def finding(data: Mapping[str, Any]) -> str:
    """The sentence above the figure."""
    return f"Figure: {data['title']}".rstrip(".")


def shared_picture(report: Report, name: str) -> Iterator[Picture]:
    """One that belongs to no suite alone, where it was drawn."""
    if name in report["drawn"]:
        data = report["figures"][name]
        yield Picture(FIGURES / name, f"{finding(data)}. {data['caption']}")
