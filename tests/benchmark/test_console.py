"""What the terminal shows: at most 80 columns, in words."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from benchmark.against_earlier.comparison import compared
from benchmark.against_earlier.thresholds import threshold
from benchmark.console import Bar, Screen
from benchmark.measured.rounds import Measured, Series
from benchmark.report.data import measured_part, simulated_part
from tests.benchmark.reports import report
from tests.benchmark.small import result, run

SERIES = (
    Series("LRU", "hit", "µs", (1.0, 1.1, 0.9, 1.0, 1.0, 1.0)),
    Series("Redis", "hit", "µs", (90.0, 95.0, 92.0, 91.0, 90.0, 90.0)),
)
RESULT = replace(
    result([run([1.0, 2.0] * 500)] * 2, [run([0.5, 1.0] * 500)] * 2),
    measured=Measured("a look-up", SERIES),
)


def show(screen: Screen) -> None:
    """What becomes of the result in a report."""
    parts = simulated_part(RESULT, {}), measured_part(RESULT.measured)
    screen.suite("caching", *parts)


def test_a_suite_is_a_table_verdicts_and_what_was_measured(
    capsys: pytest.CaptureFixture[str],
) -> None:
    show(Screen())
    text = capsys.readouterr().out
    assert "Simulated (virtual clock)\n2 seeds of 1,000 requests" in text
    assert "other: faster: mean 0.5 of plain" in text
    assert "Measured (this machine)\nA look-up." in text
    assert text.index("Simulated (virtual") < text.index("Measured (this")


def test_everything_fits_80_columns(
    capsys: pytest.CaptureFixture[str],
) -> None:
    screen = Screen()
    screen.header(
        {"processor": "x" * 30, "cores": 2, "system": "Linux", "python": "3"},
        1,
        5,
    )
    show(screen)
    screen.warnings(["a long warning that goes on " * 8])
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80


def test_in_a_pipe_a_line_says_what_is_being_done(
    capsys: pytest.CaptureFixture[str],
) -> None:
    screen = Screen()
    with screen.progress() as bar:
        bar.phase("simulating", 3)
        bar.step()
        with bar.paused():
            show(screen)
        bar.phase("drawing", 1)
    captured = capsys.readouterr()
    assert captured.err == "simulating ...\ndrawing ...\n"
    assert "\x1b" not in captured.out


def test_a_full_disk_behind_the_progress_does_not_end_the_run() -> None:
    class Full(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError("No space left on device")

    with Bar(Console(file=Full())) as bar:
        bar.phase("simulating", 3)
        bar.phase("drawing", 1)


def test_without_warnings_there_is_no_block(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Screen().warnings([])
    assert capsys.readouterr().out == ""


def test_a_comparison_says_what_differs_and_what_became_of_a_threshold(
    capsys: pytest.CaptureFixture[str],
) -> None:
    limits = [threshold("p99:10%"), threshold("measured nothing:1%")]
    comparison, _ = compared(report(), report(2.0), "base.json", limits)
    Screen().comparison(comparison)
    text = capsys.readouterr().out
    assert "\nbase.json, 2026-01-01" in text
    assert "caching, other: slower: mean 2 of before" in text
    assert "the same as before: 1 strategy" in text
    assert "Failed: p99:10%: slower: p99 2 of before (caching, other)" in text
    assert "Could not judge: measured nothing:1%: nothing has it" in text
    assert max(map(len, text.splitlines())) <= 80


def test_the_list_of_files_is_two_lines_and_never_broken(
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = Path("a" * 100)
    Screen().written(out, ["figures", "report.csv", "report.html"])
    _, first, second = capsys.readouterr().out.splitlines()
    assert first == f"written: {out / 'report.html'}"
    assert second == "beside it: figures, report.csv"
