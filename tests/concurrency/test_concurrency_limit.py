"""So many run, so many wait, the others are told at once."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from math import inf, nan

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimizations.clock import now, run_virtual
from optimizations.concurrency.concurrency_limit import (
    ConcurrencyLimit,
    Permits,
)
from optimizations.errors import Overloaded
from optimizations.llm import LLM
from optimizations.mock import MockModel
from tests.helpers import Scripted, ask, other_tasks, read, says, take, turns


def slow(seconds: float = 1.0) -> Scripted:
    """An answer that takes so long."""
    return Scripted(says("yes", gap_seconds=seconds))


def task(llm: LLM, n: int = 1) -> asyncio.Task[str]:
    """A caller who asks now."""
    return asyncio.create_task(read(llm, ask(n=n)))


def test_the_model_never_sees_more_than_the_limit() -> None:
    async def main() -> None:
        model = MockModel("hosted")
        layer = ConcurrencyLimit(model, 4)
        await asyncio.gather(*(read(layer, ask(n=n)) for n in range(40)))
        assert model.peak == 4
        assert layer.snapshot() == {
            "running": 0,
            "waiting": 0,
            "peak": 4,
            "refused": 0,
        }

    run_virtual(main())


def test_who_came_first_runs_first() -> None:
    async def main() -> None:
        model = slow()
        layer = ConcurrencyLimit(model, 2)
        await asyncio.gather(*(task(layer, n) for n in range(9)))
        assert [r.request_id for r in model.requests] == [
            f"t-{n}" for n in range(9)
        ]
        assert now() == 5

    run_virtual(main())


def test_a_newcomer_does_not_slip_in_when_a_permit_is_handed_over() -> None:
    async def main() -> None:
        permits, order = Permits(1), []

        async def one(name: str) -> None:
            async with permits.hold():
                order.append(name)

        async with permits.hold():
            waiter = asyncio.create_task(one("waited"))
            await turns(1)
        await one("new")  # not a turn of the loop in between
        await waiter
        assert order == ["waited", "new"]

    run_virtual(main())


def test_a_full_queue_refuses_at_once_and_says_when_to_come_back() -> None:
    async def main() -> None:
        layer = ConcurrencyLimit(slow(2.0), 1, max_waiting=2)
        for _ in range(50):
            await read(layer, ask())  # so that it knows: 2 s each
        began = now()
        accepted = [task(layer) for _ in range(3)]
        await turns(1)
        with pytest.raises(Overloaded, match="full") as refusal:
            await read(layer, ask())
        assert now() == began
        assert refusal.value.retry_after == pytest.approx(6, rel=0.05)
        await asyncio.gather(*accepted)
        assert layer.snapshot()["refused"] == 1

    run_virtual(main())


def test_the_wait_is_written_into_the_trace() -> None:
    async def main() -> None:
        layer = ConcurrencyLimit(slow(3.0), 1)
        first, second = ask(n=1), ask(n=2)
        await asyncio.gather(read(layer, first), read(layer, second))
        assert first.trace.queued_seconds == 0
        assert second.trace.queued_seconds == 3

    run_virtual(main())


@pytest.mark.parametrize(("deadline", "waited"), [(None, 5), (2.0, 2)])
def test_nobody_waits_longer_than_patience_or_deadline(
    deadline: float | None, waited: float
) -> None:
    async def main() -> None:
        layer = ConcurrencyLimit(slow(60), 1, max_wait_seconds=5)
        running = task(layer)
        await turns(1)
        with pytest.raises(Overloaded, match="too long"):
            await read(layer, ask(deadline=deadline))
        assert now() == waited
        assert layer.snapshot()["waiting"] == 0
        running.cancel()
        await asyncio.wait([running])

    run_virtual(main())


def test_an_abandoned_stream_gives_its_permit_back_at_once() -> None:
    async def main() -> None:
        layer = ConcurrencyLimit(slow(), 1)
        async with aclosing(layer.stream(ask())) as chunks:
            await take(chunks, 1)
            assert layer.permits.running == 1
        assert layer.permits.running == 0

    run_virtual(main())


def test_a_permit_that_comes_with_the_cancellation_is_passed_on() -> None:
    """Granted and cancelled in one turn of the loop, a permit was lost for
    good in semaphores of old.
    """

    async def main() -> None:
        permits = Permits(1)

        async def one() -> None:
            async with permits.hold():
                await asyncio.sleep(1)

        async with permits.hold():
            lost, next_one = (asyncio.create_task(one()) for _ in range(2))
            await turns(1)
        lost.cancel()  # the permit is its own already, but it has not run
        await asyncio.wait([lost, next_one])
        assert lost.cancelled()
        assert now() == 1
        assert permits.running == 0

    run_virtual(main())


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    plan=st.lists(
        st.tuples(st.integers(0, 5), st.one_of(st.none(), st.integers(0, 9))),
        max_size=25,
    ),
    limit=st.integers(1, 4),
)
def test_whoever_leaves_whenever_all_permits_come_back(
    plan: list[tuple[int, int | None]], limit: int
) -> None:
    async def main() -> None:
        permits = Permits(limit, max_waiting=10, max_wait_seconds=4)
        inside = 0

        async def one() -> None:
            nonlocal inside
            async with permits.hold():
                inside += 1
                assert inside <= limit
                try:
                    await asyncio.sleep(3)
                finally:
                    inside -= 1

        callers = []
        for gap, leaves in plan:
            await asyncio.sleep(gap)
            callers.append(asyncio.create_task(one()))
            if leaves is not None:
                asyncio.get_running_loop().call_later(
                    leaves, callers[-1].cancel
                )
        ends = await asyncio.gather(*callers, return_exceptions=True)
        assert not [end for end in ends if isinstance(end, AssertionError)]
        assert (permits.running, permits.waiting) == (0, 0)
        assert permits.peak <= limit
        assert not other_tasks()

    run_virtual(main())


@pytest.mark.parametrize("value", [0, -1])
def test_a_limit_below_one_is_refused(value: int) -> None:
    with pytest.raises(ValueError, match="limit"):
        Permits(value)


@pytest.mark.parametrize("value", [0, -1, nan, inf])
def test_patience_without_an_end_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="max_wait_seconds"):
        Permits(1, max_wait_seconds=value)
