"""Earlier runs, one line each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmark.against_earlier.history import (
    FILE_NAME,
    history_line,
    remember,
    trends,
)
from tests.benchmark.reports import changed, report

REPORT = report()


def grown(tmp_path: Path, *lines: str) -> Path:
    file = tmp_path / FILE_NAME
    for at in (1.0, 2.0):
        remember(file, history_line(REPORT, at))
    with file.open("a", encoding="utf-8") as kept:
        kept.writelines(f"{line}\n" for line in lines)
    return file


def test_each_run_is_one_line_with_every_figure(tmp_path: Path) -> None:
    file = grown(tmp_path)
    assert len(file.read_text().splitlines()) == 2
    figures = history_line(REPORT, 3.0).figures
    assert figures["caching/simulated/other/p99"] > 0
    assert figures["caching/measured/LRU/hit"] == 10.0


def test_a_trend_ends_with_this_run(tmp_path: Path) -> None:
    file = grown(tmp_path)
    slow = report(2.0)
    found = trends(file, history_line(slow, 3.0), slow)
    assert found["earlier_runs"] == 2
    a, b, c = found["trends"]["caching/simulated/other/mean"]
    assert (a, round(c / b, 3)) == (b, 2.0)


def test_only_what_heads_a_suite_and_what_was_measured_has_a_trend(
    tmp_path: Path,
) -> None:
    found = trends(grown(tmp_path), history_line(REPORT, 3.0), REPORT)
    assert "caching/measured/Redis/hit" in found["trends"]
    assert "caching/simulated/other/p99" not in found["trends"]


def test_damaged_lines_are_skipped_and_counted(tmp_path: Path) -> None:
    file = grown(tmp_path, "{", "[]", '{"at": 1}')
    found = trends(file, history_line(REPORT, 3.0), REPORT)
    assert (found["earlier_runs"], found["damaged_lines"]) == (2, 3)


def test_another_machine_or_size_is_another_curve(tmp_path: Path) -> None:
    file = grown(tmp_path)
    elsewhere = changed(
        REPORT, lambda made: made["measured"]["machine"].update(cores=64)
    )
    busier = changed(
        REPORT, lambda made: made["measured"]["machine"].update(load=7.0)
    )
    quick = report(requests=250)
    counts = [
        trends(file, history_line(other, 3.0), other)["earlier_runs"]
        for other in (elsewhere, quick, busier)
    ]
    assert counts == [0, 0, 2]


@pytest.mark.parametrize("spoilt", ["noisy", "invalid"])
def test_what_says_nothing_is_no_point_of_a_curve(spoilt: str) -> None:
    """A figure of a busy machine was kept, and the next quiet run looked like
    a step forward.
    """

    def spoil(made: dict[str, Any]) -> None:
        suite = made["measured"]["suites"]["caching"]
        if spoilt == "invalid":
            suite["invalid"] = "The client was the bottleneck"
        for series in suite["series"]:
            series["noisy"] = spoilt == "noisy"

    kept = history_line(changed(REPORT, spoil), 1.0).figures
    assert not any("/measured/" in name for name in kept)
    assert "caching/simulated/other/p99" in kept


def test_a_run_with_a_trace_is_never_beside_one_without() -> None:
    def traced(name: str, scale: float) -> str:
        def put(made: dict[str, Any]) -> None:
            made["options"] |= {"trace": name, "time_scale": scale}

        return history_line(changed(REPORT, put), 1.0).label

    labels = {
        history_line(REPORT, 1.0).label,
        traced("a/azure.csv", 1.0),
        traced("a/azure.csv", 2.0),
        traced("a/mooncake.jsonl", 1.0),
    }
    assert len(labels) == 4
    assert "azure.csv" in traced("b/azure.csv", 1.0)


def test_the_first_run_has_no_trend(tmp_path: Path) -> None:
    found = trends(tmp_path / FILE_NAME, history_line(REPORT, 1.0), REPORT)
    assert found == {"earlier_runs": 0, "damaged_lines": 0, "trends": {}}
