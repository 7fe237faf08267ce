"""The live panel."""

from __future__ import annotations

import io

from rich.console import Console

from lesson.chapter import Event
from lesson.panel import render, replay, thinned

EVENTS = [Event(float(n), lane, ".") for n in range(200) for lane in "ab"]


def test_a_frame_shows_what_has_happened_until_then() -> None:
    frame = render(EVENTS, until=99.5, width=49).plain
    assert frame.splitlines() == [
        "  clock  100 s",
        "  a      " + 20 * ".",
        "  b      " + 20 * ".",
    ]


def test_a_frame_is_never_wider_than_the_screen() -> None:
    frame = render(EVENTS, until=199.0, width=40).plain
    assert max(map(len, frame.splitlines())) == 40


def test_a_pause_is_a_gap() -> None:
    """The lane of a load test that had stopped once showed no gap: its marks
    were put one beside the other.
    """
    events = [
        Event(at, lane, lane)
        for lane, times in {"a": [30, 31, 39], "b": range(30, 40)}.items()
        for at in times
    ]
    lines = render(events, until=40, width=19).plain.splitlines()
    assert lines[1:] == ["  a      aa       a", "  b      bbbbbbbbbb"]


def test_of_several_marks_in_a_column_the_latest_is_shown() -> None:
    events = [Event(9, "a", "."), Event(0.2, "a", "x"), Event(0.1, "a", "y")]
    frame = render(events, until=9, width=19).plain
    assert frame.splitlines()[1] == "  a      x        ."


def test_a_replay_is_over_soon_however_much_there_is_to_play() -> None:
    """It took ten seconds, and could not be skipped."""
    paper = io.StringIO()
    console = Console(file=paper, width=80, force_terminal=True)
    replay(console, EVENTS[:20], seconds=0)
    assert paper.getvalue().count("clock") <= 2  # once more at its end
    assert len(thinned([str(n) for n in range(100)])) <= 12
    assert thinned(["1", "2", "3"]) == ["1", "2", "3"]
    assert thinned([str(n) for n in range(41)])[-1] == "40"


def test_a_replay_ends_with_everything_shown() -> None:
    paper = io.StringIO()
    console = Console(file=paper, width=80, force_terminal=True)
    replay(console, EVENTS[:20], seconds=0.25)
    assert "9 s" in paper.getvalue()
    assert paper.getvalue().endswith("\x1b[?25h"), "the cursor is back"
