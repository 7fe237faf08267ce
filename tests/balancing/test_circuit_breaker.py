"""When a breaker opens, how it closes again, and that it is never stuck."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from math import inf
from random import Random
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
)

from optimizations.balancing.circuit_breaker import (
    Breaker,
    CircuitBreaker,
    Permit,
    State,
)
from optimizations.balancing.verdict import Outcome
from optimizations.clock import run_virtual
from optimizations.errors import CircuitOpen, LLMError, UpstreamError
from tests.helpers import STOP, Scripted, ask, read, says

GOOD, BAD = Outcome.SUCCESS, Outcome.FAILURE


class Hand:
    """A clock moved by hand."""

    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at


def circuit(clock: Hand, **settings: Any) -> CircuitBreaker:
    return CircuitBreaker(
        rng=Random(1), clock=clock, **({"jitter": 0.0} | settings)
    )


def calls(breaker: CircuitBreaker, *outcomes: Outcome) -> None:
    for outcome in outcomes:
        permit = breaker.acquire()
        assert permit is not None
        breaker.record(permit, outcome)


def opened(clock: Hand, **settings: Any) -> CircuitBreaker:
    breaker = circuit(clock, **settings)
    calls(breaker, *[BAD] * 5)
    assert breaker.state is State.OPEN
    return breaker


def test_seven_failures_in_a_row_open_it_however_slowly_they_come() -> None:
    clock = Hand()
    breaker = circuit(clock)
    for _ in range(7):
        assert breaker.state is State.CLOSED
        calls(breaker, BAD)
        clock.at += 60
    assert breaker.opened == 1


def test_a_partial_outage_opens_it_by_ratio() -> None:
    breaker = circuit(Hand())
    calls(breaker, GOOD, GOOD, GOOD, BAD)
    assert breaker.available  # too few to say
    calls(breaker, GOOD)
    assert breaker.available  # four of five are enough
    calls(breaker, BAD)
    assert breaker.state is State.OPEN


def test_throttling_counts_in_the_ratio_but_not_in_the_run() -> None:
    breaker = circuit(Hand(), success_ratio=0.0)
    calls(breaker, *[Outcome.THROTTLED] * 50)
    assert breaker.state is State.CLOSED
    breaker = circuit(Hand())
    calls(breaker, *[Outcome.THROTTLED] * 5)
    assert breaker.state is State.OPEN


def test_calls_that_say_nothing_count_nowhere() -> None:
    breaker = circuit(Hand(), consecutive_failures=2, min_samples=2)
    calls(breaker, BAD, *[Outcome.NEITHER] * 100)
    assert breaker.state is State.CLOSED


def test_open_times_grow_to_a_limit_and_start_anew_after_a_recovery() -> None:
    clock = Hand()
    breaker = opened(clock)
    rests = []
    for _ in range(8):
        rests.append(breaker.retry_after_seconds)
        clock.at += rests[-1]
        calls(breaker, BAD)
    assert rests == [1, 2, 4, 8, 16, 32, 60, 60]
    clock.at += 60
    calls(breaker, GOOD)
    assert breaker.state is State.CLOSED
    calls(breaker, *[BAD] * 5)
    assert breaker.retry_after_seconds == 1


def test_chance_spreads_the_open_times_but_never_beyond_the_limit() -> None:
    rests = set()
    for seed in range(20):
        breaker = CircuitBreaker(rng=Random(seed), clock=Hand())
        calls(breaker, *[BAD] * 5)
        rests.add(breaker.retry_after_seconds)
    assert len(rests) == 20
    assert 0.5 <= min(rests) < max(rests) <= 1


def test_a_recovery_forgets_what_was_before() -> None:
    """With the old window kept, the first failure after a recovery would open
    the circuit again."""
    clock = Hand()
    breaker = opened(clock)
    clock.at += 1
    calls(breaker, GOOD, BAD)
    assert breaker.state is State.CLOSED


def test_failures_that_come_late_do_not_lengthen_the_rest() -> None:
    """aiox-core never recovered: failures while open restarted its timer."""
    clock = Hand()
    breaker = circuit(clock)
    late = [breaker.acquire() for _ in range(3)]
    calls(breaker, *[BAD] * 5)
    clock.at += 0.9
    for permit in late:
        assert permit is not None
        breaker.record(permit, BAD)
    assert breaker.retry_after_seconds == pytest.approx(0.1)


def test_a_success_from_before_does_not_close_it() -> None:
    clock = Hand()
    breaker = circuit(clock)
    old = breaker.acquire()
    assert old is not None
    calls(breaker, *[BAD] * 5)
    clock.at += 1
    breaker.record(old, GOOD)
    assert breaker.state is State.HALF_OPEN


def test_a_lost_probe_loses_its_place() -> None:
    """Breakers of several libraries stayed half-open for hours: a probe that
    nobody heard of again kept the only place."""
    clock = Hand()
    breaker = opened(clock, probe_seconds=30)
    clock.at += 1
    assert breaker.acquire() is not None
    assert breaker.acquire() is None
    assert breaker.retry_after_seconds == 1  # it may end any moment
    clock.at += 30
    assert breaker.acquire() is not None


def test_an_answer_slower_than_the_probe_still_heals() -> None:
    clock = Hand()
    breaker = opened(clock, probe_seconds=30)
    clock.at += 1
    slow = breaker.acquire()
    clock.at += 31
    assert breaker.acquire() is not None
    assert slow is not None
    breaker.record(slow, GOOD)
    assert breaker.state is State.CLOSED


@pytest.mark.parametrize(
    "bad",
    [
        {"consecutive_failures": 0},
        {"min_samples": 0},
        {"success_ratio": 1.1},
        {"success_ratio": float("nan")},
        {"window_seconds": 0},
        {"open_seconds": 0},
        {"open_seconds": 61},
        {"max_open_seconds": inf},
        {"probe_seconds": float("nan")},
        {"jitter": -0.1},
    ],
)
def test_settings_without_sense_are_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        CircuitBreaker(**bad)


class AnyOrder(RuleBasedStateMachine):
    """Calls begin, end and are lost in any order while time passes."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = Hand()
        self.breaker = circuit(
            self.clock, min_samples=3, consecutive_failures=3, probe_seconds=5
        )
        self.running: list[Permit] = []
        self.probes: list[tuple[Permit, float]] = []

    @rule(seconds=st.floats(0, 20))
    def time_passes(self, seconds: float) -> None:
        self.clock.at += seconds

    @rule()
    def somebody_calls(self) -> None:
        state, promised = self.breaker.state, self.breaker.available
        permit = self.breaker.acquire()
        assert (permit is not None) == promised
        if permit is None:
            assert state is not State.CLOSED
            return
        self.running.append(permit)
        if state is State.HALF_OPEN:
            live = [p for p, until in self.probes if until > self.clock.at]
            assert not live, "two probes at the same time"
            self.probes.append((permit, self.clock.at + 5))

    @precondition(lambda self: self.running)
    @rule(which=st.integers(0, 100), outcome=st.sampled_from(Outcome))
    def a_call_ends(self, which: int, outcome: Outcome) -> None:
        permit = self.running.pop(which % len(self.running))
        before = self.breaker.state
        self.breaker.record(permit, outcome)
        self.probes = [(p, u) for p, u in self.probes if p is not permit]
        if before is State.OPEN:
            assert self.breaker.state is State.OPEN
        if self.breaker.state is not before:
            self.probes.clear()

    @precondition(lambda self: self.running)
    @rule()
    def a_call_is_lost(self) -> None:
        self.running.pop()

    @invariant()
    def it_is_never_stuck(self) -> None:
        wait = self.breaker.retry_after_seconds
        assert 0 <= wait <= 60
        assert (wait == 0) == self.breaker.available
        now = self.clock.at
        self.clock.at += 60 + 5  # the longest rest, the longest probe
        assert self.breaker.available
        self.clock.at = now


