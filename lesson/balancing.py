"""Chapter 4, balancing: several replicas, one of them always worse.

Two steps: a client that chooses among replicas itself (round robin, least in
flight, latency-weighted, with a breaker), and real server processes behind
HAProxy, one of which is killed while customers ask.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from math import inf

from lab.parts import Proxy, haproxy, model_servers
from lab.percentiles import percentile
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
from lesson.customers import at_random, in_turn
from lesson.figures import duration, share
from lesson.timing import Timing, timed_open_loop
from optimizations.balancing.balanced import Balanced
from optimizations.balancing.circuit_breaker import Breaker, CircuitBreaker
from optimizations.balancing.policies import (
    LeastInFlight,
    PeakEwma,
    Policy,
    RoundRobin,
)
from optimizations.clock import chance, now
from optimizations.http_model import HTTPModel
from optimizations.llm import LLM, Request
from optimizations.mock import PROFILES, Fault

REQUESTS = 600
SEEN = 7  # one in so many is shown: no multiple of the replicas' number
PER_SECOND = 6.0
SLOWER = 5
SLOW = Fault("slow")
FAILING = Fault("error", status=500)
REPLICA = replace(PROFILES["hosted"], name="replica", capacity=8)


@dataclass(frozen=True, slots=True)
class Case:
    """A way to balance, and what is wrong with replica c."""

    name: str
    policy: Callable[[], Policy]
    trouble: Fault
    breaker: bool = False


BLIND = Case("round robin, c slow", RoundRobin, SLOW)
WEIGHED = Case("latency-weighted, c slow", PeakEwma, SLOW)
LURED = Case("least in flight, c fails", LeastInFlight, FAILING)
FAILED = Case("round robin, c fails", RoundRobin, FAILING)
BROKEN = Case("  and a breaker", RoundRobin, FAILING, breaker=True)
CASES = (
    BLIND,
    Case("least in flight, c slow", LeastInFlight, SLOW),
    WEIGHED,
    Case("latency-weighted, c fails", PeakEwma, FAILING),
    LURED,
    FAILED,
    BROKEN,
)


@dataclass(frozen=True, slots=True)
class Run:
    """How customers fared; who failed waits for ever."""

    waits: Sequence[float]
    sent_to_c: float  # a share
    marks: Sequence[tuple[float, str]]

    @property
    def failed(self) -> str:
        return share(self.waits.count(inf), len(self.waits))

    def row(self, name: str) -> list[str]:
        waits = (percentile(self.waits, q) for q in (0.5, 0.95))
        sent = share(self.sent_to_c, 1)
        return [name, *map(duration, waits), sent, self.failed]


async def policies(context: Context) -> Outcome:
    """The same arrivals over three replicas, the third one ill."""
    runs = {case: await _balance(context, case) for case in CASES}
    blind, weighed = (share(runs[c].sent_to_c, 1) for c in (BLIND, WEIGHED))
    lured = runs[LURED].sent_to_c
    return Outcome(
        Table(
            ["policy", "p50", "p95", "sent to c", "failed"],
            [run.row(case.name) for case, run in runs.items()],
        ),
        f"The slow replica gets {blind} by round robin, {weighed} by latency. "
        "One that fails at once is never busy: least in flight sends it "
        f"{share(lured, 1)}. A breaker stops asking: {runs[BROKEN].failed} "
        f"fail instead of {runs[FAILED].failed}.",
        measured={"share": 100 * lured},
        events=[
            Event(at, case.name, mark)
            for case, run in runs.items()
            for at, mark in run.marks
        ],
    )


async def _balance(context: Context, case: Case) -> Run:
    """Questions come at random moments, whether or not others are done."""
    trouble = replace(case.trouble, factor=context.knobs["factor"])
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
    coming = at_random(
        context, REQUESTS, per_second=PER_SECOND, streamed=False
    )
    timings = await timed_open_loop(balanced, coming)
    pairs = list(zip(coming, timings, strict=True))
    return Run(
        [t.total if t.answered else inf for t in timings],
        replicas[-1].calls / sum(r.calls for r in replicas),
        [
            (
                arrival.due_seconds + timing.total,
                arrival.request.trace.served_by if timing.answered else "x",
            )
            for arrival, timing in pairs[::SEEN]
        ],
    )


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
        ask = partial(in_turn, context, model, at_once=at_once, max_tokens=24)
        before = await ask(BEFORE_KILL)
        async with asyncio.TaskGroup() as group:
            asking = group.create_task(ask(WHILE_KILLED))
            await asyncio.sleep(0.1)  # so that some answers are half way
            servers[1].kill()
            noticed = await _seconds_until_down(proxy)
        after = await ask(BEFORE_KILL)
    during = asking.result()
    lost = [timing for _, timing in during if not timing.answered]
    begun = sum(bool(timing.text) for timing in lost)
    return Outcome(
        Table(
            ["while", "by a", "by b", "by c", "failed"],
            [
                _counts("all three run", before),
                _counts("b is killed", during),
                _counts("b is out", after),
            ],
        ),
        f"HAProxy took b out after {duration(noticed)}. Meanwhile {len(lost)} "
        f"of {WHILE_KILLED} answers were lost, {begun} of them half said. "
        + ended(lost),
        measured={"lost": len(lost)},
    )


def ended(lost: Sequence[Timing]) -> str:
    """How those answers ended that were lost."""
    if not lost:
        return "The proxy had nothing under way to b in that moment."
    kinds = Counter(type(timing.error).__name__ for timing in lost)
    named = ", ".join(f"{kind} {count}" for kind, count in kinds.items())
    return f"Their readers got an error, not an end: {named}."


async def _seconds_until_down(proxy: Proxy) -> float:
    """How long until the proxy has noticed that a server is gone."""
    began = now()
    async with asyncio.timeout(10):
        while all(
            s.status != "DOWN" for s in (await proxy.servers()).values()
        ):
            await asyncio.sleep(0.02)
    return now() - began


def _counts(what: str, asked: Sequence[tuple[Request, Timing]]) -> list[str]:
    """Who answered how many."""
    counts = Counter(
        request.trace.served_by if timing.answered else "failed"
        for request, timing in asked
    )
    return [what, *(str(counts[name]) for name in ("a", "b", "c", "failed"))]


CHAPTER = Chapter(
    4,
    "balancing",
    "Several replicas, and one of them is ill",
    (
        Step(
            "Choosing a replica in the client",
            f"""Of several servers one is always slower: a noisy neighbour, a
            cold cache, a failing disk. A policy decides how many customers
            meet it; a breaker stops asking one that fails. {REQUESTS}
            questions come to three replicas a, b and c; c is ill.""",
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
            knob=Knob("factor", SLOWER, 1, 20, "how many times slower c is"),
            legend=f"  a b c: who answered (one in {SEEN} shown)   x failed",
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
