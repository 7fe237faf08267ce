"""Concurrency: throughput, and the wait of one request, against how many run
at once. The knee is where the first stops rising and the second begins to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf, isfinite
from typing import TYPE_CHECKING, Any

from benchmark.figures.style import (
    BASELINE,
    GREY,
    INK,
    LOOKS,
    Drawn,
    Look,
    canvas,
    framed,
)
from benchmark.intervals.digits import shown
from benchmark.results.metrics import FAILED, MAKESPAN, P95, THROUGHPUT, Metric
from benchmark.results.standings import Standing, SuiteResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes

KNEE = 0.95  # of the throughput of all points that never fail
_LINE, *_OTHERS = LOOKS

Point = Mapping[str, Any]


def data(result: SuiteResult) -> dict[str, Any]:
    """What is drawn, as plain values: a line, and strategies beside it."""
    line: list[Point] = []
    beside: list[Point] = []
    for standing in result.standings:
        if standing.judged:
            point = _point(standing, result.requests)
            on_line = standing.strategy.make is _first_make(result)
            (line if on_line else beside).append(point)
    line.sort(key=lambda point: point["at_once"])
    sound = [p["throughput"][0] for p in line if not p["failed_percent"]]
    knee = next(
        (p for p in line if p["throughput"][0] >= KNEE * max(sound)), None
    )
    return {
        "line": line,
        "beside": beside,
        "knee": knee and knee["at_once"],
        "title": _title(line, knee),
        "note": f"The knee: the fewest at once that reach {KNEE * 100:g} % of "
        "the highest throughput. Hollow: beyond it, where more at once only "
        "wait longer. A cross: some were refused, so the job is never done.",
    }


def draw(figure: Mapping[str, Any], caption: str) -> Drawn:
    """Throughput on the left, the wait on the right."""
    canvas_, (left, right) = canvas(2, height=5.0)
    knee = figure["knee"] or inf
    for axes, what in ((left, "throughput"), (right, "wait_p95")):
        _draw_line(axes, figure["line"], what, knee)
        _scale(axes, figure["line"])
        if isfinite(knee):
            axes.axvline(knee, color=GREY, linewidth=1, linestyle=":")
    _label_makespans(left, figure["line"])
    for point, look in zip(figure["beside"], _OTHERS, strict=False):
        job = f"done in {shown(point['makespan'][0])} s"
        wait = f"p95 {shown(point['wait_p95'][0])} s"
        _draw_beside(left, point, "throughput", job, look)
        _draw_beside(right, point, "wait_p95", wait, look)
    left.set_ylim(0, left.get_ylim()[1] * 1.05)
    left.set_ylabel("answers a second (higher is better)")
    right.set_ylim(0, right.get_ylim()[1] * 1.12)
    right.set_ylabel("p95 of one request (s; lower is better)")
    _draw_unended(right, figure["line"])
    if isfinite(knee):
        top = right.get_ylim()[1]
        right.text(knee * 0.9, top, "the knee", ha="right", va="top", size=9)
    return framed(canvas_, figure["title"], caption)


def _point(standing: Standing, requests: int) -> dict[str, Any]:
    return {
        "name": standing.name,
        "at_once": standing.strategy.senders or requests,
        "throughput": _interval(standing, THROUGHPUT),
        "wait_p95": _interval(standing, P95),
        "makespan": _interval(standing, MAKESPAN),
        "failed_percent": _interval(standing, FAILED)[0],
    }


def _first_make(result: SuiteResult) -> object:
    """The plain provider: what differs along the line is the senders."""
    return result.suite.strategies[0].make


def _interval(standing: Standing, metric: Metric) -> tuple[float, ...]:
    estimate = standing.figure(metric)
    if estimate is None:
        return (inf, inf, inf)
    return (estimate.value, estimate.low, estimate.high)


def _draw_line(
    axes: Axes, line: Sequence[Point], what: str, knee: float
) -> None:
    """Hollow where more at once bring nothing, a cross where some fail."""
    drawn = [point for point in line if isfinite(point[what][0])]
    axes.plot(
        [point["at_once"] for point in drawn],
        [point[what][0] for point in drawn],
        color=_LINE.colour,
        linewidth=2,
        zorder=2,
    )
    for number, point in enumerate(drawn):
        value, low, high = point[what]
        look = BASELINE if number == 0 else _LINE
        full = point["at_once"] <= knee and not point["failed_percent"]
        axes.errorbar(
            point["at_once"],
            value,
            yerr=[[value - low], [high - value]],
            marker="X" if point["failed_percent"] else look.marker,
            markersize=9,
            color=look.colour,
            markerfacecolor=look.colour if full else "white",
            markeredgecolor=look.colour,
            markeredgewidth=1.6,
            capsize=3,
            zorder=3,
        )


def _scale(axes: Axes, line: Sequence[Point]) -> None:
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    ticks = [point["at_once"] for point in line]
    axes.set_xscale("log", base=2)
    axes.xaxis.set_major_locator(FixedLocator(ticks))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:g}"))
    axes.set_xlim(min(ticks) / 1.5, max(ticks) * 2.4)
    axes.set_xlabel("requests at once (log)")
    axes.grid(axis="y", color="#eeeeee")


def _label_makespans(axes: Axes, line: Sequence[Point]) -> None:
    """Beside each point, after how long the whole job was done: below the
    line where it rises, above it where it is flat.
    """
    for number, point in enumerate(line):
        value = point["throughput"][0]
        after = line[min(number + 1, len(line) - 1)]["throughput"][0]
        rising = after > 1.05 * value
        failing = point["failed_percent"]
        text = f"{shown(point['makespan'][0])} s"
        if failing:
            text = f"never: {shown(failing, digits=2)} % refused"
        axes.annotate(
            text if number else f"done in {text}",
            (point["at_once"], value),
            xytext=(10, -4) if rising else (24, -9) if failing else (0, 9),
            textcoords="offset points",
            size=8.5,
            color=INK,
            ha="left" if rising else "right" if failing else "center",
            va="center" if rising else "top" if failing else "bottom",
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6},
        )


def _draw_unended(axes: Axes, line: Sequence[Point]) -> None:
    """A wait without end stands at the top edge."""
    top = axes.get_ylim()[1]
    for point in line:
        if not isfinite(point["wait_p95"][0]):
            x = point["at_once"]
            axes.plot(
                x,
                top,
                "X",
                markersize=10,
                markerfacecolor="white",
                markeredgecolor=_LINE.colour,
                markeredgewidth=1.6,
                clip_on=False,
            )
            axes.text(x, top * 0.96, "never", size=9, ha="center", va="top")


def _draw_beside(
    axes: Axes, point: Point, what: str, says: str, look: Look
) -> None:
    """A strategy without a number of its own: a level in both panels, so that
    who is first in one is seen to pay in the other.
    """
    level = point[what][0]
    if not isfinite(level):
        return
    axes.axhline(level, color=look.colour, linestyle=look.line, linewidth=1.5)
    axes.text(
        axes.get_xlim()[0] * 1.1,
        level,
        f"{point['name']}: {says}",
        color=look.colour,
        size=9,
        weight="bold",
        va="bottom",
    )


def _title(line: Sequence[Point], knee: Point | None) -> str:
    if knee is None or len(line) < 2:
        return "Nothing could be judged"
    first, last = line[0], line[-1]
    title = (
        f"{knee['at_once']} requests at once finish the job in "
        f"{shown(knee['makespan'][0])} s, one at a time takes "
        f"{shown(first['makespan'][0])} s; the price is a p95 of "
        f"{shown(knee['wait_p95'][0])} s instead of "
        f"{shown(first['wait_p95'][0])} s"
    )
    if last["failed_percent"]:
        refused = shown(last["failed_percent"], digits=2)
        title += f"; all at once, {refused} % are refused"
    return title
