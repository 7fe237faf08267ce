"""Our time as a part of others', with the interval; left of the line, ours is
the shorter one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmark.figures.style import BASELINE, INK, LOOKS, Drawn, canvas, framed


def draw(figure: Mapping[str, Any], caption: str) -> Drawn:
    """A row for each piece of work, with the ratio in words."""
    ratios = figure["ratios"]
    canvas_, [axes] = canvas(height=1.9 + 0.55 * max(len(ratios), 1))
    highest = max((one["ends"][2] for one in ratios.values()), default=1.0)
    lowest = min((one["ends"][1] for one in ratios.values()), default=1.0)
    left, right = min(lowest, 0.5) / 1.5, max(highest, 2.0) * 1.5
    for row, one in enumerate(ratios.values()):
        value, low, high = one["ends"]
        look = LOOKS[0] if high < 1 else LOOKS[1] if low > 1 else BASELINE
        axes.errorbar(
            value,
            row,
            xerr=[[value - low], [high - value]],
            color=look.colour,
            marker=look.marker,
            markersize=7,
            capsize=4,
            linewidth=2,
        )
        axes.text(right * 1.1, row, one["says"], size=9.5, va="center")
    axes.axvline(1, color=INK, linewidth=1)
    axes.set_xscale("log")
    axes.set_xlim(left, right)
    axes.xaxis.set_major_formatter(lambda value, position: f"{value:g}")
    axes.set_yticks(range(len(ratios)), list(ratios))
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(len(ratios) - 0.5, -0.5)
    axes.set_xlabel("our time / theirs (log; lower is better)")
    axes.grid(axis="x", color="#eeeeee")
    return framed(canvas_, figure["title"], caption)
