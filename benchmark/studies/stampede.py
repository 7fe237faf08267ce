"""What reaches the model when all answers expire at once, under each cure."""

from __future__ import annotations

from dataclasses import replace
from statistics import fmean

from benchmark.intervals.digits import interval_shown
from benchmark.intervals.estimates import Estimate, estimate
from benchmark.measured.rounds import Bench
from benchmark.study import Finding, Study, cells
from lab.percentiles import percentile
from lab.stampede import (
    CURES,
    FRESH_SECONDS,
    QUESTIONS,
    REQUESTS_PER_SECOND,
    Stampede,
    stampede,
)
from optimizations.mock import PROFILES, MockModel

SEEDS, SECONDS = 6, 60
QUICK_SECONDS, QUICK_RATE = 40, 25.0
# in long strides, which are cheap to simulate: nobody reads along here
HOSTED = replace(PROFILES["hosted"], tokens_per_chunk=32)


async def run(bench: Bench) -> Finding:
    """The same customers for each cure, seed by seed."""
    seconds, rate = (
        (QUICK_SECONDS, QUICK_RATE)
        if bench.quick
        else (SECONDS, REQUESTS_PER_SECOND)
    )
    seeds = range(bench.seed * 1000, bench.seed * 1000 + SEEDS)
    runs = {
        cure: [await _run(cure, seed, seconds, rate) for seed in seeds]
        for cure in CURES
    }
    peaks = {
        cure: estimate([run.peak for run in runs[cure]], (0, float("inf")))
        for cure in CURES
    }
    return Finding(
        _title(peaks),
        f"{SEEDS} seeds of {rate * seconds:,.0f} requests, {rate:g} "
        f"a second, about {QUESTIONS} questions, whose "
        f"answers are {FRESH_SECONDS:g} s fresh and were all written at 0 s. "
        "Each cure alone. Line: the mean of the seeds; pale: each seed.",
        cells(
            {cure: _figures(peaks[cure], runs[cure]) for cure in CURES},
            {
                "busiest second": "calls",
                "in all": "calls",
                "mean wait": "s",
                "p99": "s",
            },
        ),
        {
            "calls": {
                cure: [
                    [run.per_second.get(at, 0) for at in range(seconds)]
                    for run in runs[cure]
                ]
                for cure in CURES
            },
            "expire_at": FRESH_SECONDS,
        },
    )


async def _run(cure: str, seed: int, seconds: float, rate: float) -> Stampede:
    return await stampede(
        cure,
        MockModel(HOSTED, seed=seed),
        seed=seed,
        requests_per_second=rate,
        seconds=seconds,
    )


def _figures(peak: Estimate, runs: list[Stampede]) -> list[Estimate]:
    positive = (0.0, float("inf"))
    return [
        peak,
        estimate([len(run.calls) for run in runs], positive),
        estimate([fmean(run.waits) for run in runs], positive),
        estimate([percentile(run.waits, 0.99) for run in runs], positive),
    ]


def _title(peaks: dict[str, Estimate]) -> str:
    none, *cured = peaks
    best = min(cured, key=lambda cure: peaks[cure].value)
    before, after = (interval_shown(peaks[cure]) for cure in (none, best))
    return (
        f"When all answers expire at once, {before} calls reach the model "
        f"within a second; with {best} alone {after} (lower is better)"
    )


STUDY = Study(
    "stampede",
    "What reaches the model when all answers expire at once?",
    "simulated",
    run,
)
