"""A wait ends in time, and a cancellation is never lost."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from optimizations.caching.time_limit import within
from optimizations.clock import now, run_virtual

Work = Callable[[float], Awaitable[str]]


async def after(seconds: float, value: str = "here") -> str:
    await asyncio.sleep(seconds)
    return value


async def swallowing(seconds: float) -> str:
    """Takes a cancellation for a reason to go on, as some libraries do."""
    try:
        await asyncio.sleep(seconds)
    except asyncio.CancelledError:
        return "went on"
    return "undisturbed"


async def failing_when_cancelled(seconds: float) -> str:
    try:
        await asyncio.sleep(seconds)
    except asyncio.CancelledError:
        raise OSError("the line broke") from None
    return "undisturbed"


def test_what_comes_in_time_is_handed_on() -> None:
    async def main() -> None:
        assert await within(2, after(1)) == "here"
        with pytest.raises(OSError, match="broken"):
            await within(2, failing())

    async def failing() -> str:
        raise OSError("broken")

    run_virtual(main())


@pytest.mark.parametrize("work", [after, swallowing, failing_when_cancelled])
def test_what_is_late_is_a_timeout_whatever_it_makes_of_it(
    work: Work,
) -> None:
    async def main() -> None:
        with pytest.raises(TimeoutError):
            await within(2, work(3600))
        assert now() == 2
        await asyncio.sleep(5)  # nothing of the timeout is left behind

    run_virtual(main())


@pytest.mark.parametrize("work", [after, swallowing, failing_when_cancelled])
def test_a_cancelled_wait_ends_cancelled(
    work: Work,
) -> None:
    """A library took the cancellation for itself, and a caller who had left
    went on being served.
    """

    async def main() -> None:
        task = asyncio.create_task(within(10, work(3600)))
        await asyncio.sleep(1)
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()
        assert now() == 1

    run_virtual(main())


def test_an_earlier_cancellation_that_was_dealt_with_is_no_new_one() -> None:
    async def main() -> str:
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            return await within(10, after(1))
        return "undisturbed"

    async def outside() -> None:
        task = asyncio.create_task(main())
        await asyncio.sleep(1)
        task.cancel()
        assert await task == "here"

    run_virtual(outside())
