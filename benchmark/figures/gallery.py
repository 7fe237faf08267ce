"""Which figures there are, and how they get into the folder.

Their data are made here, as plain values; drawing them is a job that a worker
process can do, from the data alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import inf
from pathlib import Path
from typing import Any

from benchmark.figures import (
    balancing,
    caching,
    concurrency,
    cost,
    history,
    hit_ratio,
    look_up_time,
    measuring,
    peers,
    ratios,
    stampede,
    streaming,
    thresholds,
)
from benchmark.figures.style import Drawn, save
from benchmark.results.standings import SuiteResult
from optimizations.monitoring.history import Run

SUITE_FIGURES = {
    "measuring": measuring.data,
    "caching": caching.data,
    "concurrency": concurrency.data,
    "streaming": streaming.data,
    "balancing": balancing.data,
}
DRAWINGS: dict[str, Callable[[Mapping[str, Any], str], Drawn]] = {
    "measuring": measuring.draw,
    "caching": caching.draw,
    "concurrency": concurrency.draw,
    "streaming": streaming.draw,
    "balancing": balancing.draw,
    "ratios": ratios.draw,
    "history": history.draw,
    "hit_ratio": hit_ratio.draw,
    "thresholds": thresholds.draw,
    "stampede": stampede.draw,
    "look_up_time": look_up_time.draw,
    "cost": cost.draw,
    "peers": peers.draw,
}


def figure_data(result: SuiteResult) -> dict[str, Any]:
    """All that a suite's figure shows, title and caption included."""
    figure = SUITE_FIGURES[result.suite.name](result)
    note = figure.pop("note", "")
    return {**figure, "caption": f"{caption(result)} {note}".strip()}


def all_figures(results: Sequence[SuiteResult]) -> dict[str, dict[str, Any]]:
    """The data of each suite's figure, and of the one that has them all."""
    figures = {result.suite.name: figure_data(result) for result in results}
    if (together := ratios.data(results)) is not None:
        figures["ratios"] = together
    return figures


def history_figure(runs: Sequence[Run]) -> dict[str, dict[str, Any]]:
    """The data of the figure that has earlier runs, where there are any."""
    figure = history.data(runs)
    return {"history": figure} if figure is not None else {}


def draw(named: tuple[str, Mapping[str, Any]], folder: Path) -> list[Path]:
    """Write the figure of this name; returns its files. Takes the data as
    they are, or as they came back from a report.
    """
    name, figure = named
    data = _never(figure)
    folder.mkdir(parents=True, exist_ok=True)
    return save(DRAWINGS[name](data, data["caption"]), folder, name)


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
