"""The live panel."""

from __future__ import annotations

import io

from rich.console import Console

from lesson.chapter import Event
from lesson.panel import render, replay

EVENTS = [Event(float(n), lane, ".") for n in range(200) for lane in "ab"]


def test_a_frame_shows_what_has_happened_until_then() -> None:
    frame = render(EVENTS, ["a", "b"], until=9.0, width=80).plain
    assert frame.splitlines() == [
        "  clock  9 s",
        "  a      ..........",
        "  b      ..........",
    ]


def test_a_frame_is_never_wider_than_the_screen() -> None:
    frame = render(EVENTS, ["a", "b"], until=199.0, width=40).plain
    assert max(map(len, frame.splitlines())) <= 40
    assert "<" in frame, "what is too old to be shown is marked"


def test_a_replay_ends_with_everything_shown() -> None:
    paper = io.StringIO()
    console = Console(file=paper, width=80, force_terminal=True)
    replay(console, EVENTS[:20], seconds=0.25)
    assert "9 s" in paper.getvalue()
    assert paper.getvalue().endswith("\x1b[?25h"), "the cursor is back"
