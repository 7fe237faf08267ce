"""Measuring: the same stall, seen by two load tests.

A service stops for two seconds in a minute. A test that sends its next request
when the last has come back stops as well, and notes one bad answer. Customers
do not wait for each other: whoever comes meanwhile waits, too. So latency
counts from when a request was *due*; from when it was *sent*, the closed loop
finds the service fine. The table has both.
"""

from __future__ import annotations

from functools import partial
from math import inf

from benchmark.metrics import (
    P50,
    P95,
    P95_AS_SENT,
    P99,
    P99_AS_SENT,
)
from benchmark.rounds import Bench, Measured, calibrated, interleaved
from benchmark.runs import observe
from benchmark.suite import Strategy, Suite, Trial
from lab.conversations import single_turns
from lab.popularity import zipf_questions
from lab.traffic import Arrival, arrivals, constant
from optimizations.clock import chance, now
from optimizations.llm import LLM, Request
from optimizations.mock import Fault, MockModel, Profile
from optimizations.monitoring.metrics import Metrics
from optimizations.monitoring.record import Monitored

CALLS_PER_SECOND = 20
STALL_SECONDS = 2.0
STALL_BEGINS = 5.0  # at the earliest; a second later at the latest

TILL = Profile(
    name="till",
    source="ours: one clerk who serves one customer after the other",
    ttft_seconds=0.02,
    prompt_tokens_per_second=inf,
    itl_seconds=0.0,
    itl_growth=0.0,
    capacity=1,
    queue=10_000,
)


def workload(trial: Trial) -> list[Arrival]:
    """A request every 50 ms, as a load test plans them."""
    texts = zipf_questions(trial.bank, seed=trial.seed)
    requests = single_turns(texts, max_tokens=1)
    return arrivals(constant(CALLS_PER_SECOND), requests, trial.requests)


def stalling(trial: Trial) -> LLM:
    """One request meets the stall; the service serves nobody meanwhile."""
    begins = STALL_BEGINS + chance("stall", trial.seed).random()
    stall = Fault(
        "silent",
        start=begins,
        end=begins + 1 / CALLS_PER_SECOND,
        seconds=STALL_SECONDS,
    )
    return trial.model(TILL, faults=[stall])


async def measure(bench: Bench) -> Measured:
    """What it costs to watch a request, the model answering at once."""
    plain = MockModel("instant", answer=lambda request: "Yes.")
    monitored = Monitored(
        MockModel("instant", answer=lambda request: "Yes."), [Metrics()]
    )

    async def ask(llm: LLM) -> None:
        await llm.complete(_request())

    async def watch() -> None:
        await observe(plain, _request(), now())

    takes = {
        "bare model": await calibrated(
            partial(ask, plain), "a request", unit=1e-6
        ),
        "timed here": await calibrated(watch, "a request", unit=1e-6),
        "with metrics": await calibrated(
            partial(ask, monitored), "a request", unit=1e-6
        ),
    }
    return Measured(
        "a request that is watched, the model answering at once",
        await interleaved(
            takes, {"a request": "µs"}, bench.rounds, bench.tick
        ),
    )


def _request() -> Request:
    return Request.ask("Open?", tenant="shop", request_id="r")


SUITE = Suite(
    name="measuring",
    setting=f"{CALLS_PER_SECOND} requests a second, evenly; a service that "
    f"answers one at a time, in 20 ms, and once stops for {STALL_SECONDS:g} "
    "s. The closed loop has one sender",
    workload=workload,
    strategies=(
        Strategy("closed loop", stalling, senders=1, scheduled=True),
        Strategy("open loop", stalling),
    ),
    columns=(P50, P95_AS_SENT, P95, P99_AS_SENT, P99),
    headline=P99_AS_SENT,
    judged=(P99_AS_SENT, P99),
    ratios=(),  # both describe the same service
    measure=measure,
    requests=1200,
    quick_requests=1000,  # cheap: each is one token
)
