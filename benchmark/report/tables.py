"""The two tables of a suite: each strategy's figures, and what was measured.
All cells are texts; how they are laid out is for each form.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from benchmark.intervals.digits import interval_shown, shown
from benchmark.report.blocks import Table, ratio_cell
from benchmark.report.data import estimate_of


def simulated_table(name: str, suite: Mapping[str, Any]) -> Table:
    """A row for each strategy, a row of one cell for each situation."""
    metrics, headline = suite["metrics"], suite["headline"]
    columns = suite["columns"]
    heads = (f"{c} ({metrics[c]['unit']})" for c in columns)
    rows: list[tuple[str, ...]] = []
    group = ""
    for strategy in suite["strategies"]:
        if strategy["group"] != group:
            group = strategy["group"]
            situation = suite["situations"].get(group)
            rows.append((f"{group}: {situation}" if situation else group,))
        rows.append(
            (
                strategy["name"],
                *(_cell(strategy["metrics"][column]) for column in columns),
                _ratio(strategy, headline),
            )
        )
    return Table(
        f"{name.capitalize()}, simulated",
        ("strategy", *heads, f"× {headline}"),
        tuple(rows),
    )


def _cell(figure: Mapping[str, Any] | None) -> str:
    estimate = estimate_of(figure)
    return "–" if estimate is None else interval_shown(estimate)


def _ratio(strategy: Mapping[str, Any], metric: str) -> str:
    """Nothing where one of the two never ended: no ratio says that."""
    if strategy["baseline"] is None:
        return "1"
    return ratio_cell((strategy["metrics"][metric] or {}).get("to_baseline"))


def measured_table(measured: Sequence[Mapping[str, Any]]) -> Table:
    """A row for each operation; ratios to the first, within each round."""
    series = {(s["operation"], s["figure"]): s for s in measured}
    operations = list(dict.fromkeys(operation for operation, _ in series))
    figures = list(dict.fromkeys(figure for _, figure in series))
    heads: list[str] = []
    for figure in figures:
        unit = series[operations[0], figure]["unit"]
        heads += [f"{figure} ({unit})", f"× {operations[0]}"]
    rows = tuple(
        (
            operation,
            *(
                cell
                for figure in figures
                for cell in _measured_cells(series[operation, figure])
            ),
        )
        for operation in operations
    )
    return Table("Measured on this machine", ("operation", *heads), rows)


def _measured_cells(series: Mapping[str, Any]) -> tuple[str, str]:
    middle, mad = series["median"], series["mad"]
    noisy = ", noisy" if series["noisy"] else ""
    ratio = series["to_first"]
    return (
        f"{shown(middle, middle - mad, middle + mad)} ± "
        f"{shown(mad, digits=1)}{noisy}",
        "1" if ratio is None else ratio_cell(ratio),
    )
