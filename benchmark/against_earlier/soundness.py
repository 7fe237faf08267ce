"""Whether the figures of a report are figures.

A comparison of a report with itself finds what is missing, but takes each
value for its own equal, be it a word. So the values that a comparison
calculates with are looked at one by one.
"""

from __future__ import annotations

from typing import Any

from benchmark.report.data import Report

MAX_ROUNDS = 10_000


def check_figures(report: Report) -> None:
    """Raises ValueError, or what comes of reading something else."""
    seeds = report["options"]["seeds"]
    if not seeds or not all(type(seed) is int for seed in seeds):
        raise ValueError("seeds")
    for suite in report["simulated"].values():
        for strategy in suite["strategies"]:
            for figure in strategy["metrics"].values():
                if figure is not None:
                    _check_metric(figure, len(seeds))
    for suite in report["measured"]["suites"].values():
        for series in suite["series"]:
            rounds = series["rounds"]
            if not 1 <= len(rounds) <= MAX_ROUNDS:
                raise ValueError("rounds")
            _check_numbers(rounds)
            _check_texts(series, "operation", "figure", "unit")


def _check_metric(figure: Any, seeds: int) -> None:
    ends = [figure[end] for end in ("value", "low", "high")]
    if len(figure["seeds"]) != seeds:
        raise ValueError("seeds of a figure")
    _check_numbers([x for x in (*ends, *figure["seeds"]) if x is not None])


def _check_numbers(values: list[Any]) -> None:
    if any(type(value) not in (int, float) or value < 0 for value in values):
        raise ValueError("a figure is a number from 0")


def _check_texts(of: Any, *names: str) -> None:
    if any(type(of[name]) is not str for name in names):
        raise ValueError("a text")
