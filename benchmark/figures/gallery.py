"""Which suite has which figure, and how they get into the folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import inf
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
    """Write the figure of this suite; returns its files. Takes the data as
    they are, or as they came back from a report.
    """
    data = _never(figure)
    return save(KINDS[name].draw(data, data["caption"]), folder, name)


def _never(value: Any) -> Any:
    """A report's null is a time that never came."""
    if isinstance(value, Mapping):
        return {key: _never(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_never(item) for item in value]
    return inf if value is None else value


def caption(result: SuiteResult) -> str:
    """Where the data come from."""
    return (
        f"Simulated (virtual clock): {result.seeds} seeds of "
        f"{result.requests:,} requests, the same for each strategy. "
        f"{result.suite.setting}."
    )
