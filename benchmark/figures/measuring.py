"""Measuring: each request of the same stall, as a closed loop notes it and as
an open loop does.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import TYPE_CHECKING, Any

from benchmark.figures.style import GREY, LOOKS, Drawn, Look, canvas, framed
from benchmark.intervals.digits import duration_shown
from benchmark.results.metrics import (
    P95,
    P95_AS_SENT,
    P99,
    P99_AS_SENT,
    Metric,
)
from benchmark.results.standings import Standing, SuiteResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BEFORE_SECONDS, AFTER_SECONDS = 2.0, 4.0  # shown, around the worst request
_AS_SENT, _AS_DUE = LOOKS[1], LOOKS[0]


def data(result: SuiteResult) -> dict[str, Any]:
    """The requests around the stall, in the first seed."""
    closed, opened = result.standings
    if not (closed.figure(P95) and opened.figure(P95)):
        return {"panels": [], "title": "Nothing could be judged"}
    due, seconds = closed.runs[0].due_seconds, closed.runs[0].seconds
    stall = due[max(range(len(seconds)), key=seconds.__getitem__)]
    window = (stall - BEFORE_SECONDS, stall + AFTER_SECONDS)
    tail = (P99_AS_SENT, P99)
    if not closed.has_samples_for(P99):
        tail = (P95_AS_SENT, P95)
    return {
        "panels": [_panel(closed, window, tail), _panel(opened, window, tail)],
        "title": _title(closed, opened, tail),
        "note": "Shown: the requests around the stall, in the first seed.",
    }


def draw(figure: Mapping[str, Any], caption: str) -> Drawn:
    """The closed loop on the left, the open one on the right."""
    canvas_, axes = canvas(2, height=4.6, sharey=True)
    highest = max((max(p["as_due"]) for p in figure["panels"]), default=1.0)
    for ax, panel in zip(axes, figure["panels"], strict=False):
        late = panel["as_sent"] != panel["as_due"]
        _dots(ax, panel, "as_due", _AS_DUE, hollow=late)
        if late:
            _dots(ax, panel, "as_sent", _AS_SENT, hollow=False)
        ax.set_title(f"{panel['name']}: {panel['says']}", loc="left", size=11)
        ax.set_xlabel("seconds into the test, when the request was due")
        ax.grid(axis="y", color="#eeeeee")
        ax.legend(loc="upper right", frameon=False, fontsize=9)
    axes[0].set_ylim(-0.03 * highest, 1.3 * highest)  # room for legends
    axes[0].set_ylabel("latency (s; lower is better)")
    return framed(canvas_, figure["title"], caption)


def _panel(
    standing: Standing,
    window: tuple[float, float],
    tail: tuple[Metric, Metric],
) -> dict[str, Any]:
    run = standing.runs[0]
    shown = [
        index
        for index, due in enumerate(run.due_seconds)
        if window[0] <= due < window[1] and isfinite(run.seconds[index])
    ]
    as_sent, as_due = (standing.figure(metric) for metric in tail)
    if as_sent is None or as_due is None:
        return {}
    says = f"{tail[1].name} is {duration_shown(as_due)}"
    if str(as_sent) != str(as_due):
        says = f"it reports {tail[1].name} {duration_shown(as_sent)}"
    return {
        "name": standing.name,
        "says": says,
        "due": [run.due_seconds[index] for index in shown],
        "as_sent": [round(run.as_sent_seconds[index], 9) for index in shown],
        "as_due": [round(run.seconds[index], 9) for index in shown],
    }


def _dots(
    axes: Axes, panel: Mapping[str, Any], column: str, look: Look, hollow: bool
) -> None:
    what = {"as_sent": "when it was sent", "as_due": "when it was due"}
    axes.plot(
        panel["due"],
        panel[column],
        linestyle="",
        marker=look.marker,
        markersize=5,
        color=GREY if hollow else look.colour,
        markerfacecolor="none" if hollow else look.colour,
        label=f"from {what[column]}"
        + (", which it does not see" if hollow else ""),
        zorder=2 if hollow else 3,
    )


def _title(
    closed: Standing, opened: Standing, tail: tuple[Metric, Metric]
) -> str:
    seen, true = closed.figure(tail[0]), opened.figure(tail[1])
    if seen is None or true is None:
        return "Nothing could be judged"
    return (
        f"A closed loop hides the stall: it reports a {tail[1].name} of "
        f"{duration_shown(seen)}; the truth, which an open loop sees, is "
        f"{duration_shown(true)} (lower is better)"
    )
