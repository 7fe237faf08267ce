"""Concurrency: how many requests at once get a job done soonest.

Hundreds of messages wait to be sorted by a model, all of them there at the
start (a closed set). One at a time, nearly all the time is waiting. More at
once help until the provider's slots are full: that is the knee. Beyond it
each request only waits there instead of here; and what its queue cannot hold,
it refuses, so a job sent all at once never gets done.
"""

from __future__ import annotations

from functools import partial
from itertools import repeat

from benchmark.measured.endpoint import PROFILE, Endpoint, served
from benchmark.measured.rounds import Bench, Measured, interleaved
from benchmark.results.metrics import (
    FAILED,
    MAKESPAN,
    P95,
    P99,
    THROUGHPUT,
)
from benchmark.suite import Strategy, Suite, Trial
from lab.conversations import single_turns
from lab.popularity import zipf_questions
from lab.traffic import Arrival, arrivals
from optimizations.clock import now
from optimizations.concurrency.batching import Batched
from optimizations.concurrency.gather import gather_bounded
from optimizations.concurrency.rate_limiter import RateLimit, RateLimiter
from optimizations.llm import LLM
from optimizations.mock import PROFILES

MAX_TOKENS = 24  # a label and a reason
SENDERS = (1, 2, 8, 32, 128)
REQUESTS_PER_SECOND = 20  # a little less than the provider's slots can do
BATCH_SIZE = 16
HOSTED = PROFILES["hosted"]


def workload(trial: Trial) -> list[Arrival]:
    """All there at the start."""
    texts = zipf_questions(trial.bank, seed=trial.seed)
    requests = single_turns(texts, max_tokens=MAX_TOKENS)
    return arrivals(repeat(0.0), requests, trial.requests)


def plain(trial: Trial) -> LLM:
    """The provider as it is: how many run at once is the sender's matter."""
    return trial.model(HOSTED.name)


def paced(trial: Trial) -> LLM:
    """Sent at the rate that the provider can do."""
    limiter = RateLimiter(
        requests_per_minute=60 * REQUESTS_PER_SECOND,
        burst_seconds=1,
        max_waiting=trial.requests,
        max_wait_seconds=3600,
    )
    return RateLimit(plain(trial), limiter)


def batched(trial: Trial) -> LLM:
    """Sixteen messages in each call, four calls at a time."""
    return Batched(
        plain(trial),
        max_size=BATCH_SIZE,
        max_running=4,
        max_waiting=trial.requests,
    )


async def measure(bench: Bench) -> Measured:
    """Four real requests over HTTP: in turn, and at once."""

    async def send(endpoint: Endpoint, senders: int) -> dict[str, float]:
        began = now()
        jobs = [endpoint.ask] * 4
        await gather_bounded(jobs, senders)
        return {"four requests": now() - began}

    async with served(bench, max_tokens=4) as endpoint:
        takes = {
            "one at a time": partial(send, endpoint, 1),
            "4 at a time": partial(send, endpoint, 4),
        }
        return Measured(
            "4 requests over HTTP to a model server process "
            f"(profile {PROFILE}, 4 tokens each)",
            await interleaved(
                takes, {"four requests": "s"}, bench.slow_rounds, bench.tick
            ),
            invalid=endpoint.limited,
        )


def _name(senders: int) -> str:
    return "one at a time" if senders == 1 else f"{senders} at a time"


SUITE = Suite(
    name="concurrency",
    setting=f"A closed set of messages, {MAX_TOKENS} tokens each; provider "
    f"(profile {HOSTED.name}): {HOSTED.capacity} slots, a queue of "
    f"{HOSTED.queue}. A wait counts from when a request's turn comes",
    workload=workload,
    strategies=(
        *(
            Strategy(_name(n), plain, senders=n, full_only=n == 2)
            for n in SENDERS
        ),
        Strategy("all at once", plain),
        Strategy("rate limited", paced),
        Strategy("batches of 16", batched),
    ),
    columns=(MAKESPAN, THROUGHPUT, P95, P99, FAILED),
    headline=MAKESPAN,
    judged=(FAILED, MAKESPAN, P95, P99),
    ratios=(MAKESPAN,),
    measure=measure,
    quick_requests=350,  # still more than slots and queue hold
)