AnyOrder.TestCase.settings = settings(
    max_examples=60, stateful_step_count=40, deadline=None, derandomize=True
)
TestAnyOrder = AnyOrder.TestCase


def broken_then(*pieces: str, gap_seconds: float = 1.0) -> Scripted:
    """Five failures, then answers."""
    failures = [[UpstreamError("broken")]] * 5
    return Scripted(*failures, says(*pieces, gap_seconds=gap_seconds))


async def tripped(model: Scripted) -> Breaker:
    breaker = Breaker(model, CircuitBreaker(jitter=0.0))
    for n in range(5):
        with pytest.raises(UpstreamError):
            await read(breaker, ask(n=n))
    assert not breaker.available
    return breaker


def test_an_open_circuit_refuses_at_once_and_says_for_how_long() -> None:
    async def main() -> None:
        model = broken_then("yes")
        breaker = await tripped(model)
        with pytest.raises(CircuitOpen) as refused:
            await read(breaker, ask())
        assert refused.value.retry_after == 1.0
        assert model.calls == 5
        assert breaker.snapshot()["open"] == 1

    run_virtual(main())


def test_of_a_thousand_callers_at_the_half_open_edge_one_is_the_probe() -> (
    None
):
    """resilience4j let more probes through than allowed: checking for a place
    and taking it were two steps."""

    async def main() -> None:
        model = broken_then("yes")
        breaker = await tripped(model)
        await asyncio.sleep(1)
        answers = await asyncio.gather(
            *(read(breaker, ask(n=n)) for n in range(1000)),
            return_exceptions=True,
        )
        assert answers.count("yes") == 1
        assert sum(isinstance(a, CircuitOpen) for a in answers) == 999
        assert model.calls == 6
        assert breaker.circuit.state is State.CLOSED

    run_virtual(main())


