"""The time of a look-up against the number of entries, both logarithmic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import log10
from typing import TYPE_CHECKING, Any

from benchmark.figures.style import (
    Drawn,
    Look,
    canvas,
    curve,
    framed,
    looks,
    spread,
)
from benchmark.intervals.digits import brief

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LABEL_DECADES = 0.24  # between two names
UNITS = (1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2)  # seconds


def draw(figure: Mapping[str, Any], caption: str) -> Drawn:
    """A line for each store, with its name where it ends."""
    curves = figure["curves"]
    canvas_, [axes] = canvas(height=5.6)
    look = looks(list(curves))
    for name, points in curves.items():
        curve(
            axes,
            [size for size, *_ in points],
            [figures for _, *figures in points],
            look[name],
        )
    _scale(axes, [size for points in curves.values() for size, *_ in points])
    _label(axes, curves, look)
    axes.set_xlabel("entries (log)")
    axes.set_ylabel("time of a look-up (log; lower is better)")
    return framed(canvas_, figure["title"], caption)


def _scale(axes: Axes, sizes: Sequence[int]) -> None:
    from matplotlib.ticker import NullLocator

    ticks = sorted(set(sizes))
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xticks(ticks, [f"{size:,}" for size in ticks])
    axes.set_yticks(UNITS, [brief(unit) for unit in UNITS])
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_minor_locator(NullLocator())
    axes.set_xlim(ticks[0] * 0.8, ticks[-1] * (ticks[-1] / ticks[0]) ** 0.22)
    axes.grid(axis="y", color="#eeeeee")


def _label(
    axes: Axes,
    curves: Mapping[str, Sequence[Sequence[float]]],
    look: Mapping[str, Look],
) -> None:
    """Beside the last point of each; those that end together are spread."""
    ends = {name: points[-1] for name, points in curves.items()}
    for size in {end[0] for end in ends.values()}:
        names = [name for name, end in ends.items() if end[0] == size]
        heights = spread([log10(ends[n][1]) for n in names], LABEL_DECADES)
        for name, height in zip(names, heights, strict=True):
            axes.text(
                size * 1.12,
                10**height,
                name,
                color=look[name].colour,
                size=9.5,
                weight="bold",
                va="center",
            )
