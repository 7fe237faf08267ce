"""The live panel: what happened on the virtual clock, at a readable pace.

A simulated hour takes a moment to compute; here it is played back within a few
seconds, the same on every machine. At most four redraws a second, never taller
than the screen, and the last frame stays in the scrollback.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from rich.console import Console, RenderableType
from rich.live import Live
from rich.text import Text

from lesson.chapter import Event

SECONDS = 4.0
REDRAWS_PER_SECOND = 4


def replay(
    console: Console, events: Sequence[Event], seconds: float = SECONDS
) -> None:
    """Show the events in their order, `seconds` for all of them."""
    count = round(seconds * REDRAWS_PER_SECOND)
    lanes = list(dict.fromkeys(event.lane for event in events))
    end = max((event.at for event in events), default=0.0)
    moments = (end * number / count for number in range(1, count + 1))
    play(console, [render(events, lanes, m, console.width) for m in moments])


def play(console: Console, frames: Sequence[RenderableType]) -> None:
    """Show one frame after the other, in place."""
    with Live(
        console=console, auto_refresh=False, vertical_overflow="crop"
    ) as live:
        for number, frame in enumerate(frames):
            if number:
                time.sleep(1 / REDRAWS_PER_SECOND)
            live.update(frame, refresh=True)


def render(
    events: Sequence[Event], lanes: Sequence[str], until: float, width: int
) -> Text:
    """One frame: a line for each lane, the newest marks at its end."""
    label = max(map(len, (*lanes, "clock")))
    room = max(width - label - 4, 10)
    lines = [f"  {'clock':<{label}}  {until:.0f} s"]
    for lane in lanes:
        marks = "".join(
            event.mark
            for event in events
            if event.lane == lane and event.at <= until
        )
        shown = marks if len(marks) <= room else "<" + marks[1 - room :]
        lines.append(f"  {lane:<{label}}  {shown}")
    return Text("\n".join(lines), no_wrap=True, overflow="crop")
