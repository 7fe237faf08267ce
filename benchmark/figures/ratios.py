"""All strategies in one picture: how many times its baseline's figure each one
has, with its 95 % interval, on a logarithmic axis. Where the interval crosses
1, we cannot tell, and the mark is hollow; where it lies within one percent of
1, the two are as good as the same, and the mark is grey.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from math import inf
from typing import TYPE_CHECKING, Any

from benchmark.figures.style import (
    GREY,
    INK,
    LOOKS,
    Drawn,
    Look,
    canvas,
    framed,
)
from benchmark.results.metrics import Metric
from benchmark.results.standings import Standing, SuiteResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_TYPICAL, _TAIL = LOOKS[0], LOOKS[1]
ROW_INCHES = 0.2
INSET = 0.012  # of the axis, from its edge to an arrow


def data(results: Sequence[SuiteResult]) -> dict[str, Any] | None:
    """A block of rows for each situation of each suite that has ratios."""
    blocks = [block for result in results for block in _blocks(result)]
    rows = [row for block in blocks for row in block["rows"]]
    if not rows:
        return None
    seeds = min(result.seeds for result in results)
    sizes = sorted({result.requests for result in results})
    ends = dict.fromkeys((sizes[0], sizes[-1]))
    requests = " to ".join(f"{size:,}" for size in ends)
    return {
        "blocks": blocks,
        "title": _title(blocks),
        "caption": f"Simulated (virtual clock): {seeds} seeds of {requests} "
        "requests; ratios paired seed by seed, and their 95 % interval. "
        "Hollow: the interval crosses 1, so we cannot tell (unclear). Grey: "
        "it lies within one percent of 1 (alike). An arrow: one of the two "
        "never ended.",
    }


def draw(figure: Mapping[str, Any], caption: str) -> Drawn:
    """One row a strategy: a square for the typical request, a triangle for
    the tail.
    """
    blocks = figure["blocks"]
    rows = sum(len(block["rows"]) + 1.6 for block in blocks)
    canvas_, [axes] = canvas(height=1.5 + ROW_INCHES * rows)
    left, right = _limits(blocks)
    _scale(axes, left, right)
    axes.axvline(1, color=GREY, linewidth=1.2, zorder=1)
    heights, names, row = [], [], 0.0
    for block in blocks:
        _head(axes, block, left, row)
        for number, strategy in enumerate(block["rows"], start=1):
            heights.append(row + number)
            names.append(strategy["name"])
            for which, look, offset in _MARKS:
                if mark := strategy[which]:
                    height = row + number + offset
                    _draw_mark(axes, mark, look, height, (left, right))
        row += len(block["rows"]) + 1.6
    axes.set_yticks(heights, names)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.set_ylim(row - 0.4, -0.7)
    return framed(canvas_, figure["title"], caption)


_MARKS = (("typical", _TYPICAL, -0.16), ("tail", _TAIL, 0.16))


def _blocks(result: SuiteResult) -> Iterator[dict[str, Any]]:
    metrics = [
        m for m in result.suite.ratios if m.samples_needed <= result.requests
    ]
    if not metrics:
        return
    typical, tail = metrics[0], metrics[-1]
    groups: dict[str, list[Standing]] = {}
    for standing in result.standings:
        if standing.judged and standing.baseline is not None:
            groups.setdefault(standing.strategy.group, []).append(standing)
    for group, standings in groups.items():
        baseline = standings[0].baseline
        situation = f"{result.suite.name}, {group}" if group else ""
        yield {
            "situation": situation or result.suite.name,
            "baseline": baseline.name if baseline else "",
            "typical": typical.name,
            "tail": tail.name if tail is not typical else "",
            "rows": [
                {
                    "name": standing.name,
                    "typical": _mark(standing, typical),
                    "tail": _mark(standing, tail)
                    if tail is not typical
                    else {},
                }
                for standing in standings
            ],
        }


def _mark(standing: Standing, metric: Metric) -> dict[str, Any]:
    """Nothing, where there is no ratio."""
    comparison = standing.ratio(metric)
    if comparison is None:
        return {}
    ratio = comparison.ratio
    return {
        "verdict": comparison.verdict,
        "ratio": [ratio.value, ratio.low, ratio.high],
    }


def _draw_mark(
    axes: Axes,
    mark: Mapping[str, Any],
    look: Look,
    height: float,
    limits: tuple[float, float],
) -> None:
    """A ratio of 0, or without end, is an arrow at the edge: one of the two
    never ended.
    """
    value, low, high = mark["ratio"]
    sure = mark["verdict"] != "cannot tell"
    colour = GREY if mark["verdict"] in ("alike", "same") else look.colour
    marker = look.marker
    if low > 0 and high < inf:
        axes.plot([low, high], [height] * 2, color=colour, linewidth=1.6)
    elif sure:
        less = mark["verdict"] == "less"
        marker = "<" if less else ">"
        inset = (limits[1] / limits[0]) ** INSET  # clear of the names
        value = limits[0] * inset if less else limits[1] / inset
    else:
        return
    axes.plot(
        value,
        height,
        marker=marker,
        color=colour,
        markerfacecolor=colour if sure else "white",
        markersize=5.5,
        clip_on=False,
        zorder=3,
    )


def _head(
    axes: Axes, block: Mapping[str, Any], left: float, row: float
) -> None:
    marks = f"■ {block['typical']}"
    if block["tail"]:
        marks += f", ▲ {block['tail']}"
    axes.text(
        left,
        row,
        f"  {block['situation']}: × {block['baseline']} ({marks})",
        size=9.5,
        weight="bold",
        va="center",
        color=INK,
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6},
    )


def _limits(blocks: Sequence[Mapping[str, Any]]) -> tuple[float, float]:
    bounds = [
        bound
        for block in blocks
        for row in block["rows"]
        for which, _, _ in _MARKS
        for bound in row[which].get("ratio", ())
        if 0 < bound < inf
    ]
    return min([*bounds, 0.5]) / 1.3, max([*bounds, 2.0]) * 1.3


def _scale(axes: Axes, left: float, right: float) -> None:
    axes.set_xscale("log")
    axes.set_xlim(left, right)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.set_xlabel("times the baseline's (log; lower is better)")
    axes.grid(axis="x", color="#eeeeee")


def _title(blocks: Sequence[Mapping[str, Any]]) -> str:
    """Each metric is counted under its own name, whatever became of it."""
    counts: dict[str, Counter[str]] = {}
    for block in blocks:
        for row in block["rows"]:
            for which, _, _ in _MARKS:
                if mark := row[which]:
                    told = counts.setdefault(block[which], Counter())
                    told[_WORDS[mark["verdict"]]] += 1
    rows = sum(len(block["rows"]) for block in blocks)
    parts = (f"{name} {_counted(count)}" for name, count in counts.items())
    return (
        f"Of {rows} comparisons with a baseline: {'; '.join(parts)} (lower is "
        "better)"
    )


_WORDS = {
    "less": "less",
    "more": "more",
    "alike": "alike",
    "same": "alike",
    "cannot tell": "unclear",
}


def _counted(count: Counter[str]) -> str:
    words = dict.fromkeys(_WORDS.values())
    return ", ".join(f"{count[word]} {word}" for word in words if count[word])
