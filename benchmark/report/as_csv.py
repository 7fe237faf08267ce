"""`report.csv`: every figure on a line of its own, for a spreadsheet.

A figure that never ended is `inf`, one that is not there has no line. The
ratio is to the baseline of its group (simulated), or to the first operation
(measured).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from math import isnan
from typing import Any

from benchmark.intervals.estimates import Estimate, median_estimate
from benchmark.report.data import Report, estimate_of

COLUMNS = (
    *("suite", "part", "group", "strategy", "metric", "unit"),
    *("value", "low", "high", "ratio", "ratio_low", "ratio_high"),
    *("clock", "n"),
)


def as_csv(report: Report) -> str:
    """The header, then a line for each suite, part, strategy and metric."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(COLUMNS)
    for name, suite in report["simulated"].items():
        rows.writerows(_simulated(name, suite))
        rows.writerows(_studies(name, "simulated", suite["studies"]))
    for name, suite in report["measured"]["suites"].items():
        rows.writerows(_measured(name, suite["series"]))
        rows.writerows(_studies(name, "measured", suite["studies"]))
    return text.getvalue()


def _simulated(name: str, suite: Mapping[str, Any]) -> Iterator[list[str]]:
    for strategy in suite["strategies"]:
        what = (name, "simulated", strategy["group"], strategy["name"])
        for metric, figure in strategy["metrics"].items():
            if (estimate := estimate_of(figure)) is not None:
                yield [
                    *what,
                    metric,
                    figure["unit"],
                    *_numbers(estimate),
                    *_ratio(figure["to_baseline"]),
                    "virtual",
                    str(len(figure["seeds"])),
                ]


def _measured(
    name: str, series: Iterable[Mapping[str, Any]]
) -> Iterator[list[str]]:
    for one in series:
        yield [
            *(name, "measured", "", one["operation"], one["figure"]),
            one["unit"],
            *_numbers(median_estimate(one["rounds"])),
            *_ratio(one["to_first"]),
            "real",
            str(len(one["rounds"])),
        ]


def _studies(
    name: str, part: str, studies: Mapping[str, Any]
) -> Iterator[list[str]]:
    """The study stands in the place of a group."""
    clock = "virtual" if part == "simulated" else "real"
    for study, found in studies.items():
        for cell in found["cells"]:
            estimate = estimate_of(cell)
            assert estimate is not None
            yield [
                *(name, part, study),
                *(cell["row"], cell["column"], cell["unit"]),
                *_numbers(estimate),
                *_ratio(None),
                *(clock, ""),
            ]


def _ratio(ratio: Mapping[str, Any] | None) -> list[str]:
    """Empty where there is none, or where it would be without end."""
    if ratio is None or ratio["value"] is None:
        return ["", "", ""]
    estimate = estimate_of(ratio)
    assert estimate is not None
    return _numbers(estimate)


def _numbers(estimate: Estimate) -> list[str]:
    ends = (estimate.value, estimate.low, estimate.high)
    return ["" if isnan(end) else repr(float(end)) for end in ends]
