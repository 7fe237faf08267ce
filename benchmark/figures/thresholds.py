"""Over the threshold: of each kind of pair, how many pass. A panel for each
way of scoring; the kinds have the same colours in all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import TYPE_CHECKING, Any

from benchmark.figures.style import (
    INK,
    LOOKS,
    Drawn,
    Look,
    canvas,
    framed,
    spread,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LOOK: dict[str, Look] = {
    "reworded": LOOKS[0],
    "paraphrased": LOOKS[2],
    "different": LOOKS[1],
}
NAMES = {
    "reworded": "reworded: should pass",
    "paraphrased": "paraphrased: should pass",
    "different": "different: must not",
}
LABEL_HEIGHT = 6.0  # in % of the axis
Curves = Mapping[str, Sequence[float]]


def draw(figure: Mapping[str, Any], caption: str) -> Drawn:
    """Three kinds of pairs in each panel, on the same scale."""
    panels = figure["panels"]
    canvas_, all_axes = canvas(len(panels), height=5.2, sharey=True)
    for axes, (name, panel) in zip(all_axes, panels.items(), strict=True):
        axes.set_title(name, fontsize=10, loc="left", pad=18)
        _curves(axes, figure["steps"], panel["curves"])
        _fitted(axes, panel["fitted"])
    all_axes[0].set_ylabel(
        "% that pass (higher is better, but\nof “different” lower is better)"
    )
    all_axes[len(panels) // 2].set_xlabel(
        "threshold: the cosine from which a pair passes"
    )
    _names(all_axes[-1], panel["curves"])
    return framed(canvas_, figure["title"], caption)


def _curves(axes: Axes, steps: Sequence[float], curves: Curves) -> None:
    for kind, shares in curves.items():
        axes.plot(
            steps,
            shares,
            color=LOOK[kind].colour,
            linestyle=LOOK[kind].line,
            linewidth=2,
        )
    axes.set_xlim(0, 1.02)
    axes.set_ylim(0, 101)
    axes.grid(axis="y", color="#eeeeee")


def _fitted(axes: Axes, threshold: float) -> None:
    """Where the threshold keeps its promise; endless where none does."""
    text, place = "no threshold keeps the budget", 0.5
    if isfinite(threshold):
        axes.axvline(threshold, color=INK, linewidth=1.2)
        text, place = f"fitted: {threshold:.3f}", threshold
    axes.text(
        place,
        1.02,
        text,
        transform=axes.get_xaxis_transform(),
        size=8.5,
        ha="right" if place > 0.8 else "center",
    )


def _names(axes: Axes, curves: Curves) -> None:
    """At the left of the last panel, beside where each curve begins."""
    begins = {kind: shares[0] for kind, shares in curves.items()}
    heights = spread(
        [y + 4 if y < 90 else y - 5 for y in begins.values()],
        LABEL_HEIGHT,
        floor=9,  # above the curves that lie at the bottom
    )
    for kind, height in zip(begins, heights, strict=True):
        axes.text(
            0.04,
            height,
            NAMES[kind],
            color=LOOK[kind].colour,
            size=9.5,
            weight="bold",
            va="center",
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6},
        )
