"""History: what the last runs on this machine measured, as times the median of
the earlier ones, so that all fits one scale. A point is a run, its bar the
95 % interval of the median of its rounds, where there were rounds enough for
one. A ring marks the newest run where its interval lies wholly outside all
that the earlier runs had.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from statistics import median
from typing import TYPE_CHECKING, Any

from benchmark.figures.style import (
    INK,
    PALE,
    Drawn,
    Look,
    canvas,
    framed,
    looks,
)
from optimizations.monitoring.history import Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LAST = 20  # runs
COLUMNS = 2

Points = Sequence[Sequence[float]]
"""Of each run: its number, the value, and its interval if it has one."""
LINEAR_UP_TO = 1.5  # times; beyond that the axis is logarithmic


def data(runs: Sequence[Run]) -> dict[str, Any] | None:
    """Runs of one label, oldest first; None where there is nothing to compare.
    A panel for each suite, a line for each measured figure.
    """
    runs = runs[-LAST:]
    panels: dict[str, dict[str, list[list[float]]]] = {}
    for name in runs[-1].figures if len(runs) > 1 else ():
        suite, kind, *rest = name.split("/")
        if kind == "measured" and len(rest) == 2:
            points = _points(name, runs)
            if len(points) > 1:
                panels.setdefault(suite, {})[", ".join(rest)] = points
    if not panels:
        return None
    days = [datetime.fromtimestamp(run.at, UTC).date() for run in runs]
    return {
        "panels": panels,
        "runs": len(runs),
        "title": _title(panels, len(runs)),
        "caption": f"Measured (this machine): {len(runs)} runs of the same "
        f"size, from {days[0]} to {days[-1]}; medians as times the median "
        "of the earlier runs. Bars are 95 % intervals, where there were "
        "rounds enough for one. Ring: the newest interval lies wholly outside "
        "all earlier ones.",
    }


def _points(name: str, runs: Sequence[Run]) -> list[list[float]]:
    had = [(n, r) for n, r in enumerate(runs, start=1) if name in r.figures]
    values = [run.figures[name] for _, run in had]
    usual = median(values[:-1]) if len(values) > 1 else 0.0
    if not usual > 0:
        return []
    return [
        [number, value / usual]
        + [
            run.figures[f"{name}/{end}"] / usual
            for end in ("low", "high")
            if {f"{name}/low", f"{name}/high"} <= run.figures.keys()
        ]
        for (number, run), value in zip(had, values, strict=True)
    ]


def draw(figure: Mapping[str, Any], caption: str) -> Drawn:
    """Two panels in a row."""
    panels = figure["panels"]
    columns = min(COLUMNS, len(panels))
    rows = -(-len(panels) // columns)
    canvas_, axes = canvas(
        columns, rows=rows, height=1.4 + 2.4 * rows, sharey=True
    )
    for ax, (name, lines) in zip(axes, panels.items(), strict=False):
        _draw_lines(ax, lines)
        ax.axhline(1, color=PALE, zorder=1)
        ax.set_title(name, loc="left", size=11)
        ax.set_xticks(range(1, figure["runs"] + 1))
        ax.grid(axis="y", color="#eeeeee")
        ax.legend(
            loc="upper left",
            bbox_to_anchor=(1.0, 1.05),
            frameon=False,
            fontsize=8,
        )
    _scale(axes[0], panels)
    for ax in axes[::columns]:
        ax.set_ylabel("× earlier median\n(lower is better)")
    for ax in axes[: len(panels)]:
        ax.set_xlabel("run")
    for ax in axes[len(panels) :]:
        ax.set_visible(False)
    return framed(canvas_, figure["title"], caption)


def _scale(axes: Axes, panels: Mapping[str, Mapping[str, Points]]) -> None:
    """Room above and below, and ticks even where all runs are alike."""
    from matplotlib.ticker import LogLocator, NullLocator

    values = [
        value
        for panel in panels.values()
        for points in panel.values()
        for _, *drawn in points
        for value in drawn
        if value > 0
    ]
    low, high = min([*values, 0.95]), max([*values, 1.05])
    if high <= LINEAR_UP_TO * low:
        room = (high - low) / 8
        axes.set_ylim(low - room, high + room)
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:.3g}")
        return
    axes.set_ylim(low / 1.2, high * 1.2)
    axes.set_yscale("log")
    ticks = LogLocator(subs=(1.0, 1.2, 1.5, 2.0, 3.0, 5.0, 7.0))
    axes.yaxis.set_major_locator(ticks)
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")


def _draw_lines(axes: Axes, lines: Mapping[str, Points]) -> None:
    """What is the same in each run would lie one upon the other."""
    merged: dict[str, tuple[str, Points]] = {}
    for operation, points in lines.items():
        names, _ = merged.get(str(points), ("", points))
        together = f"{names}\n{operation}".strip()
        merged[str(points)] = together, points
    look = looks([names for names, _ in merged.values()])
    for names, points in merged.values():
        _draw_line(axes, points, look[names], names)


def _draw_line(axes: Axes, points: Points, look: Look, name: str) -> None:
    numbers, values = zip(*(point[:2] for point in points), strict=True)
    lows, highs = zip(*(_ends(point) for point in points), strict=True)
    axes.errorbar(
        numbers,
        values,
        yerr=[
            [max(v - low, 0.0) for v, low in zip(values, lows, strict=True)],
            [max(h - v, 0.0) for v, h in zip(values, highs, strict=True)],
        ],
        color=look.colour,
        linestyle=look.line,
        marker=look.marker,
        markersize=5,
        linewidth=1.2,
        capsize=2,
        label=name,
    )
    if moved(points):
        axes.plot(
            numbers[-1],
            values[-1],
            "o",
            markersize=13,
            markerfacecolor="none",
            markeredgecolor=INK,
        )


def moved(points: Points) -> bool:
    """Whether the newest interval lies wholly outside all earlier ones."""
    if len(points) < 2 or any(len(point) < 4 for point in points):
        return False
    *earlier, (_, _, low, high) = points
    return low > max(point[3] for point in earlier) or high < min(
        point[2] for point in earlier
    )


def _ends(point: Sequence[float]) -> tuple[float, float]:
    """Of its bar; where it has no interval, of none."""
    _, value, *interval = point
    return (interval[0], interval[1]) if interval else (value, value)


def _title(panels: Mapping[str, Mapping[str, Points]], runs: int) -> str:
    lines = [points for panel in panels.values() for points in panel.values()]
    steps = sum(moved(points) for points in lines)
    return (
        f"With the last of {runs} runs here, {steps} of {len(lines)} measured "
        "figures left the range of the earlier ones (lower is better)"
    )
