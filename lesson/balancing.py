"""Chapter 4, balancing: several replicas, one of them always worse.

Two steps: a client that chooses among replicas itself (round robin, least in
flight, latency-weighted, with a breaker), and real server processes behind
HAProxy, one of which is killed while customers ask.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from math import inf

from lab.conversations import single_turns
from lab.parts import Proxy, haproxy, model_servers
from lab.popularity import zipf_questions
from lab.traffic import arrivals, poisson
from lesson.chapter import (
    Chapter,
    Clock,
    Context,
    Event,
    Knob,
    Outcome,
    Prediction,
    Step,
    Table,
)
from lesson.measure import (
    Timing,
    duration,
    percentile,
    share,
    timed,
    timed_open_loop,
)
from optimizations.balancing.balanced import Balanced
from optimizations.balancing.circuit_breaker import Breaker, CircuitBreaker
from optimizations.balancing.policies import (
    LeastInFlight,
    PeakEwma,
    Policy,
    RoundRobin,
)
from optimizations.clock import chance, now
from optimizations.concurrency.gather import gather_bounded
from optimizations.http_model import HTTPModel
from optimizations.llm import LLM
from optimizations.mock import PROFILES, Fault

REQUESTS = 600
SEEN = 7  # one in so many is shown: no multiple of the replicas' number
PER_SECOND = 6.0
SLOW = Fault("slow", factor=5)
FAILING = Fault("error", status=500)
REPLICA = replace(PROFILES["hosted"], name="replica", capacity=8)


@dataclass(frozen=True, slots=True)
class Case:
    """A way to balance, and what is wrong with the third replica."""

    name: str
    policy: Callable[[], Policy]
    trouble: Fault
    breaker: bool = False


CASES = (
    Case("round robin, c slow", RoundRobin, SLOW),
    Case("least in flight, c slow", LeastInFlight, SLOW),
    Case("latency-weighted, c slow", PeakEwma, SLOW),
    Case("latency-weighted, c fails", PeakEwma, FAILING),
    Case("least in flight, c fails", LeastInFlight, FAILING),
    Case("round robin, c fails", RoundRobin, FAILING),
    Case("  and a breaker", RoundRobin, FAILING, breaker=True),
)


async def policies(context: Context) -> Outcome:
    """The same arrivals over three replicas, the third one ill."""
    rows, shares = [], []
    events: list[Event] = []
    for case in CASES:
        trouble = case.trouble
        if trouble.kind == "slow":
            trouble = replace(trouble, factor=context.knobs["factor"])
        replicas = [
            context.mock(REPLICA, name=name, faults=faults)
            for name, faults in (("a", ()), ("b", ()), ("c", [trouble]))
        ]
        ends: list[LLM] = list(replicas)
        if case.breaker:
            rests = chance(context.seed, "breakers")
            ends = [Breaker(r, CircuitBreaker(rng=rests)) for r in replicas]
        rng = chance(context.seed, "policy")
        balanced = Balanced(ends, policy=case.policy(), rng=rng)
        timings, seen = await _arrive(context, balanced, case.name)
        events += seen
        seconds = [t.total if t.answered else inf for t in timings]
        shares.append(replicas[-1].calls / sum(r.calls for r in replicas))
        rows.append(
            [
                case.name,
                duration(percentile(seconds, 0.5)),
                duration(percentile(seconds, 0.95)),
                share(shares[-1], 1),
                share(seconds.count(inf), len(seconds)),
            ]
        )
    return Outcome(
        Table(["policy", "p50", "p95", "sent to c", "failed"], rows),
        f"The slow replica gets {rows[0][3]} by round robin, {rows[2][3]} by "
        "latency. One that fails at once is never busy: least in flight sends "
        f"it {rows[4][3]}. A breaker stops asking: {rows[6][4]} fail instead "
        f"of {rows[5][4]}.",
        measured={"share": 100 * shares[4]},
        events=events,
    )


async def _arrive(
    context: Context, llm: LLM, lane: str
) -> tuple[list[Timing], list[Event]]:
    """Questions come at random moments, whether or not others are done."""
    times = poisson(PER_SECOND, seed=context.seed)
    texts = zipf_questions(context.bank, seed=context.seed)
    coming = arrivals(times, single_turns(texts), REQUESTS)
    timings = await timed_open_loop(llm, coming)
    events = []
    for arrival, timing in list(zip(coming, timings, strict=True))[::SEEN]:
        served_by = arrival.request.trace.served_by
        mark = served_by if timing.answered else "x"
        at = arrival.due_seconds + timing.total
        events.append(Event(at, lane, mark))
    return timings, events


CUSTOMERS = 6
BEFORE_KILL = 30
WHILE_KILLED = 60


async def failover(context: Context) -> Outcome:
    """Three server processes behind HAProxy; one is killed meanwhile."""
    at_once = int(context.knobs["customers"])
    options = ["--profile", "quick", "--seed", str(context.seed)]
    async with (
        model_servers(3, options) as servers,
        haproxy([server.url for server in servers]) as proxy,
        HTTPModel(proxy.url) as model,
    ):
        ask = partial(_ask_many, context, model, at_once)
        before = await ask(BEFORE_KILL)
        async with asyncio.TaskGroup() as group:
            asking = group.create_task(ask(WHILE_KILLED))
            await asyncio.sleep(0.1)  # so that some answers are half way
            servers[1].kill()
            noticed = await _seconds_until_down(proxy)
        after = await ask(BEFORE_KILL)
    during = asking.result()
    lost = during.count("failed")
    return Outcome(
        Table(
            ["while", "by a", "by b", "by c", "failed"],
            [
                _counts("all three run", before),
                _counts("b is killed", during),
                _counts("b is out", after),
            ],
        ),
        f"HAProxy took b out after {duration(noticed)}. {lost} of "
        f"{WHILE_KILLED} answers were lost: those that b was in the middle "
        "of. Each ended in an explicit error, and none was half an answer.",
        measured={"lost": lost},
    )


async def _seconds_until_down(proxy: Proxy) -> float:
    """How long until the proxy has noticed that a server is gone."""
    began = now()
    async with asyncio.timeout(10):
        while "DOWN" not in await _states(proxy):
            await asyncio.sleep(0.02)
    return now() - began


async def _states(proxy: Proxy) -> set[str]:
    replicas = (await proxy.servers()).values()
    return {replica.status for replica in replicas}


async def _ask_many(
    context: Context, llm: LLM, at_once: int, count: int
) -> list[str]:
    """Who answered each of so many questions; "failed" where nobody did."""
    draws = chance(context.seed, "customers")

    async def one(number: int) -> str:
        text = draws.choice(context.bank.questions)
        request = context.ask(text, number, max_tokens=24)
        timing = await timed(llm, request)
        return request.trace.served_by if timing.answered else "failed"

    jobs = (partial(one, number) for number in range(count))
    return await gather_bounded(jobs, limit=at_once)


def _counts(what: str, served: list[str]) -> list[str]:
    counts = Counter(served)
    return [what, *(str(counts[name]) for name in ("a", "b", "c", "failed"))]


CHAPTER = Chapter(
    4,
    "balancing",
    "Several replicas, and one of them is ill",
    (
        Step(
            "Choosing a replica in the client",
            """Of several servers one is always slower: a noisy neighbour, a
            cold cache, a failing disk. A policy decides how many customers
            meet it; a circuit breaker stops asking one that fails. Here 600
            questions arrive at random at three replicas, c of them ill.""",
            "optimizations.balancing.policies:LeastInFlight.choose",
            Clock.SIMULATED,
            policies,
            """all replicas are alike and well: then every policy is as good as
            round robin, which is simpler.""",
            predict=Prediction(
                "Replica c fails at once. What share does it get when the "
                "least busy is chosen?",
                "share",
                "%",
                "Who fails at once is done at once.",
            ),
            knob=Knob("factor", 5, 1, 20, "how many times slower c is"),
            legend="  a b c: who answered (one in seven)   x failed",
        ),
        Step(
            "Several processes behind HAProxy",
            """A proxy balances for clients that know of one address only. It
            asks each server whether it is ready, watches the answers that pass
            through, and stops sending to one that is ill. Three real processes
            answer; one is killed while customers ask.""",
            "deploy/haproxy.cfg:default-server",
            Clock.MEASURED,
            failover,
            """a client of your own can balance itself: it knows how long its
            answers take, and saves a hop and a machine.""",
            predict=Prediction(
                f"{WHILE_KILLED} questions, {CUSTOMERS} at a time, and one of "
                "three servers is killed. How many customers see an error?",
                "lost",
                "errors",
                "A server that is killed was in the middle of its share.",
            ),
            knob=Knob("customers", CUSTOMERS, 1, 16, "customers at a time"),
        ),
    ),
)
