"""Many jobs of one caller, at most so many at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimizations.clock import now, run_virtual
from optimizations.concurrency.gather import Job, gather_bounded
from optimizations.errors import Overloaded
from optimizations.mock import MockModel
from tests.helpers import ask, other_tasks


async def nap(seconds: float, answer: int) -> int:
    """A job that takes a while."""
    await asyncio.sleep(seconds)
    return answer


async def fail(seconds: float, error: BaseException) -> int:
    """A job that goes wrong after a while."""
    await asyncio.sleep(seconds)
    raise error


@settings(max_examples=30, deadline=None, derandomize=True)
@given(
    seconds=st.lists(st.integers(0, 5), max_size=30),
    limit=st.integers(1, 8),
)
def test_results_come_in_the_order_of_the_jobs(
    seconds: list[int], limit: int
) -> None:
    async def main() -> None:
        jobs = [partial(nap, s, index) for index, s in enumerate(seconds)]
        assert await gather_bounded(jobs, limit) == list(range(len(seconds)))

    run_virtual(main())


def test_as_many_run_as_the_limit_says_and_no_more() -> None:
    async def main() -> None:
        model = MockModel("quick")
        requests = [ask(f"question {n}", n) for n in range(40)]
        replies = await gather_bounded(
            (partial(model.complete, request) for request in requests), 5
        )
        assert [reply.trace for reply in replies] == [
            request.trace for request in requests
        ]
        assert model.peak == 5

    run_virtual(main())


def test_a_quick_job_does_not_wait_for_its_slow_neighbours() -> None:
    async def main() -> None:
        jobs = [partial(nap, s, 0) for s in (10, *[1] * 10)]
        await gather_bounded(jobs, 2)
        assert now() == 10  # in blocks of two it would be 15

    run_virtual(main())


def test_a_job_is_made_only_when_its_turn_comes() -> None:
    made = 0

    def jobs() -> Iterator[Job[int]]:
        nonlocal made
        for index in range(1_000_000):
            made += 1
            yield partial(nap, 1, index)

    async def main() -> None:
        task = asyncio.create_task(gather_bounded(jobs(), 3))
        await asyncio.sleep(2.5)
        assert made == 9
        task.cancel()
        await asyncio.wait([task])

    run_virtual(main())


def test_the_first_error_cancels_the_others_and_is_raised() -> None:
    async def main() -> None:
        jobs: list[Job[int]] = [
            partial(nap, 100, 1),
            partial(fail, 2, Overloaded("first")),
            partial(fail, 3, Overloaded("second")),
            partial(nap, 100, 2),
        ]
        with pytest.raises(Overloaded, match="first"):
            await gather_bounded(jobs, 3)
        assert now() == 2
        assert not other_tasks()

    run_virtual(main())


def test_a_job_that_was_cancelled_by_itself_is_no_result() -> None:
    """With a task group the worker would end quietly, and its result be
    missing.
    """

    async def main() -> None:
        jobs: list[Job[int]] = [
            partial(fail, 1, asyncio.CancelledError()),
            partial(nap, 5, 1),
        ]
        with pytest.raises(asyncio.CancelledError):
            await gather_bounded(jobs, 1)
        assert not other_tasks()

    run_virtual(main())


def test_jobs_that_cannot_be_made_stop_everything() -> None:
    def jobs() -> Iterator[Job[int]]:
        yield partial(nap, 10, 1)
        raise OSError("the file of prompts is gone")

    async def main() -> None:
        with pytest.raises(OSError, match="gone"):
            await gather_bounded(jobs(), 2)
        assert now() == 0
        assert not other_tasks()

    run_virtual(main())


def test_whoever_is_cancelled_cancels_the_jobs() -> None:
    async def main() -> None:
        model = MockModel("hosted")
        jobs = [partial(model.complete, ask(n=n)) for n in range(10)]
        task = asyncio.create_task(gather_bounded(jobs, 4))
        await asyncio.sleep(0.1)
        assert model.running == 4
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()
        assert model.running == 0
        assert model.calls == 4
        assert not other_tasks()

    run_virtual(main())


@pytest.mark.parametrize("limit", [0, -1])
def test_a_limit_below_one_is_refused(limit: int) -> None:
    async def main() -> None:
        with pytest.raises(ValueError, match="at least 1"):
            await gather_bounded([], limit)

    run_virtual(main())
