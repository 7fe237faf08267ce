"""Measuring: the same stall, seen by two load tests (`lab.stall`).

A service stops for two seconds in a minute. A test that sends its next request
when the last has come back stops as well, and notes one bad answer. Customers
do not wait for each other: whoever comes meanwhile waits, too. So latency
counts from when a request was *due*; from when it was *sent*, the closed loop
finds the service fine. The table has both.
"""

from __future__ import annotations

from functools import partial

from benchmark.measured.rounds import Bench, Measured, calibrated, interleaved
from benchmark.results.metrics import (
    P50,
    P95,
    P95_AS_SENT,
    P99,
    P99_AS_SENT,
)
from benchmark.simulated.seed_run import observe
from benchmark.suite import Strategy, Suite, Trial
from lab.conversations import single_turns
from lab.popularity import zipf_questions
from lab.stall import (
    CALLS_PER_SECOND,
    SENDERS,
    STALL_SECONDS,
    TILL,
    planned,
    stall,
)
from lab.traffic import Arrival
from optimizations.clock import chance, now
from optimizations.llm import LLM, Request
from optimizations.mock import MockModel
from optimizations.monitoring.metrics import Metrics
from optimizations.monitoring.record import Monitored

STALLED = range(100, 120)  # one of these calls meets the stall


def workload(trial: Trial) -> list[Arrival]:
    """A request every 50 ms."""
    texts = zipf_questions(trial.bank, seed=trial.seed)
    return planned(single_turns(texts, max_tokens=1), trial.requests)


def stalling(trial: Trial) -> LLM:
    """One request meets the stall; the service serves nobody meanwhile."""
    call = chance("stall", trial.seed).choice(STALLED)
    return trial.model(TILL, faults=[stall(call)])


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
    f"answers one at a time, in {TILL.ttft_seconds * 1e3:g} ms, and once "
    f"stops for {STALL_SECONDS:g} s. The closed loop has one sender, and what "
    "is due while it waits is sent late",
    workload=workload,
    strategies=(
        Strategy("closed loop", stalling, senders=SENDERS, scheduled=True),
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
