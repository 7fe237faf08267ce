"""The studies of a suite in the document: question, finding, figure, table."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from typing import Any

from benchmark.intervals.digits import interval_shown
from benchmark.report.blocks import (
    FIGURES,
    Block,
    Heading,
    Paragraph,
    Picture,
    Table,
    finding,
)
from benchmark.report.data import estimate_of


def studies_part(
    part: Mapping[str, Any], clock: str, drawn: Container[str]
) -> Iterator[Block]:
    """Those of a suite's simulated or measured `part`."""
    for name, study in part["studies"].items():
        figure = study["figure"]
        yield Heading(study["question"], 3, clock)
        yield Paragraph(f"{figure['title']}. {figure['caption']}")
        if name in drawn:
            alt = f"{finding(figure)}. {figure['caption']}"
            yield Picture(FIGURES / name, alt)
        yield _table(study)


def _table(study: Mapping[str, Any]) -> Table:
    cells = {(cell["row"], cell["column"]): cell for cell in study["cells"]}
    rows = dict.fromkeys(row for row, _ in cells)
    columns = dict.fromkeys(column for _, column in cells)
    units = {cell["column"]: cell["unit"] for cell in study["cells"]}
    return Table(
        study["question"],
        ("case", *(_headed(column, units[column]) for column in columns)),
        tuple(
            (row, *(_shown(cells.get((row, column))) for column in columns))
            for row in rows
        ),
    )


def _headed(column: str, unit: str) -> str:
    return f"{column} ({unit})" if unit else column


def _shown(cell: Mapping[str, Any] | None) -> str:
    estimate = estimate_of(cell)
    return "–" if estimate is None else interval_shown(estimate)
