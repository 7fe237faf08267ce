"""Hit ratio against the size of the cache, a panel for each kind of traffic;
hatched is what nobody can have.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from benchmark.figures.style import (
    BASELINE,
    INK,
    LOOKS,
    PALE,
    Drawn,
    Look,
    canvas,
    curve,
    framed,
)
from benchmark.studies.hit_ratio import ENDLESS, OPTIMUM

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CEILING = Look(INK, "-", "_")
LABEL_HEIGHT = 5.5  # in % of the axis


def draw(figure: Mapping[str, Any], caption: str) -> Drawn:
    """The same policies in each panel, on the same scale."""
    panels, sizes = figure["panels"], figure["sizes"]
    canvas_, all_axes = canvas(len(panels), height=4.8, sharey=True)
    look = _looks(next(iter(panels.values())))
    for axes, (name, policies) in zip(all_axes, panels.items(), strict=True):
        _panel(axes, sizes, policies, look)
        axes.set_title(name, fontsize=10, loc="left")
    all_axes[0].set_ylabel("% hits (higher is better)")
    all_axes[1].set_xlabel("entries that the cache may hold (log)")
    _label(all_axes[0], sizes, next(iter(panels.values())), look)
    return framed(canvas_, figure["title"], caption)


def _looks(policies: Mapping[str, Any]) -> dict[str, Look]:
    own = [name for name in policies if name not in (ENDLESS, OPTIMUM)]
    return {
        ENDLESS: BASELINE,
        **dict(zip(own, LOOKS, strict=False)),
        OPTIMUM: CEILING,
    }


def _panel(
    axes: Axes,
    sizes: Sequence[int],
    policies: Mapping[str, Sequence[Sequence[float]]],
    look: Mapping[str, Look],
) -> None:
    from matplotlib.ticker import NullLocator

    for name, points in policies.items():
        curve(
            axes,
            sizes,
            points,
            look[name],
            marked=name != ENDLESS,
            width=1.2 if name in (ENDLESS, OPTIMUM) else 2,
        )
    ceiling = [point[0] for point in policies[OPTIMUM]]
    axes.fill_between(
        sizes,
        ceiling,
        100,
        facecolor="none",
        edgecolor=PALE,
        hatch="///",
        linewidth=0,
    )
    axes.set_xscale("log")
    axes.set_xticks(sizes, [f"{size:,}" for size in sizes])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_ylim(0, 100)
    axes.grid(axis="y", color="#eeeeee")


def _label(
    axes: Axes,
    sizes: Sequence[int],
    policies: Mapping[str, Sequence[Sequence[float]]],
    look: Mapping[str, Look],
) -> None:
    """Below the curves of the first panel, where there is room."""
    middle = len(sizes) // 2
    names = sorted(policies, key=lambda name: policies[name][middle][0])
    heights = [8.0 + LABEL_HEIGHT * row for row in range(len(names))]
    for name, height in zip(names, heights, strict=True):
        axes.text(
            sizes[-1],
            height,
            name,
            color=look[name].colour,
            size=9.5,
            weight="bold",
            ha="right",
            va="center",
        )
