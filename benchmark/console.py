"""What the terminal shows: a table and a verdict for each strategy, measured
figures apart from simulated ones, warnings in one block at the end.

All of it fits 80 columns and says in words what colour could say. Results go
to standard output, the progress bar to standard error, and only where that is
a terminal.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from math import inf
from pathlib import Path
from types import TracebackType
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from benchmark.blocks import CLOCKS
from benchmark.metrics import Metric
from benchmark.results import Standing, SuiteResult
from benchmark.rounds import Measured, Series
from benchmark.statistics import Comparison, interval_shown, shown
from benchmark.verdicts import verdict
from lab.options import discard_output

WIDTH = 80
READ_FIRST = "report.html"


class _Console(Console):
    """Where `head` has seen enough, the run goes on: its reports are still to
    be written.
    """

    def on_broken_pipe(self) -> None:
        self.quiet = True
        discard_output()


class Screen:
    """Standard output, 80 columns wide at most."""

    def __init__(self) -> None:
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):  # a cp1252 pipe must not crash
                stream.reconfigure(errors="replace")
        self._console = _Console(highlight=False)
        self._console.width = min(self._console.width, WIDTH)
        self._progress = Console(stderr=True)

    def header(
        self, machine: Mapping[str, object], seed: int, seeds: int
    ) -> None:
        """Where this runs, and with which chance."""
        self._line(
            "{processor}, {cores} cores, {system}, Python {python}".format(
                **machine
            ),
            style="dim",
        )
        self._line(
            f"seed {seed}, {seeds} seeds. Intervals are 95 %; × and ratios "
            "are paired, seed by seed.",
            style="dim",
        )

    def suite(self, result: SuiteResult) -> None:
        """The simulated table, the verdicts, and the measured table."""
        name = result.suite.name
        self._console.print()
        self._console.rule(Text(name, style="bold"), align="left")
        self._line(
            f"simulated (virtual clock): {result.seeds} seeds of "
            f"{result.requests:,} requests. {result.suite.setting}",
            style="dim",
        )
        self._console.print(_simulated(result))
        self._line(result.answered, style="dim")
        self._console.print()
        for standing in result.standings:
            if standing.baseline is not None or not standing.judged:
                text = verdict(standing, result.suite.judged)
                self._item(standing.strategy.key, text)
        if result.measured.series:
            invalid = ", INVALID" if result.measured.invalid else ""
            self._console.print()
            self._line(
                f"measured (this machine){invalid}: "
                f"{result.measured.setting}. Median ± median distance from it",
                style="dim",
            )
            self._console.print(_measured(result.measured))

    def warnings(self, texts: Iterable[str]) -> None:
        """One block, after everything else."""
        lines = list(texts)
        if lines:
            self._console.print()
            self._line("Before you quote a figure:", style="bold")
        for line in lines:
            self._item("!", line)

    def comparison(self, comparison: Mapping[str, Any]) -> None:
        """What differs from an earlier report, and what becomes of the
        thresholds.
        """
        self._console.print()
        self._console.rule(Text("compared", style="bold"), align="left")
        self._line(f"with {comparison['with']}", style="dim")
        for part, told in comparison["sentences"].items():
            if told:
                self._console.print()
                self._line(f"{part} ({CLOCKS[part]}):", style="dim")
            for where, text in told.items():
                self._item(where, text)
        for line in comparison["notes"]:
            self._item("!", line)
        for word in ("failed", "could_not_judge"):
            for line in comparison[word]:
                self._item(word.replace("_", " "), line)

    def written(self, out: Path, names: Iterable[str]) -> None:
        """Where the files are, the one to read first."""
        first, *others = sorted(names, key=lambda n: (n != READ_FIRST, n))
        self._console.print()
        # never broken over lines: a path is there to be copied
        self._path(f"written: {out / first}")
        self._path(f"beside it: {', '.join(others)}")

    def stored(self, text: str) -> None:
        """What became of the report that later runs are compared with."""
        self._path(text)

    def _path(self, text: str) -> None:
        self._console.print(Text(text), soft_wrap=True)

    def progress(self) -> Bar:
        """A bar on standard error; silent where that is no terminal."""
        return Bar(self._progress)

    def _line(self, text: str, style: str = "") -> None:
        self._console.print(Text(text, style=style))

    def _item(self, name: str, text: str) -> None:
        """A paragraph whose further lines hang below its first."""
        line = Text.assemble((name, "bold"), (" " if name == "!" else ": "))
        line.append(text)
        wrapped = line.wrap(self._console, self._console.width - 2)
        for number, part in enumerate(wrapped):
            part.rstrip()
            indent = Text("  " if number else "")
            self._console.print(indent + part, no_wrap=True)


class Bar:
    """How far the benchmark is."""

    def __init__(self, console: Console) -> None:
        self._bar = Progress(
            TextColumn("{task.description:30}"),
            BarColumn(30),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
            refresh_per_second=4,
        )
        self._task = self._bar.add_task("")

    @classmethod
    def silent(cls) -> Bar:
        """One that shows nothing."""
        return cls(Console(file=io.StringIO()))

    def __enter__(self) -> Bar:
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Out of the way, while results are printed."""
        self._bar.stop()
        yield
        self._bar.start()

    def phase(self, name: str, steps: int) -> None:
        self._bar.reset(self._task, total=steps, description=name)

    def step(self) -> None:
        self._bar.advance(self._task)


