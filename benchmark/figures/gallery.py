"""Which suite has which figure, and how they get into the folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmark.figures import balancing, caching, concurrency, streaming
from benchmark.figures.style import Drawn, save
from benchmark.results import SuiteResult


@dataclass(frozen=True, slots=True)
class Kind:
    """The data of a figure, and how it is drawn from them alone."""

    data: Callable[[SuiteResult], dict[str, Any]]
    draw: Callable[[Mapping[str, Any], str], Drawn]


KINDS = {
    "caching": Kind(caching.data, caching.draw),
    "concurrency": Kind(concurrency.data, concurrency.draw),
    "streaming": Kind(streaming.data, streaming.draw),
    "balancing": Kind(balancing.data, balancing.draw),
}


def figure_data(result: SuiteResult) -> dict[str, Any]:
    """All that the figure shows, title and caption included."""
    figure = KINDS[result.suite.name].data(result)
    note = figure.pop("note", "")
    return {**figure, "caption": f"{caption(result)} {note}".strip()}


def draw(name: str, figure: Mapping[str, Any], folder: Path) -> list[Path]:
    """Write the figure of this suite; returns its files."""
    return save(KINDS[name].draw(figure, str(figure["caption"])), folder, name)


def caption(result: SuiteResult) -> str:
    """Where the data come from."""
    return (
        f"Simulated (virtual clock): {result.seeds} seeds of "
        f"{result.requests:,} requests, the same for each strategy. "
        f"{result.suite.setting}."
    )
