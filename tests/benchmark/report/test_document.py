"""What the report says, in which order."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

from benchmark.against_earlier.comparison import compared
from benchmark.against_earlier.thresholds import threshold
from benchmark.report.blocks import Heading, Items, Picture, Table
from benchmark.report.document import document
from benchmark.suite import load_suite
from tests.benchmark.report.test_as_html import REPORT
from tests.benchmark.reports import changed, report


def headings(made: dict[str, Any]) -> list[str]:
    return [b.text for b in document(made) if isinstance(b, Heading)]


def test_from_the_whole_to_the_parts() -> None:
    assert headings(REPORT) == [
        "Module 12 benchmark",
        "Before you quote a figure",
        "How to read this",
        "Caching",
        "Simulated (virtual clock)",
        "Measured (this machine)",
    ]


def test_machine_seed_and_versions_come_first() -> None:
    origin = next(b for b in document(REPORT) if isinstance(b, Items))
    told = dict(origin.items)
    assert "a quiet one, 2 cores, Linux" in told["Machine"]
    assert told["Chance"] == "seed 1: 5 seeds each"
    assert told["Versions"] == "source abc"
    assert told["Questions"] == "the module's own"


def test_a_comparison_stands_before_the_figures() -> None:
    now = report(2.0)
    now["comparison"], _ = compared(
        report(), now, "base.json", [threshold("p99:10%")]
    )
    blocks = list(document(now))
    assert "Compared, simulated (virtual clock)" in headings(now)
    [table] = [
        b
        for b in blocks
        if isinstance(b, Table) and "differs from before" in b.caption
    ]
    assert [row[0] for row in table.rows] == ["caching, other"] * 3
    assert {row[-1] for row in table.rows} == {"slower"}
    lists = [b for b in blocks if isinstance(b, Items)]
    assert any(
        name == "Failed" and text.startswith("p99:10%: slower")
        for block in lists
        for name, text in block.items
    )


def test_what_is_special_about_a_situation_stands_under_its_name() -> None:
    """ "70 % load" stood over all, and was true of one situation in four."""

    def put(made: dict[str, Any]) -> None:
        suite = made["simulated"]["caching"]
        suite["situations"] = {"one is slow": "70 % load"}
        for strategy in suite["strategies"]:
            strategy["group"] = "one is slow"

    blocks = document(changed(report(), put))
    table = next(b for b in blocks if isinstance(b, Table))
    assert table.rows[0] == ("one is slow: 70 % load",)


def test_each_situation_of_a_suite_says_its_own_load() -> None:
    balancing = load_suite("balancing")
    assert balancing.situations.keys() == {
        strategy.group for strategy in balancing.strategies
    }
    loads = [text[-9:] for text in balancing.situations.values()]
    assert loads == ["57 % load", "70 % load", "70 % load", "76 % load"]


def test_it_says_how_many_comparisons_it_makes() -> None:
    [told] = [
        text
        for block in document(REPORT)
        if isinstance(block, Items)
        for name, text in block.items
        if name == "Many at once"
    ]
    assert told.startswith("this report makes 2 such comparisons")


def test_earlier_runs_have_a_trend() -> None:
    def put(made: dict[str, Any]) -> None:
        made["history"] = {
            "earlier_runs": 2,
            "damaged_lines": 0,
            "trends": {"caching/measured/LRU/hit": [10.0, 12.0, None]},
        }

    blocks = list(document(changed(report(), put)))
    table = blocks[-1]
    assert isinstance(table, Table)
    assert table.rows == (
        ("caching · measured · LRU · hit", "3", "▁██", "11", "never"),
    )


def test_pictures_are_named_by_their_figure() -> None:
    pictures = [b for b in document(REPORT) if isinstance(b, Picture)]
    assert [p.file for p in pictures] == [
        PurePosixPath("figures/ratios"),
        PurePosixPath("figures/caching"),
    ]
