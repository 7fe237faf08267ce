"""One queue, one alarm: who passes when, and who gives what back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from math import inf, nan

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimizations.clock import Deadlock, VirtualLoop, now, run_virtual
from optimizations.concurrency.slot_queue import SlotQueue
from optimizations.concurrency.token_bucket import Budget, TokenBucket
from optimizations.errors import BadRequest, RateLimited
from tests.helpers import other_tasks, turns


def queue(
    per_second: float = 1, burst: float = 1, **settings: float
) -> SlotQueue:
    """One bucket; nobody is refused for want of patience."""
    patience = {"max_wait_seconds": 1e6} | settings
    return SlotQueue(Budget(TokenBucket(per_second, burst)), **patience)  # type: ignore[arg-type]


class Gate:
    """Callers before a queue, and when each of them passed."""

    def __init__(self, slots: SlotQueue) -> None:
        self.slots = slots
        self.passed: list[tuple[float, int, float]] = []  # when, who, cost
        self.refused: list[int] = []

    async def pass_through(self, who: int, *cost: float) -> None:
        """Wait for a slot; note it."""
        try:
            await self.slots.acquire(*cost)
        except RateLimited:
            self.refused.append(who)
        else:
            self.passed.append((now(), who, cost[-1]))

    def caller(self, who: int, *cost: float) -> asyncio.Task[None]:
        """Somebody who comes now."""
        return asyncio.create_task(self.pass_through(who, *cost))

    @property
    def order(self) -> list[int]:
        """Who passed, in order."""
        return [who for _, who, _ in self.passed]


def test_after_the_burst_each_waits_for_its_own_slot() -> None:
    async def main() -> None:
        gate = Gate(queue(per_second=2, burst=3))
        await asyncio.gather(*(gate.caller(n, 1) for n in range(6)))
        assert [when for when, _, _ in gate.passed] == [0, 0, 0, 0.5, 1, 1.5]

    run_virtual(main())


def test_nobody_overtakes_and_a_big_one_is_not_starved() -> None:
    """Ordered by size, or by luck, small requests would slip past the big one
    for ever: ten a second come, and ten a second pass.
    """

    async def main() -> None:
        gate = Gate(queue(per_second=10, burst=10))
        callers = []
        for n in range(200):
            callers.append(gate.caller(n, 10 if n == 20 else 1))
            await asyncio.sleep(0.1)
        await asyncio.gather(*callers)
        assert gate.order == list(range(200))

    run_virtual(main())


visits = st.lists(
    st.tuples(
        st.integers(0, 8),  # tenths of a second since the one before
        st.integers(1, 10),  # what it costs
        st.one_of(st.none(), st.integers(0, 20)),  # leaves after, in tenths
    ),
    max_size=30,
)


@settings(max_examples=80, deadline=None, derandomize=True)
@given(visits)
def test_no_window_gets_more_than_burst_and_rate_allow(
    plan: list[tuple[int, int, int | None]],
) -> None:
    rate, burst = 4.0, 10.0

    async def main() -> Gate:
        gate = Gate(queue(rate, burst))
        callers = []
        for who, (tenths, cost, leaves) in enumerate(plan):
            await asyncio.sleep(tenths / 10)
            caller = gate.caller(who, cost)
            callers.append(caller)
            if leaves is not None:
                asyncio.get_running_loop().call_later(
                    leaves / 10, caller.cancel
                )
        await asyncio.gather(*callers, return_exceptions=True)
        assert gate.slots.waiting == 0
        return gate

    passed = run_virtual(main()).passed
    for first, (start, _, _) in enumerate(passed):
        spent = 0.0
        for end, _, cost in passed[first:]:
            spent += cost
            assert spent <= burst + rate * (end - start) + 1e-6
    assert [who for _, who, _ in passed] == sorted(who for _, who, _ in passed)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(visits)
def test_both_of_two_buckets_keep_their_limit(
    plan: list[tuple[int, int, int | None]],
) -> None:
    """Slots booked on arrival in each bucket apart bunch up in the one behind
    a wait for the other.
    """

    async def main() -> Gate:
        budget = Budget(TokenBucket(2, 3), TokenBucket(4, 10))
        gate = Gate(SlotQueue(budget, max_wait_seconds=1e6))
        callers = []
        for who, (tenths, cost, _) in enumerate(plan):
            await asyncio.sleep(tenths / 10)
            callers.append(gate.caller(who, 1, cost))
        await asyncio.gather(*callers)
        return gate

    passed = run_virtual(main()).passed
    for first, (start, _, _) in enumerate(passed):
        tokens = 0.0
        for count, (end, _, cost) in enumerate(passed[first:], 1):
            tokens += cost
            assert count <= 3 + 2 * (end - start) + 1e-6
            assert tokens <= 10 + 4 * (end - start) + 1e-6


def test_who_leaves_the_queue_leaves_no_gap() -> None:
    async def main() -> None:
        gate = Gate(queue(per_second=1, burst=1))
        callers = [gate.caller(n, 1) for n in range(5)]
        await asyncio.sleep(0.5)
        callers[1].cancel()
        callers[3].cancel()
        await asyncio.gather(*callers, return_exceptions=True)
        assert gate.passed == [(0, 0, 1), (1, 2, 1), (2, 4, 1)]

    run_virtual(main())


def test_who_is_cancelled_with_the_slot_in_hand_gives_it_back() -> None:
    """The alarm and the cancellation come in one turn of the loop: the slot
    was taken, and nobody used it.
    """

    async def main() -> None:
        gate = Gate(queue(per_second=1, burst=1))
        callers = [gate.caller(n, 1) for n in range(3)]
        await turns(2)

        def leave() -> None:
            assert gate.slots.admitted == 2  # the alarm rang just before
            callers[1].cancel()

        asyncio.get_running_loop().call_at(1, leave)
        await asyncio.gather(*callers, return_exceptions=True)
        assert callers[1].cancelled()
        assert gate.passed == [(0, 0, 1), (1, 2, 1)]
        assert gate.slots.admitted == 2

    run_virtual(main())


def test_each_waiter_is_woken_once_by_an_alarm_of_its_own() -> None:
    class Counting(VirtualLoop):
        alarms = 0

        def call_at(
            self,
            when: float,
            callback: Callable[..., object],
            *args: object,
            **kwargs: object,
        ) -> asyncio.TimerHandle:
            type(self).alarms += 1
            return super().call_at(when, callback, *args, **kwargs)  # type: ignore[arg-type]

    async def main() -> None:
        gate = Gate(queue(per_second=100, burst=1, max_waiting=500))
        await asyncio.gather(*(gate.caller(n, 1) for n in range(501)))
        assert now() == pytest.approx(5)

    with asyncio.Runner(loop_factory=Counting) as runner:
        runner.run(main())
    assert Counting.alarms == 500


def test_a_late_alarm_costs_no_throughput() -> None:
    """A limiter that counts from when it woke loses a little at each slot."""

    class Sluggish(VirtualLoop):
        def select(self, timeout: float | None) -> list[object]:
            before = self.time()
            events = super().select(timeout)
            if self.time() > before:
                self.block(0.03)  # each timer is so late
            return events

    async def main() -> None:
        gate = Gate(queue(per_second=10, burst=1))
        await asyncio.gather(*(gate.caller(n, 1) for n in range(101)))
        assert now() == pytest.approx(10, abs=0.1)

    with asyncio.Runner(loop_factory=Sluggish) as runner:
        runner.run(main())


def test_a_slot_past_the_deadline_is_refused_on_arrival() -> None:
    async def main() -> None:
        slots = queue(per_second=1, burst=1)
        await slots.acquire(1)
        ahead = asyncio.create_task(slots.acquire(1))
        await turns(1)
        with pytest.raises(RateLimited) as refusal:
            await slots.acquire(1, due=lambda: 1.5)
        assert now() == 0
        assert refusal.value.retry_after == 2
        await slots.acquire(1, due=lambda: 2)
        assert now() == 2
        await ahead

    run_virtual(main())


def test_a_slot_that_moved_past_the_deadline_is_refused_without_spending() -> (
    None
):
    async def main() -> None:
        slots = queue(per_second=1, burst=1)
        await slots.acquire(1)
        waiter = asyncio.create_task(slots.acquire(1, due=lambda: 2))
        await turns(1)
        slots.correct(3)  # somebody used more than they had reserved
        with pytest.raises(RateLimited):
            await waiter
        assert now() == 0
        assert slots.budget.levels(now()) == [-3]

    run_virtual(main())


def test_what_is_given_back_moves_everybody_forward() -> None:
    async def main() -> None:
        gate = Gate(queue(per_second=1, burst=10))
        callers = [gate.caller(n, 10) for n in range(2)]
        await asyncio.sleep(2)
        gate.slots.correct(-8)
        await asyncio.gather(*callers)
        assert gate.passed[-1][0] == 2

    run_virtual(main())


def test_what_can_never_pass_is_told_so_at_once() -> None:
    async def main() -> None:
        slots = queue(per_second=1, burst=10)
        with pytest.raises(BadRequest, match="more than the budget"):
            await slots.acquire(11)
        assert slots.budget.levels(now()) == [10]

    run_virtual(main())


def test_a_retry_takes_now_or_nothing_and_never_past_a_waiter() -> None:
    async def main() -> None:
        slots = queue(per_second=1, burst=10)
        assert slots.try_acquire(9)
        waiter = asyncio.create_task(slots.acquire(5))
        await turns(1)
        assert not slots.try_acquire(1)  # it is there, but not for us
        await waiter
        assert now() == 4
        assert not slots.try_acquire(1)
        assert slots.budget.levels(now()) == [0]

    run_virtual(main())


def test_the_queue_has_an_end() -> None:
    async def main() -> None:
        gate = Gate(queue(per_second=1, burst=1, max_waiting=2))
        callers = [gate.caller(n, 1) for n in range(5)]
        await asyncio.gather(*callers)
        assert gate.order == [0, 1, 2]
        assert gate.refused == [3, 4]
        assert gate.slots.refused == 2

    run_virtual(main())


def test_who_would_wait_too_long_is_refused_on_arrival() -> None:
    async def main() -> None:
        gate = Gate(queue(per_second=1, burst=1, max_wait_seconds=2))
        callers = [gate.caller(n, 1) for n in range(4)]
        await turns(2)
        assert gate.refused == [3]
        await asyncio.gather(*callers)

    run_virtual(main())


def test_an_empty_queue_leaves_no_timer_behind() -> None:
    """With one, the clock would go on to its slot before nothing is left."""
    ended_at: list[float] = []

    async def main() -> None:
        slots = queue(per_second=0.001, burst=1)
        await slots.acquire(1)
        waiter = asyncio.create_task(slots.acquire(1))
        await turns(1)
        waiter.cancel()
        await asyncio.wait([waiter])
        assert slots.waiting == 0
        assert not other_tasks()
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            ended_at.append(now())

    with pytest.raises(Deadlock):
        run_virtual(main())
    assert ended_at == [0]


@pytest.mark.parametrize("value", [0, -1, nan, inf])
def test_nonsense_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="max_wait_seconds"):
        queue(max_wait_seconds=value)
    with pytest.raises(ValueError, match="max_waiting"):
        queue(max_waiting=-1)
