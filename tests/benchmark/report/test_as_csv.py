"""Every figure on a line of its own."""

from __future__ import annotations

import csv
import io
from math import inf
from typing import Any

from benchmark.report.as_csv import COLUMNS, as_csv
from benchmark.report.data import estimate_of
from tests.benchmark.reports import changed, report

REPORT = report()


def rows(made: dict[str, Any]) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(as_csv(made))))


def row(made: dict[str, Any], strategy: str, metric: str) -> dict[str, str]:
    [found] = [
        x
        for x in rows(made)
        if (x["strategy"], x["metric"]) == (strategy, metric)
    ]
    return found


def test_a_line_has_the_figure_its_interval_its_ratio_and_its_clock() -> None:
    mean = row(REPORT, "other", "mean")
    assert list(mean) == list(COLUMNS)
    assert (mean["suite"], mean["part"], mean["unit"]) == (
        "caching",
        "simulated",
        "s",
    )
    assert float(mean["low"]) < float(mean["value"]) < float(mean["high"])
    assert float(mean["ratio"]) == 0.5
    assert (mean["clock"], mean["n"]) == ("virtual", "5")


def test_a_measured_line_counts_rounds_and_compares_with_the_first() -> None:
    hit = row(REPORT, "Redis", "hit")
    assert (hit["part"], hit["clock"], hit["n"]) == ("measured", "real", "7")
    assert 8.5 < float(hit["ratio_low"]) <= float(hit["ratio"]) < 9.5
    assert row(REPORT, "LRU", "hit")["ratio"] == ""


def test_it_has_what_the_json_has() -> None:
    strategies = REPORT["simulated"]["caching"]["strategies"]
    for strategy in strategies:
        for metric, figure in strategy["metrics"].items():
            estimate = estimate_of(figure)
            line = row(REPORT, strategy["name"], metric)
            assert estimate is not None
            assert float(line["value"]) == estimate.value


def test_never_is_inf_and_no_interval_is_empty() -> None:
    def spoil(made: dict[str, Any]) -> None:
        metrics = made["simulated"]["caching"]["strategies"][1]["metrics"]
        metrics["p50"].update(value=None, low=None, high=None)
        metrics["p50"]["to_baseline"].update(value=None)
        metrics["mean"].update(low=None, high=None)
        metrics["p99"] = None

    spoilt = changed(REPORT, spoil)
    p50, mean = row(spoilt, "other", "p50"), row(spoilt, "other", "mean")
    assert (float(p50["value"]), p50["low"], p50["ratio"]) == (inf, "", "")
    assert (mean["low"], mean["high"]) == ("", "")
    assert not any(
        (x["strategy"], x["metric"]) == ("other", "p99") for x in rows(spoilt)
    )
