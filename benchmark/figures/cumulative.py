"""Cumulative latency: how many of the requests had been answered after how
many seconds. It shows where a strategy helps, which a mean never does; and a
failure shows as what it is, a curve that never reaches 100 %.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from benchmark.figures.style import Look
from benchmark.results.metrics import SAMPLES_FOR_P99

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MARKED = (50, 95, 99)  # percentiles

Curve = Sequence[tuple[float, float]]
"""Points (seconds, share of all requests answered by then)."""


def curve(
    values: Iterable[float], points: int = 400
) -> list[tuple[float, float]]:
    """The cumulative distribution as (value, share that is no larger), thinned
    to about `points`; failures are in the shares, not among the values.
    """
    ordered = sorted(values)
    last = sum(map(math.isfinite, ordered)) - 1
    step = max(len(ordered) / points, 1.0)
    ranks = {min(int(i * step), last) for i in range(points + 1)} | {last}
    return [
        (ordered[rank], (rank + 1) / len(ordered))
        for rank in sorted(ranks)
        if rank >= 0
    ]


def marked(requests: int) -> list[int]:
    """Those for which a seed has samples enough."""
    return [p for p in MARKED if p < 99 or requests >= SAMPLES_FOR_P99]


def cumulative(
    axes: Axes,
    curves: Mapping[str, Curve],
    looks: Mapping[str, Look],
    *,
    left: float,
    right: float,
    percentiles: Sequence[float],
) -> None:
    """Draw the curves on a logarithmic axis from `left` to `right` seconds.
    What is answered sooner than `left` stands at the left edge.
    """
    for name, curve in curves.items():
        look = looks[name]
        seconds = [max(s, left) for s, _ in curve]
        shares = [100 * share for _, share in curve]
        if seconds:
            seconds = [left, *seconds, right]
            first = shares[0] if seconds[1] <= left else 0.0
            shares = [first, *shares, shares[-1]]
        axes.plot(
            seconds,
            shares,
            color=look.colour,
            linestyle=look.line,
            linewidth=2,
            drawstyle="steps-post",
            label=name,
        )
        for percent in percentiles:
            _mark(axes, curve, look, percent, left)
    from matplotlib.ticker import LogLocator, NullLocator

    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 3.0)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlim(left, right)
    axes.set_ylim(0, 101.5)
    axes.xaxis.set_major_formatter(_seconds)
    axes.grid(axis="y", color="#eeeeee")


def _mark(
    axes: Axes, curve: Curve, look: Look, percent: float, left: float
) -> None:
    """The marker stands where the curve passes this percentile."""
    passed = [s for s, share in curve if 100 * share >= percent]
    if passed:
        axes.plot(
            max(passed[0], left),
            percent,
            marker=look.marker,
            color=look.colour,
            markersize=7,
            markeredgecolor="white",
            clip_on=False,
            zorder=5,
        )


def _seconds(value: float, position: float) -> str:
    return f"{value:g} s" if value >= 1 else f"{value * 1000:g} ms"
