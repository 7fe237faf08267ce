"""Balancing: what one bad replica costs under each policy.

Customers come at random moments (open loop, Poisson), always as many: 70 % of
what three healthy replicas and a slow one can do together. In the first
situation all replicas are alike, and no policy has anything to find. In the
second one is four times slower: whoever sends it a fair share makes it a queue
that only grows. In the third one fails at once: whoever prefers the least busy
prefers it, for it is always idle. And random moments are a service's kindest
day, so the slow replica comes a second time, under customers who come in
bursts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from statistics import fmean

from benchmark.measured.rounds import Bench, Measured, calibrated, interleaved
from benchmark.results.metrics import FAILED, P50, P95, P99, calls_of
from benchmark.suite import Strategy, Suite, Trial
from lab.conversations import single_turns
from lab.popularity import zipf_questions
from lab.questions import Bank
from lab.traffic import Arrival, arrivals, gamma_bursts
from optimizations.balancing.balanced import Balanced
from optimizations.balancing.circuit_breaker import Breaker, CircuitBreaker
from optimizations.balancing.policies import (
    AtRandom,
    LeastInFlight,
    PeakEwma,
    Policy,
    RoundRobin,
)
from optimizations.balancing.retry import Retry
from optimizations.clock import chance
from optimizations.llm import LLM, Request
from optimizations.mock import PROFILES, Fault, MockModel, Profile
from optimizations.tokens import count_tokens

REPLICAS = 4
SLOWNESS = 4.0
CAPACITY = REPLICAS - 1 + 1 / SLOWNESS  # in healthy replicas, if one is slow
LOAD = 0.7  # of that
VARIATION = 3.0  # of the gaps between arrivals, where they come in bursts
MAX_TOKENS = 24  # a sentence each: what is compared is who is asked
BAD = "bad"  # the name of the replica that something is wrong with
SLOW = Fault("slow", factor=SLOWNESS)
FAILING = Fault("error", status=500)

_GPU = PROFILES["gpu"]
# for a trace, whose answers are long: more slots, and longer strides
_LARGE = replace(PROFILES["hosted"], tokens_per_chunk=64)


def requests_per_second(bank: Bank) -> float:
    """The same in each situation: `LOAD` of three full replicas and a slow
    one.
    """
    tokens = fmean(
        min(count_tokens(intent.answer), MAX_TOKENS) for intent in bank.intents
    )
    crowd = 1 + _GPU.itl_growth * (_GPU.capacity - 1)
    seconds = _GPU.ttft_seconds + tokens * _GPU.itl_seconds * crowd
    return LOAD * CAPACITY * _GPU.capacity / seconds


def workload(trial: Trial, variation: float = 1.0) -> list[Arrival]:
    """Poisson arrivals, Zipf questions: the same for each policy."""
    rate = requests_per_second(trial.bank)
    times = gamma_bursts(rate, variation=variation, seed=trial.seed)
    texts = zipf_questions(trial.bank, seed=trial.seed)
    requests = single_turns(texts, max_tokens=MAX_TOKENS)
    return arrivals(times, requests, trial.requests)


def bursts(trial: Trial) -> list[Arrival]:
    """As many, but they come in bursts."""
    return workload(trial, VARIATION)


def spread(
    policy: Callable[[], Policy],
    fault: Fault | None,
    trial: Trial,
    *,
    profile: Profile = _GPU,
    breakers: bool = False,
) -> Balanced:
    """Four replicas under this policy; the last of them has the fault."""
    replicas: list[LLM] = []
    for number in range(REPLICAS):
        bad = fault is not None and number == REPLICAS - 1
        model = trial.model(
            profile,
            name=BAD if bad else f"replica {number}",
            faults=[fault] if fault and bad else (),
            replica=number,
        )
        rests = chance("breaker", trial.seed, number)
        replicas.append(
            Breaker(model, CircuitBreaker(rng=rests)) if breakers else model
        )
    return Balanced(replicas, policy(), rng=chance("balancer", trial.seed))


def retried(trial: Trial) -> Retry:
    """The remedy in full: breakers, and another attempt elsewhere."""
    return Retry(
        spread(LeastInFlight, FAILING, trial, breakers=True), seed=trial.seed
    )


async def measure(bench: Bench) -> Measured:
    """What the layers themselves cost, around a model that never waits."""

    def model() -> MockModel:
        return MockModel("instant", answer=lambda request: "Yes.")

    onions: dict[str, LLM] = {
        "bare model": model(),
        "breaker": Breaker(model()),
        "round robin": Balanced([model(), model()], RoundRobin()),
        "peak EWMA": Balanced([model(), model()], PeakEwma()),
        "all with retry": Retry(
            Balanced([Breaker(model()), Breaker(model())], PeakEwma())
        ),
    }

    async def ask(llm: LLM) -> None:
        request = Request.ask("Open?", tenant="shop", request_id="r")
        await llm.complete(request)

    takes = {
        name: await calibrated(partial(ask, llm), "a request", unit=1e-6)
        for name, llm in onions.items()
    }
    return Measured(
        "a request through each layer, the model answering at once",
        await interleaved(
            takes, {"a request": "µs"}, bench.rounds, bench.tick
        ),
    )


ALIKE, ONE_SLOW, ONE_FAILS = "all alike", "one is slow", "one fails"
BURSTS = "one is slow, bursts"


def _load(what: str, capacity: float) -> str:
    """A situation, and how busy those are who can answer."""
    share = LOAD * CAPACITY / capacity
    return f"{what}; {share * 100:.0f} % load"


SUITE = Suite(
    name="balancing",
    setting=f"{REPLICAS} replicas (profile {_GPU.name}), customers come at "
    "random moments, in each situation as many",
    workload=workload,
    strategies=(
        *(
            Strategy(name, partial(spread, policy, None), ALIKE)
            for name, policy in (
                ("round robin", RoundRobin),
                ("peak EWMA", PeakEwma),
            )
        ),
        *(
            Strategy(
                name,
                partial(spread, policy, SLOW),
                ONE_SLOW,
                full_only=policy is AtRandom,
            )
            for name, policy in (
                ("round robin", RoundRobin),
                ("random", AtRandom),
                ("least in flight", LeastInFlight),
                ("peak EWMA", PeakEwma),
            )
        ),
        *(
            Strategy(
                name, partial(spread, policy, SLOW), BURSTS, workload=bursts
            )
            for name, policy in (
                ("round robin", RoundRobin),
                ("least in flight", LeastInFlight),
                ("peak EWMA", PeakEwma),
            )
        ),
        *(
            Strategy(name, partial(spread, policy, FAILING), ONE_FAILS)
            for name, policy in (
                ("round robin", RoundRobin),
                ("least in flight", LeastInFlight),
                ("peak EWMA", PeakEwma),
            )
        ),
        Strategy(
            "+ breakers",
            partial(spread, LeastInFlight, FAILING, breakers=True),
            ONE_FAILS,
            full_only=True,
        ),
        Strategy("+ breakers, retry", retried, ONE_FAILS),
    ),
    columns=(P50, P95, P99, calls_of(BAD), FAILED),
    headline=P95,
    judged=(FAILED, P95, P99),
    measure=measure,
    quick_requests=120,
    situations={
        ALIKE: _load("nothing is wrong", REPLICAS),
        ONE_SLOW: _load(f"one takes {SLOWNESS:g} times as long", CAPACITY),
        BURSTS: _load(
            f"the same, and their gaps vary by {VARIATION:g} times the mean",
            CAPACITY,
        ),
        ONE_FAILS: _load("one answers 500 at once", REPLICAS - 1),
    },
    traced=tuple(
        Strategy(
            name,
            partial(spread, policy, SLOW, profile=_LARGE),
            ONE_SLOW,
            streamed=True,
        )
        for name, policy in (
            ("round robin", RoundRobin),
            ("least in flight", LeastInFlight),
            ("peak EWMA", PeakEwma),
        )
    ),
    traced_setting=f"{REPLICAS} replicas (profile {_LARGE.name}), one of them "
    f"{SLOWNESS:g} times slower",
)
