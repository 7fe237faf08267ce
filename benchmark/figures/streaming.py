"""Streaming: one row a request, as its reader lives through it. Waiting is
hollow, reading is full.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from benchmark.figures.style import (
    BASELINE,
    GREY,
    LOOKS,
    PALE,
    Drawn,
    canvas,
    framed,
)
from benchmark.intervals.digits import duration_shown
from benchmark.results.metrics import latency
from benchmark.results.standings import Standing, SuiteResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ROWS = 10
FIRST = latency(50, "first_seconds")
END = latency(50, "seconds")
_BLUE = LOOKS[0]


def data(result: SuiteResult) -> dict[str, Any]:
    """Ten requests of the first seed, from the quickest to the slowest."""
    whole, streamed = (s for s in result.standings)
    if not (whole.judged and streamed.judged):
        return {"rows": [], "title": "Nothing could be judged"}
    one, other = whole.runs[0], streamed.runs[0]
    order = sorted(range(one.requests), key=lambda i: one.seconds[i])
    step = (len(order) - 1) / (ROWS - 1)
    chosen = [order[round(step * row)] for row in range(ROWS)]
    return {
        "rows": [
            {
                "request": f"r{index}",
                "whole": one.seconds[index],
                "first": other.first_seconds[index],
                "half": other.half_seconds[index],
                "end": other.seconds[index],
            }
            for index in chosen
        ],
        "title": _title(whole, streamed),
        "note": f"Shown: {ROWS} requests of the first seed, from the quickest "
        "to the slowest.",
    }


def draw(figure: Mapping[str, Any], caption: str) -> Drawn:
    """Two bars a row: grey as a whole, blue streamed."""
    canvas_, [axes] = canvas(height=5.6)
    for row, request in enumerate(figure["rows"]):
        _draw_row(axes, row, request)
    axes.set_yticks(
        range(len(figure["rows"])),
        [request["request"] for request in figure["rows"]],
    )
    axes.tick_params(axis="y", length=0)
    axes.invert_yaxis()
    axes.set_xlim(0, None)
    axes.set_xlabel("seconds since the request was due (lower is better)")
    axes.set_ylabel("request")
    axes.grid(axis="x", color="#eeeeee")
    _legend(axes)
    return framed(canvas_, figure["title"], caption)


def _draw_row(axes: Axes, row: int, request: Mapping[str, Any]) -> None:
    above, below, height = row - 0.19, row + 0.19, 0.32
    axes.barh(
        above, request["whole"], height, color=PALE, edgecolor=GREY, lw=0.8
    )
    axes.plot(
        request["whole"], above, BASELINE.marker, color=GREY, markersize=7
    )
    first, half, end = request["first"], request["half"], request["end"]
    axes.barh(
        below,
        first,
        height,
        color="white",
        edgecolor=_BLUE.colour,
        hatch="////",
        lw=0.8,
    )
    axes.barh(
        below, end - first, height, left=first, color=_BLUE.colour, alpha=0.35
    )
    axes.plot(
        first, below, _BLUE.marker, color=_BLUE.colour, markersize=7, zorder=4
    )
    axes.plot(
        [half, half],
        [below - height / 2, below + height / 2],
        color=_BLUE.colour,
        linewidth=2,
    )


def _legend(axes: Axes) -> None:
    from matplotlib.patches import Patch

    handles = [
        Patch(facecolor=PALE, edgecolor=GREY, label="whole: waiting, blank"),
        *axes.plot(
            [], [], BASELINE.marker, color=GREY, label="whole: all of it"
        ),
        Patch(
            facecolor="white",
            edgecolor=_BLUE.colour,
            hatch="////",
            label="streamed: waiting",
        ),
        *axes.plot(
            [],
            [],
            _BLUE.marker,
            color=_BLUE.colour,
            label="streamed: first word",
        ),
        Patch(
            facecolor=_BLUE.colour, alpha=0.35, label="streamed: reading along"
        ),
        *axes.plot(
            [],
            [],
            "|",
            color=_BLUE.colour,
            markersize=11,
            markeredgewidth=2,
            label="streamed: half is there",
        ),
    ]
    axes.legend(
        handles=handles,
        loc="upper left",
        bbox_to_anchor=(1.01, 1),
        frameon=False,
        fontsize=9,
    )


def _title(whole: Standing, streamed: Standing) -> str:
    end = streamed.ratio(END)
    before, after = whole.figure(FIRST), streamed.figure(FIRST)
    if end is None or before is None or after is None:
        return "Nothing could be judged"
    tail = {
        "less": "and end sooner",
        "more": "but end later",
        "cannot tell": "and we cannot tell whether they end later",
    }.get(end.verdict, "and end at about the same time")
    return (
        "Streamed, half of the answers begin within "
        f"{duration_shown(after)} instead of {duration_shown(before)}, {tail} "
        "(lower is better)"
    )
