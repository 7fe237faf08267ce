"""A study is in every form of the report."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from math import inf
from pathlib import Path
from typing import Any

import pytest

from benchmark.figures import gallery
from benchmark.intervals.estimates import Estimate
from benchmark.measured.rounds import Bench
from benchmark.report.as_csv import as_csv
from benchmark.report.as_markdown import markdown
from benchmark.report.as_terminal import terminal
from benchmark.report.blocks import Picture
from benchmark.report.data import as_json, report_of
from benchmark.report.delivery import all_figures
from benchmark.report.document import document
from benchmark.results.caveats import caveats
from benchmark.simulated.simulate import Problem
from benchmark.study import Clock, Finding, Study, cells
from tests.benchmark.reports import NO_HISTORY, small_result

MACHINE: dict[str, str | int | float] = {
    "processor": "a quiet one",
    "system": "Linux",
    "python": "3.11.7",
    "cores": 2,
    "load": 0.1,
}
SIZES = [10, 100]
PANEL = {
    name: [[20.0, 19.0, 21.0], [40.0, 39.0, 41.0]]
    for name in ("endless dict", "LRU", "S3-FIFO", "Belady's optimum")
}
FOUND = Finding(
    "Larger caches find 40 % (higher is better)",
    "2 seeds of a few keys.",
    cells(
        {"LRU": [Estimate(20, 19, 21), 40.0], "none": [None, inf]},
        {"10 entries": "%", "100 entries": "%"},
    ),
    {"sizes": SIZES, "panels": {"Zipf": PANEL, "other": PANEL}},
    ("mind the gap",),
)


async def nothing(bench: Bench) -> Finding:
    return FOUND


def made(clock: Clock = "simulated") -> dict[str, Any]:
    study = Study("hit_ratio", "What does a larger one find?", clock, nothing)
    one = small_result()
    result = replace(
        one,
        suite=replace(one.suite, studies=(study,)),
        findings={"hit_ratio": FOUND},
    )
    report = report_of(
        options={
            "suites": ["caching"],
            "seed": 1,
            "seeds": [1],
            "quick": True,
            "questions": None,
            "trace": None,
            "time_scale": 1.0,
        },
        versions={},
        machine=MACHINE,
        at="2026-01-01 00:00:00 UTC",
        results=[result],
        figures={},
        workloads={},
        warnings=caveats([result], MACHINE, quick=True),
    )
    report |= {"drawn": ["hit_ratio"], "history": NO_HISTORY}
    again: dict[str, Any] = json.loads(as_json(report))
    return again


@pytest.mark.parametrize(
    ("clock", "words"),
    [("simulated", "virtual clock"), ("measured", "this machine")],
)
def test_question_finding_and_table_are_read_in_each_form(
    clock: Clock, words: str
) -> None:
    blocks = list(document(made(clock)))
    lines = [str(line) for line in terminal(blocks)]
    for text in (markdown(blocks), "\n".join(lines)):
        plain = " ".join(text.replace("\\", "").split())
        assert "What does a larger one find?" in plain
        assert f"{clock.capitalize()} ({words}): 2 seeds of a few" in plain
        assert "20 (19–21)" in plain
        assert "never" in plain
    assert max(map(len, lines)) <= 80


def test_the_figure_says_in_words_what_it_shows() -> None:
    [picture] = [
        block
        for block in document(made())
        if isinstance(block, Picture) and block.file.name == "hit_ratio"
    ]
    assert picture.alt.startswith("Figure: Larger caches find 40 %")
    assert picture.alt.endswith("2 seeds of a few keys.")


def test_each_cell_is_a_line_of_the_spreadsheet() -> None:
    lines = list(csv.DictReader(io.StringIO(as_csv(made()))))
    found = [line for line in lines if line["group"] == "hit_ratio"]
    assert [(f["strategy"], f["metric"], f["value"]) for f in found] == [
        ("LRU", "10 entries", "20.0"),
        ("LRU", "100 entries", "40.0"),
        ("none", "100 entries", "inf"),
    ]
    assert {f["clock"] for f in found} == {"virtual"}


def test_a_figure_is_drawn_from_the_report_alone(tmp_path: Path) -> None:
    figures = all_figures(made())
    png, svg = gallery.draw(("hit_ratio", figures["hit_ratio"]), tmp_path)
    assert png.stat().st_size > 20_000
    assert "higher is better" in svg.read_text()


def test_warnings_and_what_was_left_out_come_before_the_figures() -> None:
    assert "caching, hit_ratio: mind the gap" in made()["warnings"]
    missing = replace(
        small_result(), findings={"hit_ratio": Problem(True, "no numpy")}
    )
    lines = caveats([missing], MACHINE, quick=True)
    assert "caching, hit_ratio: left out. no numpy" in lines
    assert not missing.unjudged
