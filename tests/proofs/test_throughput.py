"""An hour of traffic takes about a minute: the virtual clock at full size."""

from __future__ import annotations

import time
from itertools import islice

import pytest

from lab.conversations import single_turns
from lab.popularity import zipf_questions
from lab.questions import load_bank
from lab.traffic import arrivals, open_loop, poisson
from lab.wording import Understanding
from optimizations.balancing.balanced import Balanced
from optimizations.balancing.policies import PeakEwma
from optimizations.caching.cache_fill import CacheFill
from optimizations.caching.cached import Cached
from optimizations.caching.store import MemoryStore
from optimizations.clock import chance, run_virtual
from optimizations.concurrency.rate_limiter import RateLimit
from optimizations.llm import LLM, Reply, Request
from optimizations.mock import MockModel
from tests.conftest import Proof

REQUESTS = 50_000
REQUESTS_PER_SECOND = 20.0


def chatbot() -> LLM:
    """Cache, limiter, balancer, three replicas."""
    answer = Understanding(load_bank()).answer
    replicas = [
        MockModel(answer=answer, name=f"replica {n}", seed=n) for n in range(3)
    ]
    store = MemoryStore()
    balanced = Balanced(replicas, PeakEwma(), rng=chance("balancer", 1))
    limited = RateLimit(balanced, requests_per_minute=60_000)
    return Cached(CacheFill(limited, store), store)


async def replies(count: int) -> list[Reply]:
    texts = zipf_questions(
        load_bank(), seed=1, near_miss_share=0.1, reworded_share=0.5
    )
    times = poisson(REQUESTS_PER_SECOND, seed=1)
    coming = arrivals(times, islice(single_turns(texts), count), count)
    async with chatbot() as llm:

        async def send(request: Request, due: float) -> Reply:
            return await llm.complete(request)

        return await open_loop(send, coming)


def asked(answers: list[Reply]) -> int:
    """How many were not answered by the cache."""
    return sum(reply.trace.attempts > 0 for reply in answers)


@pytest.mark.proof
def test_the_clock_simulates_50_000_requests_within_a_minute(
    proof: Proof,
) -> None:
    began = time.perf_counter()
    answers = run_virtual(replies(REQUESTS))
    per_minute = 60 * len(answers) / (time.perf_counter() - began)
    proof(
        "50,000 simulated requests a minute",
        f"{per_minute:,.0f}; {asked(answers):,} of {REQUESTS:,} reached a "
        "model",
        len(answers) == REQUESTS and per_minute >= 50_000,
    )


def test_a_small_size_of_it_answers_every_request() -> None:
    answers = run_virtual(replies(500))
    assert len(answers) == 500
    assert 100 < asked(answers) < 500
