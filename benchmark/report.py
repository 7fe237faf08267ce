"""`report.json`: everything that is shown, and enough to show it again.

The simulated part is the same to the byte for the same seed and the same
source; what depends on the machine and the day stands apart from it, under
`measured`. A figure that never ended (more failed than its percentile allows)
is null. Compare two reports only where their `schema` is the same.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmark.metrics import Metric
from benchmark.results import Standing, SuiteResult
from benchmark.rounds import Series
from benchmark.statistics import Comparison, Estimate
from benchmark.verdicts import verdict

SCHEMA = 1


def write_report(
    path: Path,
    *,
    options: Mapping[str, Any],
    versions: Mapping[str, str],
    machine: Mapping[str, Any],
    results: Sequence[SuiteResult],
    figures: Mapping[str, Mapping[str, Any]],
    warnings: Sequence[str],
) -> None:
    """One JSON object, keys in a fixed order, two spaces deep."""
    report = {
        "schema": SCHEMA,
        "options": options,
        "versions": versions,
        "simulated": {
            result.suite.name: {
                **_simulated(result),
                "figure": figures.get(result.suite.name),
            }
            for result in results
        },
        "measured": {
            "machine": machine,
            "suites": {
                result.suite.name: {
                    "setting": result.measured.setting,
                    "series": [_series(s) for s in result.measured.series],
                }
                for result in results
            },
        },
        "warnings": warnings,
    }
    text = json.dumps(finite(report), indent=2, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")


def _simulated(result: SuiteResult) -> dict[str, Any]:
    suite = result.suite
    metrics = dict.fromkeys((suite.headline, *suite.columns, *suite.judged))
    return {
        "setting": suite.setting,
        "seeds": result.seeds,
        "requests_a_seed": result.requests,
        "strategies": [
            _standing(standing, list(metrics), suite.judged)
            for standing in result.standings
        ],
    }


def _standing(
    standing: Standing, metrics: Sequence[Metric], judged: Sequence[Metric]
) -> dict[str, Any]:
    return {
        "name": standing.name,
        "group": standing.strategy.group,
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
        **_interval(estimate),
        "seeds": [metric.of(run) for run in standing.runs],
        "to_baseline": comparison and _compared(comparison),
    }


def _compared(comparison: Comparison) -> dict[str, Any]:
    return {**_interval(comparison.ratio), "verdict": comparison.verdict}


def _interval(estimate: Estimate) -> dict[str, float]:
    return {
        "value": estimate.value,
        "low": estimate.low,
        "high": estimate.high,
    }


def _series(series: Series) -> dict[str, Any]:
    middle, mad = series.median_and_mad
    return {
        "operation": series.operation,
        "figure": series.figure,
        "unit": series.unit,
        "median": middle,
        "mad": mad,
        "rounds": series.values,
    }


def finite(value: Any) -> Any:
    """As JSON can say it, which has no infinity and no NaN: null."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(item) for item in value]
    return value
