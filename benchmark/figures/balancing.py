"""Balancing: cumulative latency under each policy, a panel for each situation.
A curve that does not reach the top is a policy under which requests fail.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from benchmark.figures.cumulative import cumulative, curve, marked
from benchmark.figures.style import (
    BASELINE,
    LOOKS,
    Drawn,
    Look,
    canvas,
    framed,
)
from benchmark.intervals.digits import duration_shown, shown
from benchmark.results.metrics import FAILED, P95
from benchmark.results.standings import Standing, SuiteResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLUMNS = 2
LEFT_SECONDS = 0.5
LABEL_HEIGHT = 7.0  # in % of the axis


def data(result: SuiteResult) -> dict[str, Any]:
    """What is drawn, as plain values."""
    panels: dict[str, dict[str, Any]] = {}
    for standing in result.standings:
        if standing.judged:
            panel = panels.setdefault(standing.strategy.group, {})
            panel[standing.name] = {
                "curve": curve(standing.pool.seconds),
                "failed_percent": _failed(standing),
            }
    return {
        "panels": panels,
        "situations": dict(result.suite.situations),
        "percentiles": marked(result.requests),
        "title": _title(result),
        "note": _note(result),
    }


def _note(result: SuiteResult) -> str:
    """Why the title says "never" of a curve that reaches the top."""
    growing = [
        standing.name
        for standing in result.standings
        if standing.judged and standing.still_growing
    ]
    if not growing:
        return ""
    names = " and ".join(dict.fromkeys(growing))
    return (
        f"The queue of {names} still grew at the end: its tail is only as "
        "long as the run was, so read it as never."
    )


def draw(figure: Mapping[str, Any], caption: str) -> Drawn:
    """One panel a situation, two in a row, the same axes."""
    panels, percentiles = figure["panels"], figure["percentiles"]
    names = dict.fromkeys(name for panel in panels.values() for name in panel)
    look = dict(zip(names, (BASELINE, *LOOKS), strict=False))
    columns = min(COLUMNS, max(len(panels), 1))
    rows = math.ceil(max(len(panels), 1) / columns)
    canvas_, axes = canvas(
        columns, rows=rows, height=1.4 + 3.5 * rows, sharey=True
    )
    longest = max(
        (
            line["curve"][-1][0]
            for panel in panels.values()
            for line in panel.values()
            if line["curve"]
        ),
        default=1.0,
    )
    for ax, (situation, panel) in zip(axes, panels.items(), strict=False):
        curves = {name: line["curve"] for name, line in panel.items()}
        cumulative(
            ax,
            curves,
            look,
            left=LEFT_SECONDS,
            right=longest * 1.2,
            percentiles=percentiles,
        )
        about = figure["situations"].get(situation, "")
        ax.set_title(f"{situation}\n{about}".strip(), loc="left", size=10)
        _label(ax, panel, look, longest)
    for ax in axes[len(panels) :]:
        ax.set_visible(False)
    for ax in axes[::columns]:
        ax.set_ylabel("% of the requests answered by then")
    for ax in axes[-columns:]:
        ax.set_xlabel(
            "time until the answer is there (log; lower is better)\n"
            f"marked: {', '.join(f'p{p}' for p in percentiles)}"
        )
    return framed(canvas_, figure["title"], caption)


def _label(
    axes: Axes,
    panel: Mapping[str, Any],
    look: Mapping[str, Look],
    longest: float,
) -> None:
    """Names in the empty space beside the curves, the worst lowest; failures
    beside them.
    """
    rows = sorted(panel, key=lambda name: _reach(panel[name]))
    lowest = _room(panel, len(rows) * LABEL_HEIGHT)
    for row, name in enumerate(rows):
        height = lowest + (row + 0.5) * LABEL_HEIGHT
        failed = panel[name]["failed_percent"]
        text = f"{name}: {shown(failed, digits=2)} % fail" if failed else name
        axes.plot(
            [longest * 1.05],
            [height],
            marker=look[name].marker,
            color=look[name].colour,
            markersize=6,
            clip_on=False,
        )
        axes.text(
            longest * 0.78,
            height,
            text,
            color=look[name].colour,
            size=9.5,
            weight="bold",
            ha="right",
            va="center",
        )


def _room(panel: Mapping[str, Any], height: float) -> float:
    """Where a block of labels fits between the ends of the curves."""
    ends = sorted(100 - line["failed_percent"] for line in panel.values())
    floor = 3.0
    for end in ends:
        if end - floor >= height + 2:
            break
        floor = end + 3.0
    return floor


def _reach(line: Mapping[str, Any]) -> tuple[float, float]:
    """The worst first: fewest answered, then latest."""
    points = line["curve"]
    late = next((s for s, share in points if share >= 0.95), float("inf"))
    return -line["failed_percent"], -late


def _failed(standing: Standing) -> float:
    estimate = standing.figure(FAILED)
    return estimate.value if estimate else 0.0


def _title(result: SuiteResult) -> str:
    """From the situation with the slow replica, if it is there."""
    rivals = [
        s
        for s in result.standings
        if s.judged and s.baseline and s.strategy.group == "one is slow"
    ]
    figures = {s.name: f for s in rivals if (f := s.figure(P95)) is not None}
    if not figures:
        return "No policy could be judged"
    best = min(rivals, key=lambda s: figures[s.name].value)
    baseline = best.baseline
    before = baseline.figure(P95) if baseline else None
    if baseline is None or before is None:
        return "No policy could be judged"
    return (
        f"With one slow replica, {best.name} answers 95 % within "
        f"{_within(best)}, {baseline.name} {_within(baseline)} (lower is "
        "better)"
    )


def _within(standing: Standing) -> str:
    """Whose queue only grows has no such time: it is as long as the run."""
    figure = standing.figure(P95)
    if figure is None or standing.still_growing:
        return "never: its queue only grows"
    return duration_shown(figure)
