"""Upstream calls in each second, a row for each cure, all on one scale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import TYPE_CHECKING, Any

from benchmark.figures.style import (
    GREY,
    Drawn,
    Look,
    canvas,
    framed,
    looks,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def draw(figure: Mapping[str, Any], caption: str) -> Drawn:
    """The mean of the seeds as a line, each seed pale behind it."""
    calls = figure["calls"]
    canvas_, rows = canvas(rows=len(calls), height=6.4, sharey=True)
    look = looks(list(calls))
    for axes, (name, seeds) in zip(rows, calls.items(), strict=True):
        _row(axes, name, seeds, look[name])
        axes.axvline(
            figure["expire_at"], color=GREY, linewidth=0.8, linestyle=":"
        )
        axes.tick_params(labelbottom=axes is rows[-1])
    rows[-1].set_xlabel(
        "seconds since all answers were written (dotted: they expire)"
    )
    rows[len(rows) // 2].set_ylabel(
        "calls to the model in each second (lower is better)"
    )
    return framed(canvas_, figure["title"], caption)


def _row(
    axes: Axes, name: str, seeds: Sequence[Sequence[int]], look: Look
) -> None:
    mean = [fmean(at) for at in zip(*seeds, strict=True)]
    for calls in seeds:
        axes.step(
            range(len(calls)),
            calls,
            where="post",
            color=look.colour,
            alpha=0.25,
            linewidth=0.8,
        )
    axes.step(
        range(len(mean)), mean, where="post", color=look.colour, linewidth=2
    )
    worst = fmean(max(calls) for calls in seeds)
    total = fmean(sum(calls) for calls in seeds)
    axes.text(
        0.01,
        0.92,
        f"{name}: {worst:.0f} in the busiest second, {total:.0f} in all",
        transform=axes.transAxes,
        color=look.colour,
        size=9.5,
        weight="bold",
        va="top",
    )
    axes.set_xlim(0, len(mean) - 1)
    axes.set_ylim(0, None)
    axes.grid(axis="y", color="#eeeeee")
