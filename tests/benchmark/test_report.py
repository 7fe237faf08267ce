"""`report.json`: what stays the same, what may not be said in JSON."""

from __future__ import annotations

import json
from dataclasses import replace
from math import inf
from pathlib import Path
from typing import Any

from benchmark.report import SCHEMA, write_report
from benchmark.results import SuiteResult
from benchmark.rounds import Measured, Series
from tests.benchmark.small import result, run


def written(path: Path, one: SuiteResult) -> Any:
    write_report(
        path,
        options={"seed": 1},
        versions={"source": "abc"},
        machine={"cores": 2},
        results=[one],
        figures={"caching": {"title": "A title", "curves": {}}},
        warnings=["mind this"],
    )
    return json.loads(path.read_text(encoding="utf-8"))


SMALL = result([run([1.0, 2.0])] * 2, [run([0.5, inf])] * 2)


def test_it_says_its_schema_its_seed_and_its_versions(tmp_path: Path) -> None:
    report = written(tmp_path / "report.json", SMALL)
    assert report["schema"] == SCHEMA
    assert report["options"] == {"seed": 1}
    assert report["versions"] == {"source": "abc"}
    assert report["warnings"] == ["mind this"]


def test_it_has_each_seed_the_interval_and_the_verdict(tmp_path: Path) -> None:
    report = written(tmp_path / "report.json", SMALL)
    plain, other = report["simulated"]["caching"]["strategies"]
    assert plain["metrics"]["mean"]["seeds"] == [1.5, 1.5]
    assert plain["metrics"]["mean"]["unit"] == "s"
    assert other["verdict"].startswith("slower")
    assert other["outcomes"] == {"answered": 2, "overloaded": 2}


def test_what_never_ended_is_null_for_json_has_no_infinity(
    tmp_path: Path,
) -> None:
    report = written(tmp_path / "report.json", SMALL)
    other = report["simulated"]["caching"]["strategies"][1]
    assert other["metrics"]["mean"]["value"] is None
    assert "Infinity" not in (tmp_path / "report.json").read_text()


def test_what_was_measured_stands_apart(tmp_path: Path) -> None:
    series = Series("LRU", "hit", "µs", (1.0, 2.0, 3.0))
    measured = replace(SMALL, measured=Measured("a look-up", (series,)))
    before = written(tmp_path / "a.json", SMALL)
    after = written(tmp_path / "b.json", measured)
    assert before["simulated"] == after["simulated"]
    [kept] = after["measured"]["suites"]["caching"]["series"]
    assert (kept["median"], kept["mad"]) == (2.0, 1.0)
    assert kept["rounds"] == [1.0, 2.0, 3.0]
