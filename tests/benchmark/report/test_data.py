"""`report.json`: what stays the same, what may not be said in JSON."""

from __future__ import annotations

import json
from dataclasses import replace
from math import inf
from typing import Any

from benchmark.measured.rounds import Measured, Series
from benchmark.report.data import SCHEMA, as_json, estimate_of, report_of
from benchmark.results.standings import SuiteResult
from tests.benchmark.small import result, run


def written(one: SuiteResult) -> Any:
    """What is read back from the file."""
    made = report_of(
        options={"seed": 1},
        versions={"source": "abc"},
        machine={"cores": 2},
        at="today",
        results=[one],
        figures={"caching": {"title": "A title"}, "ratios": {"title": "All"}},
        workloads={"caching": {"plain": "p", "other": "o"}},
        warnings=["mind this"],
    )
    return json.loads(as_json(made))


SMALL = result([run([1.0, 2.0])] * 6, [run([0.5, inf])] * 6)


def test_it_says_its_schema_its_seed_and_its_versions() -> None:
    report = written(SMALL)
    assert report["schema"] == SCHEMA
    assert report["options"] == {"seed": 1}
    assert report["versions"] == {"source": "abc"}
    assert report["warnings"] == ["mind this"]


def test_it_has_each_seed_the_interval_and_the_verdict() -> None:
    report = written(SMALL)
    plain, other = report["simulated"]["caching"]["strategies"]
    assert plain["metrics"]["mean"]["seeds"] == [1.5] * 6
    assert plain["metrics"]["mean"]["unit"] == "s"
    assert other["verdict"].startswith("slower")
    assert other["outcomes"] == {"answered": 6, "overloaded": 6}


def test_what_never_ended_is_null_for_json_has_no_infinity() -> None:
    report = written(SMALL)
    other = report["simulated"]["caching"]["strategies"][1]
    assert other["metrics"]["mean"]["value"] is None
    mean = estimate_of(other["metrics"]["mean"])
    assert mean is not None
    assert mean.value == inf


def test_what_was_measured_stands_apart() -> None:
    series = Series("LRU", "hit", "µs", (1.0, 2.0, 3.0))
    measured = replace(SMALL, measured=Measured("a look-up", (series,)))
    before = written(SMALL)
    after = written(measured)
    assert before["simulated"] == after["simulated"]
    [kept] = after["measured"]["suites"]["caching"]["series"]
    assert (kept["median"], kept["mad"]) == (2.0, 1.0)
    assert kept["rounds"] == [1.0, 2.0, 3.0]


def test_each_strategy_says_what_it_was_sent_and_against_what() -> None:
    report = written(SMALL)
    plain, other = report["simulated"]["caching"]["strategies"]
    assert (plain["workload"], plain["baseline"]) == ("p", None)
    assert (other["workload"], other["baseline"]) == ("o", "plain")


def test_a_figure_stands_with_its_suite_or_with_none() -> None:
    report = written(SMALL)
    assert report["simulated"]["caching"]["figure"] == {"title": "A title"}
    assert report["figures"] == {"ratios": {"title": "All"}}


def test_it_says_of_each_metric_what_less_is_called() -> None:
    metrics = written(SMALL)["simulated"]["caching"]["metrics"]
    assert metrics["mean"]["less"] == "faster"
    assert not metrics["mean"]["more_is_better"]
    assert metrics["hits"]["more_is_better"]
