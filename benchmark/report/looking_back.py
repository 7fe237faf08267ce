"""The parts of the document that look back: the comparison with one earlier
report, and the trend of all runs like this one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import inf
from typing import Any

from benchmark.intervals.digits import shown
from benchmark.report.blocks import (
    Block,
    Heading,
    Items,
    Paragraph,
    Table,
    ratio_cell,
    shared_picture,
)
from benchmark.report.data import Report, estimate_of
from benchmark.study import CLOCKS
from optimizations.monitoring.history import Trend, sparkline


def comparison_part(comparison: Mapping[str, Any]) -> Iterator[Block]:
    """What became of the thresholds, then what differs."""
    yield Heading("Compared with the earlier report", 2)
    yield Paragraph(comparison["with"])
    verdicts = [
        *(("Failed", text) for text in comparison["failed"]),
        *(("Could not judge", text) for text in comparison["could_not_judge"]),
        *(("Passed", text) for text in comparison["passed"]),
        *(("", text) for text in comparison["notes"]),
    ]
    if verdicts:
        yield Items(tuple(verdicts))
    for part, told in comparison["sentences"].items():
        if told:
            yield Heading(f"Compared, {part} ({CLOCKS[part]})", 3, part)
            yield Items(tuple(told.items()))
            yield from _changes(part, comparison["changes"])


def _changes(
    part: str, changes: Sequence[Mapping[str, Any]]
) -> Iterator[Block]:
    rows = [
        _changed(change)
        for change in changes
        if change["part"] == part and not change["noisy"]
    ]
    if rows:
        head = ("strategy", "figure", "before", "now", "× before", "verdict")
        caption = f"What differs from before, {part}"
        yield Table(caption, head, tuple(rows))


def _changed(change: Mapping[str, Any]) -> tuple[str, ...]:
    before, now = estimate_of(change["before"]), estimate_of(change["now"])
    return (
        f"{change['suite']}, {change['strategy']}",
        f"{change['metric']}, {change['unit']}",
        str(before),
        str(now),
        ratio_cell(change["ratio"]),
        change["word"],
    )


def history_part(report: Report) -> Iterator[Block]:
    """Where there are earlier runs."""
    history = report["history"]
    yield Heading("Earlier runs like this one", 2)
    yield Paragraph(
        f"{history['earlier_runs']} in history.jsonl, on this machine and of "
        "this size. What a change is worth, --compare says."
    )
    yield from shared_picture(report, "history")
    rows = tuple(
        _trend_row(name, [inf if v is None else v for v in values])
        for name, values in history["trends"].items()
    )
    head = ("figure", "runs", "trend", "median before", "now")
    yield Table("The latest runs, oldest first", head, rows)


def _trend_row(name: str, values: Sequence[float]) -> tuple[str, ...]:
    trend = Trend(name, tuple(values))
    before = trend.median_before
    return (
        name.replace("/", " · "),
        str(len(values)),
        sparkline(values),
        "–" if before is None else shown(before),
        shown(trend.latest),
    )