def _simulated(result: SuiteResult) -> Table:
    suite, columns = result.suite, result.columns
    table = _table("strategy")
    for metric in columns:
        table.add_column(_heading(metric), justify="right", no_wrap=True)
    table.add_column(
        "× " + "\n".join(suite.headline.name.rsplit(" ", 1)),
        justify="right",
        no_wrap=True,
    )
    group = ""
    for standing in result.standings:
        if standing.strategy.group != group:
            group = standing.strategy.group
            table.add_row(Text(group, style="italic"))
        table.add_row(*_row(standing, columns, suite.headline))
    return table


def _table(first: str) -> Table:
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False)
    table.add_column(first, no_wrap=True)
    return table


def _row(
    standing: Standing, columns: Iterable[Metric], headline: Metric
) -> Iterator[str]:
    yield ("  " if standing.strategy.group else "") + standing.name
    for metric in columns:
        estimate = standing.figure(metric)
        yield "–" if estimate is None else str(estimate)
    comparison = standing.ratio(headline)
    yield ("1" if standing.baseline is None else _ratio(comparison))


def _ratio(comparison: Comparison | None) -> str:
    """Nothing where one of the two never ended: no ratio says that."""
    if comparison is None or not 0 < comparison.ratio.value < inf:
        return "–"
    return interval_shown(comparison.ratio)


def _heading(metric: Metric) -> str:
    return "\n".join((*metric.name.rsplit(" ", 1), metric.unit))


def _measured(measured: Measured) -> Table:
    """A row for each operation; ratios to the first, within each round."""
    operations = list(dict.fromkeys(s.operation for s in measured.series))
    figures = list(dict.fromkeys(s.figure for s in measured.series))
    by_name = {(s.operation, s.figure): s for s in measured.series}
    table = _table("operation")
    for figure in figures:
        unit = by_name[operations[0], figure].unit
        table.add_column(f"{figure}\n{unit}", justify="right", no_wrap=True)
        table.add_column(f"× {operations[0]}", justify="right", no_wrap=True)
    for operation in operations:
        cells = []
        for figure in figures:
            series = by_name[operation, figure]
            cells += _cells(series, by_name[operations[0], figure])
        table.add_row(operation, *cells)
    return table


def _cells(series: Series, reference: Series) -> list[str]:
    middle, mad = series.median_and_mad
    ratio = (
        "1"
        if series is reference
        else interval_shown(series.compared(reference).ratio)
    )
    return [f"{shown(middle, mad)} ± {shown(mad, digits=1)}", ratio]