@pytest.mark.parametrize("how", ["cancelled", "abandoned"])
def test_a_probe_whose_caller_leaves_frees_the_way(how: str) -> None:
    async def main() -> None:
        breaker = await tripped(broken_then("yes", "and no"))
        await asyncio.sleep(1)
        if how == "cancelled":
            probe = asyncio.create_task(read(breaker, ask()))
            await asyncio.sleep(0.5)
            assert not breaker.available
            probe.cancel()
            await asyncio.wait([probe])
        else:
            async with aclosing(breaker.stream(ask())) as chunks:
                await anext(chunks)
                assert not breaker.available
        assert breaker.available
        assert await read(breaker, ask()) == "yesand no"
        assert breaker.circuit.state is State.CLOSED

    run_virtual(main())


def test_a_probe_that_fails_opens_it_for_longer() -> None:
    async def main() -> None:
        breaker = await tripped(Scripted([UpstreamError("broken")]))
        await asyncio.sleep(1)
        with pytest.raises(UpstreamError):
            await read(breaker, ask())
        assert breaker.circuit.retry_after_seconds == 2

    run_virtual(main())


@pytest.mark.parametrize("script", [["half"], ["half", UpstreamError("x")]])
def test_half_an_answer_is_a_failure(script: list[Any]) -> None:
    async def main() -> None:
        breaker = Breaker(Scripted(script))
        for n in range(5):
            try:
                await read(breaker, ask(n=n))
            except LLMError:
                continue
        assert breaker.circuit.state is State.OPEN

    run_virtual(main())


def test_a_reader_who_leaves_after_the_whole_answer_had_a_success() -> None:
    async def main() -> None:
        breaker = await tripped(Scripted(*[[UpstreamError("x")]] * 5, [STOP]))
        await asyncio.sleep(1)
        async with aclosing(breaker.stream(ask())) as chunks:
            await anext(chunks)
        assert breaker.circuit.state is State.CLOSED

    run_virtual(main())


def test_callers_who_leave_never_open_it() -> None:
    """pybreaker counted a cancelled call as a failure of the replica."""

    async def main() -> None:
        breaker = Breaker(Scripted(["a", inf]))
        for n in range(20):
            async with aclosing(breaker.stream(ask(n=n))) as chunks:
                await anext(chunks)
        assert breaker.circuit.state is State.CLOSED

    run_virtual(main())
