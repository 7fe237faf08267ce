"""Earlier runs: one line each in `history.jsonl`, beside the reports.

Only equals are compared: the label says on which machine, of which schema, of
which size, with which requests and which trace a run was, so a quick run is no
point on the curve of the full ones. What was measured on a busy machine, or by
a client that was the bottleneck, is no point at all. The trend is of measured
figures and of what heads each suite; what a change is worth is for `--compare`
to say, which has intervals.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import inf
from pathlib import Path, PurePath
from typing import Any

from benchmark.intervals.estimates import median_estimate
from benchmark.report.data import Report, finite
from optimizations.monitoring.history import History, Run, Trend

FILE_NAME = "history.jsonl"
LAST = 20  # runs in a trend


def history_line(report: Report, at: float) -> Run:
    """The report as one line of history; `at` in seconds since 1970."""
    figures = {
        **_simulated(report),
        **_measured(report),
        **_intervals(report),
    }
    return Run(at, _label(report), figures)


def trends(file: Path, run: Run, report: Report) -> dict[str, Any]:
    """How the earlier runs of its label went, this one last; plain values."""
    history = History(file)
    earlier = history.runs(run.label)
    shown = [*_headlines(report), *_measured(report)]
    return {
        "earlier_runs": len(earlier),
        "damaged_lines": history.damaged,
        "trends": {
            name: finite(_trend(name, [*earlier, run]).values)
            for name in shown
            if earlier
        },
    }


def runs(file: Path, run: Run) -> list[Run]:
    """The earlier runs of its label, and this one."""
    return [*History(file).runs(run.label), run]


def remember(file: Path, run: Run) -> None:
    """Append it. Raises OSError."""
    History(file).append(run)


def _trend(figure: str, runs: Sequence[Run]) -> Trend:
    values = [run.figures[figure] for run in runs if figure in run.figures]
    return Trend(figure, tuple(values[-LAST:]))


def _label(report: Report) -> str:
    machine = report["measured"]["machine"]
    sizes = (
        f"{name} {suite['seeds']} × {suite['requests_a_seed']} of "
        f"{suite['strategies'][0]['workload']}"
        for name, suite in report["simulated"].items()
    )
    where = (
        f"{machine['processor']}, {machine['cores']} cores, "
        f"{machine['system']}, Python {machine['python']}"
    )
    options = report["options"]
    trace = "no trace"
    if options["trace"]:
        name = PurePath(options["trace"]).name
        trace = f"trace {name} at {options['time_scale']:g}"
    schema = f"schema {report['schema']}"
    return f"{where}; {schema}; {trace}; {', '.join(sizes)}"


def _simulated(report: Report) -> dict[str, float]:
    return {
        f"{name}/simulated/{strategy['key']}/{metric}": _value(figure["value"])
        for name, suite in report["simulated"].items()
        for strategy in suite["strategies"]
        for metric, figure in strategy["metrics"].items()
        if figure is not None
    }


def _measured(report: Report) -> dict[str, float]:
    return {
        f"{name}/measured/{series['operation']}/{series['figure']}": float(
            series["median"]
        )
        for name, series in _sound(report)
    }


def _sound(report: Report) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each suite's series, but those that are noisy or invalid."""
    for name, suite in report["measured"]["suites"].items():
        for series in suite["series"]:
            if not (suite["invalid"] or series["noisy"]):
                yield name, series


def _intervals(report: Report) -> dict[str, float]:
    """Of the measured medians, where there are rounds enough for one."""
    found = {}
    for name, series in _sound(report):
        interval = median_estimate(series["rounds"])
        key = f"{name}/measured/{series['operation']}/{series['figure']}"
        if interval.bounded:
            found[f"{key}/low"] = interval.low
            found[f"{key}/high"] = interval.high
    return found


def _headlines(report: Report) -> list[str]:
    figures: Mapping[str, float] = _simulated(report)
    wanted = {
        f"{name}/simulated/{strategy['key']}/{suite['headline']}"
        for name, suite in report["simulated"].items()
        for strategy in suite["strategies"]
    }
    return [name for name in figures if name in wanted]


def _value(value: float | None) -> float:
    return inf if value is None else float(value)
