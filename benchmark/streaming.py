"""Streaming: what reading along changes, and what it does not.

The same questions, asked at random moments, answered once as a whole and once
token by token. The first word comes much sooner, half of the text sooner by
about half; the end comes as good as at the same time (more pieces cost a
little, which a paired comparison sees and no reader does). Streaming makes
nothing faster: it stops hiding what is there.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from benchmark.measured.endpoint import PROFILE, Endpoint, served
from benchmark.measured.rounds import Bench, Measured, interleaved
from benchmark.results.metrics import latency
from benchmark.suite import Strategy, Suite, Trial
from lab.conversations import single_turns
from lab.popularity import zipf_questions
from lab.traffic import Arrival, arrivals, poisson
from optimizations.llm import LLM
from optimizations.mock import PROFILES

REQUESTS_PER_SECOND = 3.0  # well below what the slots can do
HOSTED = PROFILES["hosted"]

FIRST = latency(50, "first_seconds", "first word ")
FIRST_P95 = latency(95, "first_seconds", "first word ")
HALF = latency(50, "half_seconds", "half ")
END = latency(50, "seconds", "end ")
END_P95 = latency(95, "seconds", "end ")


def workload(trial: Trial) -> list[Arrival]:
    """Poisson arrivals, whole answers of the bank."""
    times = poisson(REQUESTS_PER_SECOND, seed=trial.seed)
    texts = zipf_questions(trial.bank, seed=trial.seed)
    return arrivals(times, single_turns(texts), trial.requests)


def plain(trial: Trial) -> LLM:
    """The provider as it is."""
    return trial.model(HOSTED.name)


async def measure(bench: Bench) -> Measured:
    """The same question over HTTP, as a whole and in pieces."""

    async def ask(endpoint: Endpoint, streamed: bool) -> Mapping[str, float]:
        sample = await endpoint.ask(streamed=streamed)
        return {"first word": sample.first_seconds, "end": sample.seconds}

    async with served(bench, max_tokens=16) as endpoint:
        takes = {
            "whole": partial(ask, endpoint, streamed=False),
            "streamed": partial(ask, endpoint, streamed=True),
        }
        return Measured(
            f"one answer over HTTP from a server process (profile {PROFILE})",
            await interleaved(
                takes,
                {"first word": "s", "end": "s"},
                bench.slow_rounds,
                bench.tick,
            ),
            invalid=endpoint.limited,
        )


SUITE = Suite(
    name="streaming",
    setting=f"Poisson arrivals, {REQUESTS_PER_SECOND:g} a second; provider "
    f"(profile {HOSTED.name})",
    workload=workload,
    strategies=(
        Strategy("whole", plain),
        Strategy("streamed", plain, streamed=True),
    ),
    columns=(FIRST, FIRST_P95, HALF, END, END_P95),
    headline=FIRST,
    judged=(FIRST, HALF, END),
    ratios=(FIRST, FIRST_P95),
    measure=measure,
    requests=500,
    quick_requests=80,
)
