"""`report.json`: everything that is shown, and enough to show it again. All
other reports are made from it.

The simulated part is the same to the byte for the same seed and the same
source; what depends on the machine and the day stands apart from it, under
`measured`. A figure that never ended (more failed than its percentile allows)
is null, and so is an end of an interval that is not there. Compare two
reports only where their `schema` is the same.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from math import inf, nan
from typing import Any

from benchmark.intervals.estimates import Estimate
from benchmark.intervals.paired import Comparison
from benchmark.measured.rounds import Measured, Series
from benchmark.results.metrics import Metric
from benchmark.results.standings import Standing, SuiteResult
from benchmark.results.verdicts import verdict
from benchmark.study import CLOCKS, Finding, Study

SCHEMA = 3

Report = Mapping[str, Any]
"""As `json.loads` returns it."""


def report_of(
    *,
    options: Mapping[str, Any],
    versions: Mapping[str, str],
    machine: Mapping[str, Any],
    at: str,
    results: Sequence[SuiteResult],
    figures: Mapping[str, Mapping[str, Any]],
    workloads: Mapping[str, Mapping[str, str]],
    warnings: Sequence[str],
) -> dict[str, Any]:
    """Plain values, keys in a fixed order. `figures` are the data of each
    figure by name, `workloads` the fingerprint of what each strategy of each
    suite was sent.
    """
    report = {
        "schema": SCHEMA,
        "options": options,
        "versions": versions,
        "simulated": {
            result.suite.name: {
                **simulated_part(result, workloads.get(result.suite.name, {})),
                "figure": figures.get(result.suite.name),
            }
            for result in results
        },
        "figures": {
            name: figure
            for name, figure in figures.items()
            if name not in {result.suite.name for result in results}
        },
        "measured": {
            "at": at,
            "machine": machine,
            "suites": {
                result.suite.name: measured_part(
                    result.measured, result.found("measured")
                )
                for result in results
            },
        },
        "comparison": None,
        "history": None,
        "warnings": warnings,
    }
    return _plain(report)


def as_json(report: Report) -> str:
    """Two spaces deep, for people and for `diff`."""
    text = json.dumps(report, indent=2, ensure_ascii=False, allow_nan=False)
    return text + "\n"


def simulated_part(
    result: SuiteResult, workloads: Mapping[str, str]
) -> dict[str, Any]:
    """One suite's strategies and their figures."""
    suite = result.suite
    metrics = dict.fromkeys(
        (suite.headline, *suite.columns, *result.columns, *suite.judged)
    )
    part = {
        "setting": suite.setting,
        "situations": suite.situations,
        "seeds": result.seeds,
        "requests_a_seed": result.requests,
        "answered": result.answered,
        "columns": [metric.name for metric in result.columns],
        "headline": suite.headline.name,
        "judged": [metric.name for metric in suite.judged],
        "metrics": {metric.name: _described(metric) for metric in metrics},
        "strategies": [
            {
                **_standing(standing, list(metrics), suite.judged),
                "workload": workloads.get(standing.strategy.key, ""),
            }
            for standing in result.standings
        ],
        "studies": _studies(result.found("simulated")),
    }
    return _plain(part)


def _studies(found: Iterable[tuple[Study, Finding]]) -> dict[str, Any]:
    """Each with its table and what its figure shows."""
    return {
        study.name: {
            "question": study.question,
            "figure": {
                "title": finding.title,
                "caption": f"{study.clock.capitalize()} "
                f"({CLOCKS[study.clock]}): {finding.caption}",
                **finding.drawn,
            },
            "cells": [
                {
                    "row": cell.row,
                    "column": cell.column,
                    "unit": cell.unit,
                    **interval(cell.estimate),
                }
                for cell in finding.cells
            ],
        }
        for study, finding in found
    }


def _described(metric: Metric) -> dict[str, Any]:
    return {
        "unit": metric.unit,
        "less": metric.less,
        "more": metric.more,
        "more_is_better": metric.more_is_better,
    }


def _standing(
    standing: Standing, metrics: Sequence[Metric], judged: Sequence[Metric]
) -> dict[str, Any]:
    baseline = standing.baseline
    return {
        "key": standing.strategy.key,
        "name": standing.name,
        "group": standing.strategy.group,
        "baseline": baseline.strategy.key if baseline else None,
        "verdict": verdict(standing, judged),
        "wrong_answers": standing.wrong,
        "outcomes": standing.pool.outcomes if standing.runs else {},
        "metrics": {
            metric.name: _metric(standing, metric) for metric in metrics
        },
    }


def _metric(standing: Standing, metric: Metric) -> dict[str, Any] | None:
    estimate = standing.figure(metric)
    if estimate is None:
        return None
    comparison = standing.ratio(metric)
    return {
        "unit": metric.unit,
        **interval(estimate),
        "seeds": [metric.of(run) for run in standing.runs],
        "to_baseline": comparison and _compared(comparison),
    }


def _compared(comparison: Comparison) -> dict[str, Any]:
    return {**interval(comparison.ratio), "verdict": comparison.verdict}


def interval(estimate: Estimate) -> dict[str, float]:
    """As `estimate_of` reads it again."""
    return {
        "value": estimate.value,
        "low": estimate.low,
        "high": estimate.high,
    }


def measured_part(
    measured: Measured, found: Iterable[tuple[Study, Finding]] = ()
) -> dict[str, Any]:
    """One suite's series, each beside its ratio to the first operation's,
    and what was found besides.
    """
    first: dict[str, Series] = {}
    for series in measured.series:
        first.setdefault(series.figure, series)
    part = {
        "setting": measured.setting,
        "invalid": measured.invalid,
        "series": [_series(s, first[s.figure]) for s in measured.series],
        "studies": _studies(found),
    }
    return _plain(part)


def _series(series: Series, reference: Series) -> dict[str, Any]:
    middle, mad = series.median_and_mad
    return {
        "operation": series.operation,
        "figure": series.figure,
        "unit": series.unit,
        "median": middle,
        "mad": mad,
        "noisy": series.noisy,
        "to_first": None
        if series is reference
        else _compared(series.compared(reference)),
        "rounds": series.values,
    }


def estimate_of(ends: Mapping[str, Any] | None) -> Estimate | None:
    """Back from the report: a value that is null never ended. Where both
    ends are null, there is no interval; where the upper one is, it has none.
    """
    if ends is None:
        return None
    value, low, high = (ends[end] for end in ("value", "low", "high"))
    if low is None:
        low = high = nan
    return Estimate(
        inf if value is None else value, low, inf if high is None else high
    )


def _plain(part: Mapping[str, Any]) -> dict[str, Any]:
    plain = finite(part)
    assert isinstance(plain, dict)
    return plain


def finite(value: Any) -> Any:
    """As JSON can say it, which has no infinity and no NaN: null."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(item) for item in value]
    return value
