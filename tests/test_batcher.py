"""What comes one by one is handled together, and fails alone."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Sequence
from math import inf, nan
from weakref import ref

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimizations.batcher import Batcher
from optimizations.clock import now, run_virtual
from optimizations.errors import ConnectionFailed, Overloaded, Refused
from tests.helpers import other_tasks, turns


class Kitchen:
    """A handler that answers each number with its square, in a while."""

    def __init__(self, seconds: float = 1.0) -> None:
        self.seconds = seconds
        self.batches: list[list[int]] = []
        self.running = self.peak = 0

    async def cook(self, items: Sequence[int]) -> list[int | Exception]:
        """One batch. A negative number spoils all of it, 13 itself only."""
        self.batches.append(list(items))
        self.running += 1
        self.peak = max(self.peak, self.running)
        try:
            await asyncio.sleep(self.seconds)
        finally:
            self.running -= 1
        if any(item < 0 for item in items):
            raise ValueError("spoilt")
        return [
            KeyError("unlucky") if item == 13 else item * item
            for item in items
        ]


def submit(batcher: Batcher[int, int], *items: int) -> list[asyncio.Task[int]]:
    """Callers who come now."""
    return [asyncio.create_task(batcher.submit(item)) for item in items]


def test_those_who_come_within_the_wait_go_together() -> None:
    async def main() -> None:
        kitchen = Kitchen()
        batcher = Batcher(kitchen.cook, linger_seconds=0.5)
        early = submit(batcher, 1, 2)
        await asyncio.sleep(0.4)
        late = submit(batcher, 3)
        await asyncio.sleep(0.4)
        next_one = submit(batcher, 4)
        answers = await asyncio.gather(*early, *late, *next_one)
        assert answers == [1, 4, 9, 16]
        assert kitchen.batches == [[1, 2, 3], [4]]

    run_virtual(main())


def test_a_full_batch_goes_at_once() -> None:
    async def main() -> None:
        kitchen = Kitchen()
        batcher = Batcher(kitchen.cook, max_size=3, linger_seconds=60)
        callers = submit(batcher, *range(6))
        await asyncio.gather(*callers)
        assert kitchen.batches == [[0, 1, 2], [3, 4, 5]]
        assert now() == 1

    run_virtual(main())


def test_batches_wait_for_a_free_handler_in_their_order() -> None:
    async def main() -> None:
        kitchen = Kitchen()
        batcher = Batcher(kitchen.cook, max_size=2, max_running=2)
        await asyncio.gather(*submit(batcher, *range(12)))
        assert kitchen.peak == 2
        assert [batch[0] for batch in kitchen.batches] == [0, 2, 4, 6, 8, 10]
        assert now() == 3

    run_virtual(main())


def test_a_batch_holds_items_of_one_key_only() -> None:
    async def main() -> None:
        kitchen = Kitchen()
        batcher = Batcher(kitchen.cook, key=lambda item: item % 2)
        await asyncio.gather(*submit(batcher, *range(6)))
        assert kitchen.batches == [[0, 2, 4], [1, 3, 5]]

    run_virtual(main())


def test_an_error_for_one_item_is_its_own() -> None:
    async def main() -> None:
        batcher = Batcher(Kitchen().cook)
        callers = submit(batcher, 12, 13, 14)
        answers = await asyncio.gather(*callers, return_exceptions=True)
        assert answers[0] == 144
        assert isinstance(answers[1], KeyError)
        assert answers[2] == 196

    run_virtual(main())


def test_one_poisoned_item_of_thirty_two_fails_alone() -> None:
    async def main() -> None:
        kitchen = Kitchen(0.1)
        batcher = Batcher(kitchen.cook, max_size=32)
        callers = submit(batcher, *range(20, 39), -1, *range(40, 52))
        answers = await asyncio.gather(*callers, return_exceptions=True)
        bad = [answer for answer in answers if isinstance(answer, Exception)]
        assert len(bad) == 1
        assert bad[0] is answers[19]
        assert len(kitchen.batches) == 11  # two for each of five halvings
        assert now() < 2

    run_virtual(main())


def test_an_error_that_is_nobodys_fault_does_not_multiply_the_calls() -> None:
    """A provider that is down got 63 calls for a batch of 32."""

    async def main() -> None:
        kitchen = Kitchen()
        batcher = Batcher(
            kitchen.cook, max_size=32, is_poison=lambda error: False
        )
        callers = submit(batcher, -1, *range(31))
        answers = await asyncio.gather(*callers, return_exceptions=True)
        assert all(isinstance(answer, ValueError) for answer in answers)
        assert len(kitchen.batches) == 1

    run_virtual(main())


def test_a_handler_that_miscounts_fails_the_whole_batch() -> None:
    async def miscount(items: Sequence[int]) -> list[int]:
        return [1]

    async def main() -> None:
        callers = submit(Batcher(miscount), 1, 2)
        answers = await asyncio.gather(*callers, return_exceptions=True)
        assert [str(answer) for answer in answers] == ["1 for 2 items"] * 2

    run_virtual(main())


def test_a_handler_that_was_cancelled_by_itself_leaves_nobody_waiting() -> (
    None
):
    async def vanish(items: Sequence[int]) -> list[int]:
        raise asyncio.CancelledError

    async def main() -> None:
        callers = submit(Batcher(vanish), 1, 2)
        answers = await asyncio.gather(*callers, return_exceptions=True)
        assert all(isinstance(a, ConnectionFailed) for a in answers)

    run_virtual(main())


def test_an_item_whose_caller_left_is_not_run() -> None:
    async def main() -> None:
        kitchen = Kitchen()
        batcher = Batcher(kitchen.cook, linger_seconds=1)
        callers = submit(batcher, 1, 2, 3)
        await asyncio.sleep(0.5)
        callers[1].cancel()
        answers = await asyncio.gather(*callers, return_exceptions=True)
        assert kitchen.batches == [[1, 3]]
        assert (answers[0], answers[2]) == (1, 9)

    run_virtual(main())


def test_who_leaves_while_another_half_is_tried_is_not_run_either() -> None:
    async def main() -> None:
        kitchen = Kitchen()
        batcher = Batcher(kitchen.cook, max_size=4)
        callers = submit(batcher, -1, 2, 3, 4)
        await asyncio.sleep(1.5)  # all failed together; [-1, 2] are tried
        callers[2].cancel()
        answers = await asyncio.gather(*callers, return_exceptions=True)
        assert kitchen.batches == [[-1, 2, 3, 4], [-1, 2], [-1], [2], [4]]
        assert batcher.batches == 5
        assert (answers[1], answers[3]) == (4, 16)

    run_virtual(main())


def test_a_caller_who_leaves_a_running_batch_takes_nobody_along() -> None:
    async def main() -> None:
        batcher = Batcher(Kitchen().cook)
        callers = submit(batcher, 1, 2)
        await asyncio.sleep(0.5)
        callers[0].cancel()
        assert await callers[1] == 4

    run_virtual(main())


def test_a_batch_that_nobody_waits_for_is_cancelled() -> None:
    async def main() -> None:
        kitchen = Kitchen(60)
        batcher = Batcher(kitchen.cook)
        callers = submit(batcher, 1, 2)
        await asyncio.sleep(0.5)
        assert kitchen.running == 1
        for caller in callers:
            caller.cancel()
        await asyncio.wait(callers)
        await turns(2)
        assert kitchen.running == 0
        assert batcher.pending == 0
        assert not other_tasks()

    run_virtual(main())


def test_callers_who_come_and_go_leave_nothing_in_a_stuck_batcher() -> None:
    """Batches that wait behind a stuck one grew without an end, though each
    caller had long left.
    """

    class Dish:
        """What is ordered."""

    async def cook(dishes: Sequence[Dish]) -> list[Exception | None]:
        await asyncio.sleep(1e6)
        return []

    async def main() -> None:
        batcher = Batcher(cook, max_running=1, max_size=2)
        ordered: list[ref[Dish]] = []

        def visit() -> asyncio.Task[None]:
            dish = Dish()
            ordered.append(ref(dish))
            return asyncio.create_task(batcher.submit(dish))

        stuck = [visit(), visit()]
        for _ in range(100):
            visitors = [visit(), visit(), visit()]
            await asyncio.sleep(0.1)
            for visitor in visitors:
                visitor.cancel()
            await asyncio.wait(visitors)
        gc.collect()
        assert (batcher.pending, batcher.waiting) == (2, 0)
        kept = sum(dish() is not None for dish in ordered)
        assert kept <= 2 + len(visitors)
        await batcher.aclose()
        await asyncio.wait(stuck)

    run_virtual(main())


def test_what_is_pending_has_a_bound() -> None:
    async def main() -> None:
        batcher = Batcher(Kitchen().cook, max_waiting=3)
        callers = submit(batcher, 1, 2, 3)
        await turns(1)
        with pytest.raises(Overloaded):
            await batcher.submit(4)
        await asyncio.gather(*callers)
        assert await batcher.submit(4) == 16

    run_virtual(main())


def test_closing_it_ends_all_who_wait() -> None:
    async def main() -> None:
        kitchen = Kitchen(60)
        batcher = Batcher(kitchen.cook, max_size=2, max_running=1)
        running = submit(batcher, 1, 2)
        due = submit(batcher, 3, 4)
        await turns(3)
        open_still = submit(batcher, 5)
        await turns(1)
        await batcher.aclose()
        ends = await asyncio.gather(
            *running, *due, *open_still, return_exceptions=True
        )
        assert [type(end) for end in ends] == [ConnectionFailed] * 2 + [
            Refused
        ] * 3
        assert kitchen.running == 0
        assert not other_tasks()
        with pytest.raises(Refused, match="closed"):
            await batcher.submit(6)

    run_virtual(main())


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 9),  # tenths of a second since the one before
            st.sampled_from([1, 2, 3, 13, -1]),
            st.one_of(st.none(), st.integers(0, 30)),  # leaves, in tenths
        ),
        max_size=40,
    )
)
def test_every_caller_gets_exactly_its_own_outcome(
    plan: list[tuple[int, int, int | None]],
) -> None:
    async def main() -> None:
        kitchen = Kitchen()
        batcher = Batcher(
            kitchen.cook, max_size=4, linger_seconds=0.5, max_running=2
        )
        callers = []
        for gap, item, leaves in plan:
            await asyncio.sleep(gap / 10)
            callers += submit(batcher, item)
            if leaves is not None:
                asyncio.get_running_loop().call_later(
                    leaves / 10, callers[-1].cancel
                )
        ends = await asyncio.gather(*callers, return_exceptions=True)
        for (_, item, leaves), end in zip(plan, ends, strict=True):
            if isinstance(end, asyncio.CancelledError):
                assert leaves is not None
            elif item < 0:
                assert isinstance(end, ValueError)
            elif item == 13:
                assert isinstance(end, KeyError)
            else:
                assert end == item * item
        await turns(2)
        assert batcher.pending == kitchen.running == 0
        assert kitchen.peak <= 2
        assert not other_tasks()

    run_virtual(main())


@pytest.mark.parametrize("value", [-1, nan, inf])
def test_nonsense_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="linger_seconds"):
        Batcher(Kitchen().cook, linger_seconds=value)
    with pytest.raises(ValueError, match="max_size"):
        Batcher(Kitchen().cook, max_size=0)
