"""Small reports, and earlier versions of them, for the tests of what is made
from reports.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from benchmark.measured.rounds import Measured, Series
from benchmark.report.data import report_of
from benchmark.results.standings import SuiteResult
from tests.benchmark.small import result, run

MACHINE = {
    "processor": "a quiet one",
    "cores": 2,
    "system": "Linux",
    "python": "3.11.7",
    "load": 0.1,
}
SEEDS = (1000, 1001, 1002, 1003, 1004)
DAYS = (1.0, 1.3, 0.8, 1.1, 0.9)  # what each seed's traffic makes of a wait
SERIES = (
    Series("LRU", "hit", "µs", (10.0, 10.2, 9.9, 10.1, 10.0, 9.8, 10.1)),
    Series("Redis", "hit", "µs", (90.0, 91.0, 89.0, 90.5, 90.0, 90.2, 89.8)),
)


def small_result(
    factor: float = 1.0, requests: int = 1000, days: Sequence[float] = DAYS
) -> SuiteResult:
    """Two strategies, five seeds; the second takes so many times as long."""

    def runs(of: float) -> list[Any]:
        waits = [1.0 + 0.001 * number for number in range(requests)]
        return [run([of * day * wait for wait in waits]) for day in days]

    return replace(
        result(runs(1.0), runs(0.5 * factor)),
        measured=Measured("a look-up", SERIES),
    )


def report(
    factor: float = 1.0,
    *,
    seeds: Sequence[int] = SEEDS,
    requests: int = 1000,
    days: Sequence[float] = DAYS,
) -> dict[str, Any]:
    """As it is written, without figures."""
    made = report_of(
        options={
            "suites": ["caching"],
            "seed": 1,
            "seeds": list(seeds),
            "quick": False,
            "questions": None,
            "trace": None,
            "time_scale": 1.0,
        },
        versions={"source": "abc"},
        machine=MACHINE,
        at="2026-01-01 00:00:00 UTC",
        results=[small_result(factor, requests, days)],
        figures={},
        workloads={
            "caching": {"plain": f"{requests}", "other": f"{requests}"}
        },
        warnings=["mind this"],
    )
    return {**made, "drawn": [], "history": NO_HISTORY}


NO_HISTORY = {"earlier_runs": 0, "damaged_lines": 0, "trends": {}}


def changed(
    original: dict[str, Any], change: Callable[[dict[str, Any]], object]
) -> dict[str, Any]:
    """A copy with this done to it."""
    other = copy.deepcopy(original)
    change(other)
    return other
