"""What the terminal shows: at most 80 columns, in words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmark.console import Screen
from benchmark.rounds import Measured, Series
from tests.benchmark.small import result, run

SERIES = (
    Series("LRU", "hit", "µs", (1.0, 1.1, 0.9, 1.0, 1.0, 1.0)),
    Series("Redis", "hit", "µs", (90.0, 95.0, 92.0, 91.0, 90.0, 90.0)),
)
RESULT = replace(
    result([run([1.0, 2.0] * 500)] * 2, [run([0.5, 1.0] * 500)] * 2),
    measured=Measured("a look-up", SERIES),
)


def test_a_suite_is_a_table_verdicts_and_what_was_measured(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Screen().suite(RESULT)
    text = capsys.readouterr().out
    assert "simulated (virtual clock): 2 seeds of 1,000 requests" in text
    assert "other: faster: mean 0.5 of plain" in text
    assert "measured (this machine): a look-up" in text
    assert text.index("simulated (virtual") < text.index("measured (this")


def test_everything_fits_80_columns(
    capsys: pytest.CaptureFixture[str],
) -> None:
    screen = Screen()
    screen.header(
        {"processor": "x" * 30, "cores": 2, "system": "Linux", "python": "3"},
        1,
        5,
    )
    screen.suite(RESULT)
    screen.warnings(["a long warning that goes on " * 8])
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80


def test_in_a_pipe_there_is_no_bar_and_no_escape_code(
    capsys: pytest.CaptureFixture[str],
) -> None:
    screen = Screen()
    with screen.progress() as bar:
        bar.phase("simulating", 3)
        bar.step()
        with bar.paused():
            screen.suite(RESULT)
    captured = capsys.readouterr()
    assert captured.err == ""
    assert "\x1b" not in captured.out


def test_without_warnings_there_is_no_block(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Screen().warnings([])
    assert capsys.readouterr().out == ""
