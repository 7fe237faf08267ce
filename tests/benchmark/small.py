"""Small suites and ready-made runs, for all tests of the benchmark."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from math import inf, isfinite

from benchmark.measured.rounds import Bench, Measured
from benchmark.results.metrics import FALSE_HITS, HITS, MEAN, P50, P99
from benchmark.results.standings import SuiteResult, judge
from benchmark.simulated.seed_run import SeedRun
from benchmark.simulated.simulate import SeedResult
from benchmark.suite import Strategy, Suite, Trial
from lab.conversations import single_turns
from lab.popularity import zipf_questions
from lab.questions import Bank, Intent
from lab.traffic import Arrival, arrivals, constant
from optimizations.llm import LLM, Chunk, Layer, Request

BANK = Bank(
    [
        Intent(f"intent {i}", f"The answer is {i}.", (f"What is {i}?",))
        for i in range(10)
    ]
)


class Liar(Layer):
    """Says something else than its model."""

    async def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
        yield Chunk("Whatever.", finish_reason="stop")


class Mute(Layer):
    """Answers, with nothing."""

    async def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
        yield Chunk("", finish_reason="stop")


def trial(seed: int = 1, requests: int = 20) -> Trial:
    return Trial(seed, BANK, BANK.answer, requests)


def coming(trial: Trial) -> list[Arrival]:
    texts = zipf_questions(trial.bank, seed=trial.seed)
    return arrivals(constant(50.0), single_turns(texts), trial.requests)


def model(trial: Trial) -> LLM:
    return trial.model("quick")


async def nothing(bench: Bench) -> Measured:
    return Measured("")


def suite(*more: Strategy, name: str = "caching") -> Suite:
    """A baseline and whatever it is to be compared with."""
    return Suite(
        name=name,
        setting="a small one",
        workload=coming,
        strategies=(Strategy("plain", model), *more),
        columns=(HITS, FALSE_HITS, P50, P99),
        headline=MEAN,
        judged=(MEAN, P99),
        measure=nothing,
    )


def run(
    seconds: Sequence[float],
    *,
    differing: int = 0,
    hits: int = 0,
    late_seconds: float = 0.0,
) -> SeedRun:
    """A run with these latencies; an infinite one failed."""
    answered = sum(map(isfinite, seconds))
    outcomes = {"answered": answered, "overloaded": len(seconds) - answered}
    return SeedRun(
        due_seconds=tuple(float(i) for i in range(len(seconds))),
        first_seconds=tuple(seconds),
        half_seconds=tuple(seconds),
        seconds=tuple(seconds),
        late_seconds=(late_seconds,) * len(seconds),
        outcomes={name: count for name, count in outcomes.items() if count},
        calls={"model": len(seconds) - hits},
        hits=hits,
        differing=differing,
        makespan_seconds=max(s for s in (*seconds, 1.0) if s < inf),
        prompt_tokens=10 * len(seconds),
        completion_tokens=10 * len(seconds),
        dollars=0.001,
    )


def result(
    plain: Sequence[SeedResult],
    other: Sequence[SeedResult],
    *,
    may_mistake: bool = False,
) -> SuiteResult:
    """Two strategies, a run of each for each seed."""
    one = suite(Strategy("other", model, may_mistake=may_mistake))
    seeds = [
        {"plain": a, "other": b} for a, b in zip(plain, other, strict=True)
    ]
    requests = min(
        o.requests for o in (*plain, *other) if isinstance(o, SeedRun)
    )
    return judge(one, requests, seeds)
