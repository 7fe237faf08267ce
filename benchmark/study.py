"""What a study is: one question that no table of strategies answers.

A suite compares strategies on one day's customers. Some questions need
something else: the same keys at many sizes of a cache, labelled pairs at many
thresholds, a million entries. Each is a study: it runs what it needs, and
hands back one sentence, a few figures, and what its picture shows. How that
becomes part of the report is the same for all and stands in `report/`.

A *simulated* study is exact and repeats with its seed; it runs in a worker
process, on the virtual clock. A *measured* one is of this machine, and runs
when all that is simulated is done, after its suite's own measurements.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from benchmark.intervals.estimates import Estimate
from benchmark.measured.rounds import Bench

Clock = Literal["simulated", "measured"]
CLOCKS = {"simulated": "virtual clock", "measured": "this machine"}


@dataclass(frozen=True, slots=True)
class Cell:
    """One figure of the table, in its row and column."""

    row: str
    column: str
    unit: str
    estimate: Estimate


@dataclass(frozen=True, slots=True)
class Finding:
    """What a study found."""

    title: str  # a sentence, with its numbers from the data
    caption: str  # of what, how many, which seeds
    cells: tuple[Cell, ...]  # row by row
    drawn: Mapping[str, Any]  # what its figure shows, as plain values
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Study:
    """One question, and how to answer it."""

    name: str  # its own and its figure's, among all
    question: str
    clock: Clock
    run: Callable[[Bench], Coroutine[Any, Any, Finding]] = field(repr=False)
    peers: bool = False  # of what others have written: only for --peers


def cells(
    rows: Mapping[str, Iterable[Estimate | float | None]],
    columns: Mapping[str, str],
) -> tuple[Cell, ...]:
    """Rows of figures, in the order of the columns, whose units are given. A
    number alone is exact; None is no figure.

    >>> [c.column for c in cells({"LRU": [0.5, 0.7]}, {"1 k": "", "2 k": ""})]
    ['1 k', '2 k']
    """
    return tuple(
        Cell(row, column, unit, _estimate(figure))
        for row, figures in rows.items()
        for (column, unit), figure in zip(
            columns.items(), figures, strict=True
        )
        if figure is not None
    )


def _estimate(figure: Estimate | float) -> Estimate:
    if isinstance(figure, Estimate):
        return figure
    return Estimate(figure, figure, figure)
