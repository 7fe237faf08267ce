"""What each call takes and each entry weighs: a panel each, a row a cache."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from benchmark.figures.style import Drawn, Look, canvas, framed, looks
from benchmark.intervals.digits import shown
from benchmark.studies.cost import CALLS_OF

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BYTES = "bytes an entry"


def draw(figure: Mapping[str, Any], caption: str) -> Drawn:
    """Rows have the same order and colours in all panels."""
    calls, weights = figure["calls"], figure["bytes"]
    look = looks(list(calls))
    canvas_, panels = canvas(len(CALLS_OF) + 1, height=3.6, sharey=True)
    for column, (name, axes) in enumerate(zip(CALLS_OF, panels, strict=False)):
        points = {cache: one[column] for cache, one in calls.items()}
        _panel(axes, points, look)
        axes.set_title(name, fontsize=10, loc="left")
        axes.set_xlabel("ns (lower is better)")
    alone = {cache: [weight] * 3 for cache, weight in weights.items()}
    _panel(panels[-1], alone, look)
    panels[-1].set_title("an entry", fontsize=10, loc="left")
    panels[-1].set_xlabel("bytes (lower is better)")
    panels[0].set_yticks(range(len(calls)), list(calls))
    panels[0].invert_yaxis()
    return framed(canvas_, figure["title"], caption)


def _panel(
    axes: Axes,
    points: Mapping[str, Sequence[float]],
    look: Mapping[str, Look],
) -> None:
    most = max(high for _, _, high in points.values())
    for row, (cache, (value, low, high)) in enumerate(points.items()):
        one = look[cache]
        axes.barh(row, value, 0.6, color=one.colour, alpha=0.35)
        axes.errorbar(
            value,
            row,
            xerr=[[value - low], [high - value]],
            color=one.colour,
            marker=one.marker,
            markersize=6,
            capsize=3,
        )
        axes.text(
            high + 0.05 * most,
            row,
            shown(value, digits=2),
            size=9,
            va="center",
        )
    axes.set_xlim(0, 1.3 * most)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
