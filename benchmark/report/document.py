"""The report as a document: headings, paragraphs, tables, figures. What it
says stands here, once; how it looks is for `as_html`, `as_markdown` and
`as_terminal`.

Everything is read from `report.json`, so each can be made again from it.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from math import isfinite
from typing import Any

from benchmark import SUITES
from benchmark.intervals.estimates import FEWEST
from benchmark.report.blocks import (
    FIGURES,
    Block,
    Heading,
    Items,
    Paragraph,
    Picture,
    finding,
    shared_picture,
)
from benchmark.report.data import Report, estimate_of
from benchmark.report.looking_back import comparison_part, history_part
from benchmark.report.studies import studies_part
from benchmark.report.tables import measured_table, simulated_table
from benchmark.study import CLOCKS


def document(report: Report) -> Iterator[Block]:
    """From the whole to the parts."""
    yield Heading("Module 12 benchmark", 1)
    yield Items(tuple(_origin(report)))
    yield from warnings_part(report["warnings"])
    if report["comparison"]:
        yield from comparison_part(report["comparison"])
    yield Heading("How to read this", 2)
    yield Items(tuple(_how_to_read(report)))
    yield from shared_picture(report, "ratios")
    measured = report["measured"]["suites"]
    for name, suite in report["simulated"].items():
        drawn = report["drawn"]
        yield from suite_part(name, suite, measured[name], drawn=drawn)
    if report["history"]["trends"]:
        yield from history_part(report)


def warnings_part(texts: Sequence[str]) -> Iterator[Block]:
    """One block, where there are any."""
    if texts:
        yield Heading("Before you quote a figure", 2)
        yield Items(tuple(("", text) for text in texts))


def suite_part(
    name: str,
    simulated: Mapping[str, Any],
    measured: Mapping[str, Any],
    *,
    drawn: Container[str] = (),
) -> Iterator[Block]:
    """One suite: what was simulated, then what was measured, with the figures
    that were drawn.
    """
    yield Heading(name.capitalize(), 2)
    if asks := SUITES.get(name):
        yield Paragraph(_sentence(asks))
    yield from _simulated(name, simulated, name in drawn)
    yield from studies_part(simulated, "simulated", drawn)
    yield from _measured(measured)
    yield from studies_part(measured, "measured", drawn)


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


def _how_to_read(report: Report) -> Iterator[tuple[str, str]]:
    yield (
        "Simulated",
        "on a virtual clock, against a simulated provider: exact, and the "
        "same again for the same seed and version. Intervals are 95 %, over "
        "the seeds; ratios are paired, seed by seed.",
    )
    yield (
        "Measured",
        "on this machine, with its moods: the median of interleaved rounds ± "
        "the median distance from it. Nothing carries over to another "
        "machine.",
    )
    yield (
        "Words",
        "“faster” or “slower” is said only where the whole interval of the "
        "ratio lies on one side of 1, “as good as the same” where it lies "
        "within one percent of 1: a difference that is certain and not worth "
        "a word. Else we cannot tell.",
    )
    yield (
        "Never, nothing",
        "where something failed or took nothing, a ratio has no size, and "
        f"only its side of 1 counts. Fewer than {FEWEST} pairs have no 95 % "
        "interval then: five of five point the same way once in sixteen "
        "times, by chance alone.",
    )
    count = sum(map(_comparisons, report["simulated"].values()))
    yield (
        "Many at once",
        f"this report makes {count} such comparisons, each at 95 %: of those "
        "that are really equal, about one in twenty is called different.",
    )


def _comparisons(suite: Mapping[str, Any]) -> int:
    """Verdicts that it gives: of each strategy on each judged metric."""
    return sum(
        bool((strategy["metrics"][metric] or {}).get("to_baseline"))
        for strategy in suite["strategies"]
        for metric in suite["judged"]
    )


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
    yield simulated_table(name, suite)
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


def _figures(strategy: Mapping[str, Any]) -> bool:
    return any(strategy["metrics"].values())


def _measured(suite: Mapping[str, Any]) -> Iterator[Block]:
    if not suite["series"]:
        return
    clock = CLOCKS["measured"]
    yield Heading(f"Measured ({clock})", 3, "measured")
    yield Paragraph(
        f"{_sentence(suite['setting'])} Median ± median distance from it."
    )
    if suite["invalid"]:
        yield Paragraph(f"Invalid: {suite['invalid']}")
    yield measured_table(suite["series"])
