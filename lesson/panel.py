"""The live panel: what happened on the virtual clock, at a readable pace.

A simulated hour takes a moment to compute; here it is played back within a few
seconds, the same on every machine. Time runs from left to right, the whole of
it in one line. At most four redraws a second, never taller than the screen,
and the last frame stays in the scrollback.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from rich.console import Console, RenderableType
from rich.live import Live
from rich.text import Text

from lesson.chapter import Event

SECONDS = 3.0
REDRAWS_PER_SECOND = 4


def replay(
    console: Console, events: Sequence[Event], seconds: float = SECONDS
) -> None:
    """Show the events in their order, `seconds` for all of them; with 0, all
    at once.
    """
    count = max(round(seconds * REDRAWS_PER_SECOND), 1)
    begin, end = _span(events)
    moments = (begin + (end - begin) * n / count for n in range(1, count + 1))
    play(console, [render(events, m, console.width) for m in moments])


def play(console: Console, frames: Sequence[RenderableType]) -> None:
    """Show one frame after the other, in place."""
    with Live(
        console=console, auto_refresh=False, vertical_overflow="crop"
    ) as live:
        for number, frame in enumerate(thinned(frames)):
            if number:
                time.sleep(1 / REDRAWS_PER_SECOND)
            live.update(frame, refresh=True)


def thinned(frames: Sequence[RenderableType]) -> Sequence[RenderableType]:
    """Of more frames than there is time for, some; always the last."""
    most = round(SECONDS * REDRAWS_PER_SECOND)
    every = -(-len(frames) // most) or 1
    return frames[::-every][::-1]


def render(events: Sequence[Event], until: float, width: int) -> Text:
    """One frame: a lane of marks each, from the first event on the left to
    the last on the right, so that a pause is a gap. Of several marks in one
    column the latest is shown.
    """
    begin, end = _span(events)
    label = max((len(event.lane) for event in events), default=0)
    label = max(label, len("clock"))
    room = max(width - label - 4, 10)
    lanes = {event.lane: [" "] * room for event in events}
    for event in sorted(events, key=lambda event: event.at):
        if event.at <= until:
            share = (event.at - begin) / ((end - begin) or 1)
            lanes[event.lane][int(share * (room - 1))] = event.mark
    lines = [f"  {'clock':<{label}}  {until:.0f} s"]
    for lane, marks in lanes.items():
        lines.append(f"  {lane:<{label}}  {''.join(marks)}".rstrip())
    return Text("\n".join(lines), no_wrap=True, overflow="crop")


def _span(events: Sequence[Event]) -> tuple[float, float]:
    times = [event.at for event in events]
    return min(times, default=0.0), max(times, default=0.0)
