"""The past, as a figure."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure

from benchmark.figures.history import data, draw
from optimizations.monitoring.history import Run


def past(day: int, spread: float | None = 0.01, **hits: float) -> Run:
    """A run whose look-ups took so long, with intervals or without."""
    figures = {}
    for operation, hit in hits.items():
        name = f"caching/measured/{operation}/hit"
        figures[name] = hit
        if spread is not None:
            figures[f"{name}/low"] = hit * (1 - spread)
            figures[f"{name}/high"] = hit * (1 + spread)
    return Run(86_400.0 * day, "here", figures)


def drawn(*runs: Run) -> tuple[dict[str, Any], Figure]:
    figure = data(runs)
    assert figure is not None
    canvas = draw(figure, figure["caption"]).figure
    canvas.draw_without_rendering()
    return figure, canvas


def test_without_intervals_nothing_left_them() -> None:
    """The value stood for its own interval, so each run had a ring."""
    figure, _ = drawn(past(0, None, LRU=1.0), past(1, None, LRU=2.0))
    assert "0 of 1 measured figures left" in figure["title"]
    figure, _ = drawn(past(0, LRU=1.0), past(1, LRU=2.0))
    assert "1 of 1 measured figures left" in figure["title"]


def test_its_axis_has_ticks_however_alike_all_runs_are() -> None:
    """There was one, at 1."""
    for newest in (1.001, 1.3, 4.0):
        _, canvas = drawn(past(0, LRU=1.0), past(1, LRU=newest))
        axes = canvas.axes[0]
        low, high = axes.get_ylim()
        inside = [t for t in axes.get_yticks() if low <= t <= high]
        assert len(inside) >= 3, newest
        assert high > 1.02 * newest, "the ring has room"


def test_what_is_the_same_is_one_line_with_both_names() -> None:
    runs = [past(day, LRU=1.0 + day, TTL=2.0 + 2 * day) for day in (0, 1)]
    _, canvas = drawn(*runs)
    legend = canvas.axes[0].get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == [
        "LRU, hit\nTTL, hit"
    ]


def test_a_single_suite_fills_the_width() -> None:
    _, canvas = drawn(past(0, LRU=1.0), past(1, LRU=1.0))
    assert len(canvas.axes) == 1
