"""Concurrency: throughput against how many run at once, and the wait of one
request against the throughput. The knee is where more at once only wait.
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
from benchmark.results.metrics import (
    FAILED,
    MAKESPAN,
    P95,
    P99,
    THROUGHPUT,
    Metric,
)
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
    judged = [standing for standing in result.standings if standing.judged]
    enough = all(standing.has_samples_for(P99) for standing in judged)
    tail = P99 if enough else P95
    for standing in judged:
        point = _point(standing, result.requests, tail)
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
        "knee": knee and knee["at_once"][0],
        "tail": tail.name,
        "title": _title(line, knee, tail.name),
        "note": f"The knee: the fewest at once that reach {KNEE * 100:g} % of "
        "the highest throughput. Hollow: beyond it, where more at once only "
        "wait longer. A cross: some were refused, so the job is never done.",
    }


def draw(figure: Mapping[str, Any], caption: str) -> Drawn:
    """Throughput on the left; on the right, what it costs in waiting."""
    canvas_, (left, right) = canvas(2, height=5.0)
    knee = figure["knee"] or inf
    _draw_line(left, figure["line"], "at_once", "throughput", knee)
    _draw_line(right, figure["line"], "throughput", "wait", knee)
    _scale_at_once(left, figure["line"])
    if isfinite(knee):
        left.axvline(knee, color=GREY, linewidth=1, linestyle=":")
    _label_makespans(left, figure["line"])
    for point, look in zip(figure["beside"], _OTHERS, strict=False):
        _draw_level(left, point, look)
        _draw_beside(right, point, look)
    left.set_ylim(0, left.get_ylim()[1] * 1.05)
    _scale_wait(right, figure["tail"])
    _label_at_once(right, figure["line"], knee)
    return framed(canvas_, figure["title"], caption)


def _point(standing: Standing, requests: int, tail: Metric) -> dict[str, Any]:
    at_once = standing.strategy.senders or requests
    return {
        "name": standing.name,
        "at_once": [at_once] * 3,
        "throughput": _interval(standing, THROUGHPUT),
        "wait": _interval(standing, tail),
        "makespan": _interval(standing, MAKESPAN),
        "failed_percent": _interval(standing, FAILED)[0],
    }


def _first_make(result: SuiteResult) -> object:
    """The plain provider: what differs along the line is the senders."""
    return result.suite.strategies[0].make


def _interval(standing: Standing, metric: Metric) -> list[float]:
    """A value and its ends."""
    estimate = standing.figure(metric)
    if estimate is None:
        return [inf, inf, inf]
    return [estimate.value, estimate.low, estimate.high]


def _draw_line(
    axes: Axes, line: Sequence[Point], x: str, y: str, knee: float
) -> None:
    """Hollow where more at once bring nothing, a cross where some fail."""
    drawn = [point for point in line if isfinite(point[y][0])]
    axes.plot(
        [point[x][0] for point in drawn],
        [point[y][0] for point in drawn],
        color=_LINE.colour,
        linewidth=2,
        zorder=2,
    )
    for number, point in enumerate(drawn):
        look = BASELINE if number == 0 else _LINE
        full = point["at_once"][0] <= knee and not point["failed_percent"]
        _draw_marker(axes, point, x, y, look, full=full)


def _draw_marker(
    axes: Axes, point: Point, x: str, y: str, look: Look, *, full: bool
) -> None:
    """A point with its intervals."""
    (across, left, right), (value, low, high) = point[x], point[y]
    axes.errorbar(
        across,
        value,
        xerr=[[across - left], [right - across]],
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


def _scale_at_once(axes: Axes, line: Sequence[Point]) -> None:
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    ticks = [point["at_once"][0] for point in line]
    axes.set_xscale("log", base=2)
    axes.xaxis.set_major_locator(FixedLocator(ticks))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:g}"))
    axes.set_xlim(min(ticks) / 1.5, max(ticks) * 2.4)
    axes.set_xlabel("requests at once (log)")
    axes.set_ylabel("answers a second (higher is better)")
    axes.grid(axis="y", color="#eeeeee")


def _scale_wait(axes: Axes, tail: str) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 3)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())
    low, high = axes.get_ylim()
    axes.set_ylim(low / 1.6, high * 3)
    axes.set_xlim(0, axes.get_xlim()[1] * 1.15)
    axes.set_xlabel("answers a second (higher is better)")
    axes.set_ylabel(f"{tail} of one request (s, log; lower is better)")
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
            (point["at_once"][0], value),
            xytext=(10, -4) if rising else (24, -9) if failing else (0, 9),
            textcoords="offset points",
            size=8.5,
            color=INK,
            ha="left" if rising else "right" if failing else "center",
            va="center" if rising else "top" if failing else "bottom",
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6},
        )


def _label_at_once(axes: Axes, line: Sequence[Point], knee: float) -> None:
    """Beside each point, how many at once; at the top edge, who waits for
    ever.
    """
    _, top = axes.get_ylim()
    for number, point in enumerate(line):
        at_once, answers = point["at_once"][0], point["throughput"][0]
        text, wait = f"{at_once:,}", point["wait"][0]
        if number == len(line) - 1:
            text += " at once"
        if at_once == knee:
            text += ": the knee"
        if not isfinite(wait):
            wait, text = top, f"{text}: never"
            axes.plot(
                answers,
                wait,
                "X",
                markersize=10,
                markerfacecolor="white",
                markeredgecolor=_LINE.colour,
                markeredgewidth=1.6,
                clip_on=False,
            )
        below, left = (0, -10), (-10, 0)
        where = left if at_once > knee else below
        axes.annotate(
            text,
            (answers, wait),
            xytext=where,
            textcoords="offset points",
            size=8.5,
            ha="right" if where is left else "center",
            va="center" if where is left else "top",
        )


def _draw_level(axes: Axes, point: Point, look: Look) -> None:
    """A strategy without a number of its own, where all of them differ."""
    level = point["throughput"][0]
    if not isfinite(level):
        return
    axes.axhline(level, color=look.colour, linestyle=look.line, linewidth=1.5)
    axes.text(
        axes.get_xlim()[0] * 1.1,
        level,
        f"{point['name']}: {shown(point['makespan'][0])} s",
        color=look.colour,
        size=9,
        weight="bold",
        va="bottom",
    )


def _draw_beside(axes: Axes, point: Point, look: Look) -> None:
    """The same strategy, by what its throughput costs."""
    if not isfinite(point["wait"][0]):
        return
    _draw_marker(axes, point, "throughput", "wait", look, full=True)
    axes.annotate(
        f"{point['name']}: {shown(point['wait'][0])} s",
        (point["throughput"][0], point["wait"][0]),
        xytext=(-10, 0),
        textcoords="offset points",
        color=look.colour,
        size=9,
        weight="bold",
        ha="right",
        va="center",
    )


def _title(line: Sequence[Point], knee: Point | None, tail: str) -> str:
    if knee is None or len(line) < 2:
        return "Nothing could be judged"
    first, last = line[0], line[-1]
    title = (
        f"{knee['at_once'][0]} requests at once finish the job in "
        f"{shown(knee['makespan'][0])} s, one at a time takes "
        f"{shown(first['makespan'][0])} s; the price is a {tail} of "
        f"{shown(knee['wait'][0])} s instead of {shown(first['wait'][0])} s"
    )
    if last["failed_percent"]:
        refused = shown(last["failed_percent"], digits=2)
        title += f"; all at once, {refused} % are refused"
    return title
