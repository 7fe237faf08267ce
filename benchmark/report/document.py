"""The report as a document: headings, paragraphs, tables, figures. What it
says stands here, once; how it looks is for `markdown` and `html`.

Everything is read from `report.json`, so both can be made again from it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import isfinite
from typing import Any

from benchmark import SUITES
from benchmark.blocks import (
    CLOCKS,
    FIGURES,
    Block,
    Heading,
    Items,
    Paragraph,
    Picture,
    Table,
    finding,
    ratio_cell,
    shared_picture,
)
from benchmark.earlier import comparison_part, history_part
from benchmark.report import Report, estimate_of
from benchmark.statistics import interval_shown, shown

HOW_TO_READ = (
    (
        "Simulated",
        "on a virtual clock, against a simulated provider: exact, and the "
        "same again for the same seed and version. Intervals are 95 %, over "
        "the seeds; ratios are paired, seed by seed.",
    ),
    (
        "Measured",
        "on this machine, with its moods: the median of interleaved rounds ± "
        "the median distance from it. Nothing carries over to another "
        "machine.",
    ),
    (
        "Words",
        "“faster” or “slower” is said only where the whole interval of the "
        "ratio lies on one side of 1; else we cannot tell.",
    ),
)


def document(report: Report) -> Iterator[Block]:
    """From the whole to the parts."""
    yield Heading("Module 12 benchmark", 1)
    yield Items(tuple(_origin(report)))
    if report["warnings"]:
        yield Heading("Before you quote a figure", 2)
        yield Items(tuple(("", text) for text in report["warnings"]))
    if report["comparison"]:
        yield from comparison_part(report["comparison"])
    yield Heading("How to read this", 2)
    yield Items(HOW_TO_READ)
    yield from shared_picture(report, "ratios")
    for name, suite in report["simulated"].items():
        yield Heading(name.capitalize(), 2)
        if asks := SUITES.get(name):
            yield Paragraph(_sentence(asks))
        yield from _simulated(name, suite, name in report["drawn"])
        yield from _measured(report["measured"]["suites"][name])
    if report["history"]["trends"]:
        yield from history_part(report)


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def _origin(report: Report) -> Iterator[tuple[str, str]]:
    options, measured = report["options"], report["measured"]
    machine = measured["machine"]
    yield "When", measured["at"]
    yield (
        "Machine",
        "{processor}, {cores} cores, {system}, Python {python}, load "
        "{load}".format(**machine),
    )
    seeds = options["seeds"]
    yield "Chance", f"seed {options['seed']}: {len(seeds)} seeds each"
    yield "Questions", str(options["questions"] or "the module's own")
    if options["trace"]:
        yield (
            "Trace",
            f"{options['trace']}, {options['time_scale']:g} × as fast",
        )
    named = (
        f"{name} {version}" for name, version in report["versions"].items()
    )
    yield "Versions", ", ".join(named)


def _simulated(
    name: str, suite: Mapping[str, Any], drawn: bool
) -> Iterator[Block]:
    clock = CLOCKS["simulated"]
    yield Heading(f"Simulated ({clock})", 3, "simulated")
    yield Paragraph(
        f"{suite['seeds']} seeds of {suite['requests_a_seed']:,} requests. "
        f"{suite['setting']}. {suite['answered']}"
    )
    if drawn:
        alt = alternative(suite["figure"], suite)
        yield Picture(FIGURES / name, alt)
    yield _table(name, suite)
    yield Items(
        tuple(
            (strategy["key"], strategy["verdict"])
            for strategy in suite["strategies"]
            if strategy["baseline"] is not None or not _figures(strategy)
        )
    )


def alternative(data: Mapping[str, Any], suite: Mapping[str, Any]) -> str:
    """What the figure shows, for those who do not see it: its finding, and
    the figure that heads the table, of each strategy.
    """
    headline = suite["headline"]
    unit = suite["metrics"][headline]["unit"]
    values = (
        f"{strategy['key']} {estimate}"
        + (f" {unit}" if isfinite(estimate.value) else "")
        for strategy in suite["strategies"]
        if (estimate := estimate_of(strategy["metrics"][headline]))
    )
    return f"{finding(data)}. {headline.capitalize()}: {', '.join(values)}."


def _table(name: str, suite: Mapping[str, Any]) -> Table:
    metrics, headline = suite["metrics"], suite["headline"]
    columns = suite["columns"]
    heads = (f"{c} ({metrics[c]['unit']})" for c in columns)
    rows: list[tuple[str, ...]] = []
    group = ""
    for strategy in suite["strategies"]:
        if strategy["group"] != group:
            group = strategy["group"]
            rows.append((group,))
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


def _figures(strategy: Mapping[str, Any]) -> bool:
    return any(strategy["metrics"].values())


def _cell(figure: Mapping[str, Any] | None) -> str:
    estimate = estimate_of(figure)
    return "–" if estimate is None else interval_shown(estimate)


def _ratio(strategy: Mapping[str, Any], metric: str) -> str:
    """Nothing where one of the two never ended: no ratio says that."""
    if strategy["baseline"] is None:
        return "1"
    return ratio_cell((strategy["metrics"][metric] or {}).get("to_baseline"))


def _measured(suite: Mapping[str, Any]) -> Iterator[Block]:
    if not suite["series"]:
        return
    clock = CLOCKS["measured"]
    yield Heading(f"Measured ({clock})", 3, "measured")
    yield Paragraph(_sentence(suite["setting"]))
    if suite["invalid"]:
        yield Paragraph(f"Invalid: {suite['invalid']}")
    series = {(s["operation"], s["figure"]): s for s in suite["series"]}
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
    yield Table("Measured on this machine", ("operation", *heads), rows)


def _measured_cells(series: Mapping[str, Any]) -> tuple[str, str]:
    middle, mad = series["median"], series["mad"]
    noisy = ", noisy" if series["noisy"] else ""
    ratio = series["to_first"]
    return (
        f"{shown(middle, mad)} ± {shown(mad, digits=1)}{noisy}",
        "1" if ratio is None else ratio_cell(ratio),
    )
