"""How the lesson is written where, and for whom."""

from __future__ import annotations

import io
from math import inf

import pytest

from lesson.chapter import Clock, Outcome, Table
from lesson.screen import Screen
from lesson.source import Source
from lesson.state import Guess
from optimizations.monitoring.dashboard import View
from tests.lesson.book import step


class Paper(io.TextIOWrapper):
    """A file with an encoding, as a pipe or an old terminal has one."""

    def __init__(self, encoding: str) -> None:
        super().__init__(io.BytesIO(), encoding=encoding)

    @property
    def written(self) -> bytes:
        self.flush()
        assert isinstance(self.buffer, io.BytesIO)
        return self.buffer.getvalue()


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "latin-1", "utf-8"])
def test_every_encoding_can_write_the_lesson(encoding: str) -> None:
    paper = Paper(encoding)
    screen = Screen(file=paper)
    screen.say("less ≤ 3 µs → ∞ · … × 你")
    text = paper.written.decode(encoding)
    assert "less" in text
    assert "3" in text


def test_plain_output_is_ascii_that_still_says_it() -> None:
    paper = Paper("utf-8")
    screen = Screen(plain=True, file=paper)
    screen.say("less ≤ 3 µs → ∞ · …")
    assert paper.written == b"less <= 3 us -> inf - ...\n"


def test_nothing_written_to_a_pipe_ends_in_spaces() -> None:
    paper = io.StringIO()
    screen = Screen(file=paper, width=80)
    screen.outcome(Outcome(Table(["a", "b"], [["c", "d"]]), "so."))
    lines = paper.getvalue().splitlines()
    assert lines
    assert all(line == line.rstrip() for line in lines)


def test_the_width_of_a_pipe_can_be_chosen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    paper = io.StringIO()
    Screen(file=paper).say("word " * 40)
    assert max(map(len, paper.getvalue().splitlines())) <= 60


def test_a_pipe_is_not_lively() -> None:
    assert not Screen(file=io.StringIO()).lively


def test_source_beyond_the_lines_shown_is_counted() -> None:
    paper = io.StringIO()
    source = Source("a/b.py", 7, "f", "one\ntwo\nthree")
    Screen(file=paper, width=80).source(source, lines=2)
    assert "a/b.py:7 f (+1 lines)" in paper.getvalue()
    assert "three" not in paper.getvalue()


def test_source_can_begin_where_it_matters() -> None:
    paper = io.StringIO()
    source = Source("a/b.py", 7, "f", "def f():\n    one\n    two\n    three")
    Screen(file=paper, width=80).source(source, lines=2, begins="two")
    assert "(+2 lines)" in paper.getvalue()
    assert "  two\n  three" in paper.getvalue()
    assert "one" not in paper.getvalue()


def test_of_the_views_of_a_run_a_pipe_is_shown_the_last() -> None:
    paper = io.StringIO()
    views = [View("At noon"), View("At midnight")]
    outcome = Outcome(Table(["a"], [["b"]]), "so.", frames=views)
    Screen(file=paper, width=60).replay(step("x"), outcome)
    assert "AT MIDNIGHT" in paper.getvalue()
    assert "AT NOON" not in paper.getvalue()
    assert max(map(len, paper.getvalue().splitlines())) <= 60


@pytest.mark.parametrize(
    ("said", "measured", "text"),
    [
        (1.0, 1.01, "close."),
        (2.0, 1.0, "same size, 2.0x off."),
        (9.0, 1.0, "surprise, 9.0x off."),
        (0.0, 1.0, "surprise, a different kind of size."),
        (1.0, inf, "surprise, a different kind of size."),
    ],
)
def test_a_prediction_is_judged_in_words(
    said: float, measured: float, text: str
) -> None:
    paper = io.StringIO()
    Screen(file=paper, width=100).compare(Guess("?", "s", said, measured))
    assert text in paper.getvalue()


def test_the_clock_is_said_in_words() -> None:
    paper = io.StringIO()
    screen = Screen(file=paper)
    for clock in Clock:
        screen.clock(clock)
    assert "[simulated" in paper.getvalue()
    assert "[measured" in paper.getvalue()
