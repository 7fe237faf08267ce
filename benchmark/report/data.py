"""`report.json`: everything that is shown, and enough to show it again. All
other reports are made from it.

The simulated part is the same to the byte for the same seed and the same
source; what depends on the machine and the day stands apart from it, under
`measured`. A figure that never ended (more failed than its percentile allows)
is null, and so is each end of an interval that there is none of. Compare two
reports only where their `schema` is the same.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from math import inf, nan
from typing import Any

from benchmark.metrics import Metric
from benchmark.results import Standing, SuiteResult
from benchmark.rounds import Measured, Series
from benchmark.statistics import Comparison, Estimate
from benchmark.verdicts import verdict

SCHEMA = 2

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
                **_simulated(result, workloads.get(result.suite.name, {})),
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
                result.suite.name: _measured(result.measured)
                for result in results
            },
        },
        "comparison": None,
        "history": None,
        "warnings": warnings,
    }
    plain = finite(report)
    assert isinstance(plain, dict)
    return plain


def as_text(report: Report) -> str:
    """Two spaces deep, for people and for `diff`."""
    text = json.dumps(report, indent=2, ensure_ascii=False, allow_nan=False)
    return text + "\n"


def _simulated(
    result: SuiteResult, workloads: Mapping[str, str]
) -> dict[str, Any]:
    suite = result.suite
    metrics = dict.fromkeys(
        (suite.headline, *suite.columns, *result.columns, *suite.judged)
    )
    return {
        "setting": suite.setting,
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


def _measured(measured: Measured) -> dict[str, Any]:
    """Each series beside its ratio to the first operation's."""
    first: dict[str, Series] = {}
    for series in measured.series:
        first.setdefault(series.figure, series)
    return {
        "setting": measured.setting,
        "invalid": measured.invalid,
        "series": [_series(s, first[s.figure]) for s in measured.series],
    }


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
    """Back from the report: a value that is null never ended; where the ends
    are null, there is no interval.
    """
    if ends is None:
        return None
    value, low, high = (ends[end] for end in ("value", "low", "high"))
    return Estimate(
        inf if value is None else value,
        nan if low is None else low,
        nan if high is None else high,
    )


def finite(value: Any) -> Any:
    """As JSON can say it, which has no infinity and no NaN: null."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(item) for item in value]
    return value
