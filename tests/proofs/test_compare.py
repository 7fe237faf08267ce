"""Nothing is found where there is nothing, and ten percent where there are.

Two days of the same program differ, and a comparison that calls this a change
cries wolf. So pairs of days that have no seed in common are drawn from a pool
of simulated days, and none of them should be found faster or slower. Then
every latency is made a tenth longer, on the same seeds and with the provider's
chance drawn anew, and that should be found.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from random import Random
from typing import Any

import pytest

from benchmark.against_earlier.changes import compare_reports
from benchmark.results.metrics import MEAN, P50, P95, Metric, latency
from benchmark.simulated.seed_run import SeedRun
from benchmark.simulated.simulate import replay
from benchmark.streaming import SUITE
from benchmark.suite import Trial
from lab.questions import Bank, load_bank
from lab.traffic import Arrival
from lab.wording import Understanding
from optimizations.llm import Request
from tests.benchmark.reports import MACHINE
from tests.conftest import Proof

DAYS, PAIRS, SEEDS, REQUESTS = 60, 200, 20, 100
FEW_DAYS, FEW_PAIRS, FEW_SEEDS, FEW_REQUESTS = 14, 40, 6, 25
QUIET = ("cannot tell", "as good as the same", "the same")
ANEW = 10_000  # a provider with this seed more has another chance
METRICS = (MEAN, P50, P95, latency(50, "first_seconds", "first word "))
KEYS = tuple(strategy.key for strategy in SUITE.strategies)

Figures = Mapping[tuple[str, str], float]
"""By strategy and metric."""


@dataclass(frozen=True)
class Pool:
    """Each day twice: as it was, and with the provider's chance drawn anew."""

    days: tuple[Figures, ...]
    again: tuple[Figures, ...]


@cache
def pool(days: int, requests: int) -> Pool:
    """So many seeds of the streaming suite."""
    return Pool(
        tuple(figures(day, requests) for day in range(days)),
        tuple(figures(day + ANEW, requests) for day in range(days)),
    )


@cache
def shop() -> tuple[Bank, Callable[[Request], str]]:
    """The questions, and who knows the right answers."""
    bank = load_bank()
    return bank, Understanding(bank).answer


def figures(seed: int, requests: int) -> Figures:
    def customers(trial: Trial) -> list[Arrival]:
        return SUITE.workload(replace(trial, seed=trial.seed % ANEW))

    bank, answer = shop()
    trial = Trial(seed, bank, answer, requests)
    runs = replay(replace(SUITE, workload=customers), trial)
    return {
        (key, metric.name): metric.of(run)
        for key, run in runs.items()
        for metric in METRICS
        if isinstance(run, SeedRun)
    }


def report(
    days: Sequence[Figures], seeds: Sequence[int], factor: float = 1.0
) -> dict[str, Any]:
    """As much of one as a comparison reads."""

    def figure(key: str, metric: Metric) -> dict[str, Any]:
        values = [factor * days[seed][key, metric.name] for seed in seeds]
        ends = dict.fromkeys(("value", "low", "high"), values[0])
        return {**ends, "seeds": values}

    described = {
        metric.name: {
            "unit": metric.unit,
            "less": metric.less,
            "more": metric.more,
            "more_is_better": metric.more_is_better,
        }
        for metric in METRICS
    }
    strategies = [
        {
            "key": key,
            "workload": "the same",
            "metrics": {m.name: figure(key, m) for m in METRICS},
        }
        for key in KEYS
    ]
    return {
        "options": {"seeds": list(seeds)},
        "simulated": {
            "streaming": {"metrics": described, "strategies": strategies}
        },
        "measured": {"machine": MACHINE, "suites": {}},
    }


def words_of_disjoint(of: Pool, pairs: int, seeds: int) -> Counter[str]:
    """What is said of days that have no seed in common."""
    draws, said = Random(12), Counter[str]()
    for _ in range(pairs):
        drawn = draws.sample(range(len(of.days)), 2 * seeds)
        before = report(of.days, drawn[:seeds])
        now = report(of.days, drawn[seeds:])
        said.update(x.word for x in compare_reports(before, now).changes)
    return said


def words_of_planted(of: Pool, pairs: int, seeds: int) -> Counter[str]:
    """What is said where everything takes a tenth longer, on the same
    seeds.
    """
    draws, said = Random(12), Counter[str]()
    for _ in range(pairs):
        drawn = draws.sample(range(len(of.days)), seeds)
        before = report(of.days, drawn)
        now = report(of.again, drawn, factor=1.1)
        changes = compare_reports(before, now).changes
        assert all(change.paired for change in changes)
        said.update(change.word for change in changes)
    return said


def share(said: Counter[str], *words: str) -> float:
    """In percent."""
    return 100 * sum(said[word] for word in words) / said.total()


@pytest.mark.proof
def test_the_same_program_is_neither_faster_nor_slower(proof: Proof) -> None:
    said = words_of_disjoint(pool(DAYS, REQUESTS), PAIRS, SEEDS)
    quiet = share(said, *QUIET)
    proof(
        "200 A/A pairs of disjoint seeds: “cannot tell”, or the same, in 90 %",
        f"{quiet:.1f} % of {said.total():,} verdicts",
        quiet >= 90,
    )


@pytest.mark.proof
def test_ten_percent_slower_is_found(proof: Proof) -> None:
    said = words_of_planted(pool(DAYS, REQUESTS), PAIRS, SEEDS)
    found = share(said, "slower")
    proof(
        "10 % slower, paired on the same seeds: found in 95 %",
        f"{found:.1f} % of {said.total():,} verdicts",
        found >= 95,
    )


def test_a_small_size_of_it_cries_no_wolf() -> None:
    said = words_of_disjoint(
        pool(FEW_DAYS, FEW_REQUESTS), FEW_PAIRS, FEW_SEEDS
    )
    assert said.total() == FEW_PAIRS * len(KEYS) * len(METRICS)
    assert share(said, *QUIET) >= 90


def test_a_small_size_of_it_finds_ten_percent() -> None:
    said = words_of_planted(pool(FEW_DAYS, FEW_REQUESTS), FEW_PAIRS, FEW_SEEDS)
    assert share(said, "slower") >= 95
    assert said["faster"] == 0
