"""One of many does the work, and another one if that one dies."""

from __future__ import annotations

import asyncio

import pytest

from optimizations.caching.lease import Lease, Turn
from optimizations.clock import now, run_virtual
from tests.caching.leases import OVER, MemoryLeases, taking_turns
from tests.helpers import other_tasks


def test_one_has_it_until_the_work_is_done() -> None:
    run_virtual(taking_turns(MemoryLeases()))


def test_it_is_renewed_as_long_as_the_work_runs() -> None:
    """A lease of two seconds was shorter than an answer of a model."""

    async def main() -> None:
        leases = MemoryLeases(lease_seconds=3)
        lease = Lease(leases, "work")
        assert await lease.take() is Turn.MINE
        async with lease.held():
            await asyncio.sleep(60)
            assert await Lease(leases, "work").take() is Turn.ANOTHERS
        assert 55 <= leases.renewals <= 61
        assert not lease.lost
        assert not other_tasks()

    run_virtual(main())


def test_work_that_is_left_may_be_done_by_the_next() -> None:
    async def main() -> None:
        leases = MemoryLeases()
        lease = Lease(leases, "work")

        async def work() -> None:
            await lease.take()
            async with lease.held():
                await asyncio.sleep(60)

        task = asyncio.create_task(work())
        await asyncio.sleep(1)
        task.cancel()
        await asyncio.wait([task])
        assert await Lease(leases, "work").take() is Turn.MINE
        assert not other_tasks()

    run_virtual(main())


def test_work_that_failed_is_done() -> None:
    async def main() -> None:
        leases = MemoryLeases()
        lease = Lease(leases, "work")
        await lease.take()
        with pytest.raises(ZeroDivisionError):
            async with lease.held():
                raise ZeroDivisionError
        assert await Lease(leases, "work").take() is Turn.OVER

    run_virtual(main())


def test_whoever_is_cancelled_while_taking_it_leaves_none_behind() -> None:
    async def main() -> None:
        for tenths in range(12):
            leases = MemoryLeases(delay_seconds=0.5)
            taking = asyncio.create_task(Lease(leases, "work").take())
            await asyncio.sleep(tenths / 10)
            taking.cancel()
            await asyncio.wait([taking])
            assert taking.cancelled() == (leases.holder("work") is None)

    run_virtual(main())


def test_one_whose_answer_was_lost_is_given_back_if_it_was_given() -> None:
    async def main() -> None:
        leases = MemoryLeases()
        mine, anothers = Lease(leases, "work"), Lease(leases, "work")
        assert await mine.take() is Turn.MINE
        await anothers.abandon()
        assert leases.holder("work") is not None
        await mine.abandon()
        assert await anothers.take() is Turn.MINE

    run_virtual(main())


def test_it_is_given_back_once_redis_is_there_again() -> None:
    async def main() -> None:
        leases = MemoryLeases(lease_seconds=3)
        mine = Lease(leases, "work")
        await mine.take()
        leases.up = False
        giving_back = asyncio.create_task(mine.abandon())
        await asyncio.sleep(1.2)
        leases.up = True
        await giving_back
        assert now() < 2
        assert leases.holder("work") is None

    run_virtual(main())


def test_a_short_absence_of_redis_does_not_lose_it() -> None:
    async def main() -> None:
        leases = MemoryLeases(lease_seconds=3)
        lease = Lease(leases, "work")
        await lease.take()
        async with lease.held():
            await asyncio.sleep(10)
            leases.up = False
            await asyncio.sleep(1.5)
            leases.up = True
            await asyncio.sleep(10)
            assert not lease.lost
            leases.up = False
        # nobody could be told: it runs out
        leases.up = True
        assert await Lease(leases, "work").take() is Turn.ANOTHERS
        await asyncio.sleep(3)
        assert await Lease(leases, "work").take() is Turn.MINE

    run_virtual(main())


def test_who_was_frozen_for_longer_notices_and_ends_nobody_elses() -> None:
    async def main() -> None:
        leases = MemoryLeases(lease_seconds=3)
        frozen, next_one = Lease(leases, "work"), Lease(leases, "work")
        await frozen.take()
        await asyncio.sleep(5)
        assert await next_one.take() is Turn.MINE
        async with frozen.held():
            await asyncio.sleep(1.5)
            assert frozen.lost
        assert await Lease(leases, "work").take() is Turn.ANOTHERS

    run_virtual(main())


@pytest.mark.parametrize("tenths", range(1, 12))
def test_whoever_is_cancelled_while_ending_it_has_ended_it(
    tenths: int,
) -> None:
    """The note was never sent, and the others waited for three seconds."""

    async def main() -> None:
        leases = MemoryLeases(lease_seconds=60, delay_seconds=0.5)
        lease = Lease(leases, "work")
        await lease.take()

        async def work() -> None:
            async with lease.held():
                pass

        task = asyncio.create_task(work())
        await asyncio.sleep(tenths / 10)
        task.cancel()
        await asyncio.wait([task])
        assert leases.holder("work") in (None, OVER)
        assert not other_tasks()

    run_virtual(main())
