"""One timer, many waits: who is bitten, and who never."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from math import inf

import pytest

from optimizations.clock import VirtualLoop, now, run_virtual
from optimizations.streaming.watchdog import Expired, Watchdog


def test_a_wait_that_lasts_too_long_is_ended() -> None:
    async def main() -> None:
        watchdog = Watchdog()
        with pytest.raises(Expired), watchdog.until(2):
            await asyncio.sleep(60)
        assert now() == 2
        await asyncio.sleep(1)  # and the task is as well as before
        watchdog.close()

    run_virtual(main())


def test_time_between_two_waits_is_nobodys() -> None:
    async def main() -> None:
        watchdog = Watchdog()
        for _ in range(5):
            with watchdog.until(now() + 2):
                await asyncio.sleep(1)
            await asyncio.sleep(30)
        watchdog.close()

    run_virtual(main())


def test_an_earlier_time_than_the_timer_has_counts() -> None:
    """Set for 30 s by the first wait, the timer slept through the second, of
    5 s.
    """

    async def main() -> None:
        watchdog = Watchdog()
        with watchdog.until(30):
            await asyncio.sleep(1)
        with pytest.raises(Expired), watchdog.until(now() + 5):
            await asyncio.sleep(60)
        assert now() == 6
        watchdog.close()

    run_virtual(main())


@pytest.mark.parametrize("first", ["outside", "timer"])
def test_a_cancellation_from_outside_stays_one_in_the_same_moment(
    first: str,
) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()

        async def wait() -> None:
            if first == "outside":
                loop.call_at(2, task.cancel)
            watchdog = Watchdog()
            try:
                with watchdog.until(2):
                    if first == "timer":
                        loop.call_at(2, task.cancel)
                    await asyncio.sleep(60)
            finally:
                watchdog.close()

        task = asyncio.create_task(wait())
        await asyncio.wait([task])
        assert task.cancelled()
        assert now() == 2

    run_virtual(main())


def test_of_two_that_ring_at_once_each_is_heard() -> None:
    """The inner one's bite is an error, which may be survived: a retry does.
    The outer one's must then still end the wait.
    """

    async def main() -> None:
        outer, inner = Watchdog(), Watchdog()

        async def stubborn() -> None:
            try:
                with inner.until(2):
                    await asyncio.sleep(60)
            except Expired:
                await asyncio.sleep(60)

        with pytest.raises(Expired), outer.until(2):
            await stubborn()
        assert now() == 2
        outer.close()
        inner.close()

    run_virtual(main())


def test_a_wait_within_a_cancelled_task_is_bitten_like_any_other() -> None:
    async def main() -> None:
        async def clean_up() -> str:
            watchdog = Watchdog()
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                with pytest.raises(Expired), watchdog.until(now() + 2):
                    await asyncio.sleep(60)
                watchdog.close()
            return "cleaned up"

        task = asyncio.create_task(clean_up())
        await asyncio.sleep(1)
        task.cancel()
        assert await task == "cleaned up"
        assert now() == 3

    run_virtual(main())


def test_what_fails_by_itself_fails_with_its_own_error() -> None:
    async def main() -> None:
        watchdog = Watchdog()
        with pytest.raises(TimeoutError) as error, watchdog.until(5):
            raise TimeoutError("of a socket")
        assert error.type is TimeoutError
        watchdog.close()

    run_virtual(main())


def test_a_wait_without_an_end_sets_no_timer() -> None:
    async def main() -> None:
        watchdog = Watchdog()
        with watchdog.until(inf):
            await asyncio.sleep(1e6)
        watchdog.close()

    run_virtual(main())


class Counting(VirtualLoop):
    """Counts the timers that are set, and how many are left."""

    def __init__(self) -> None:
        super().__init__()
        self.timers = 0

    def call_at(
        self,
        when: float,
        callback: Callable[..., object],
        *args: object,
        **kwargs: object,
    ) -> asyncio.TimerHandle:
        self.timers += 1
        return super().call_at(when, callback, *args, **kwargs)  # type: ignore[arg-type]


def test_many_short_waits_need_few_timers() -> None:
    async def main() -> int:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, Counting)
        watchdog = Watchdog()
        for _ in range(1000):
            with watchdog.until(now() + 10):
                await asyncio.sleep(0.1)
        watchdog.close()
        return loop.timers - 1000  # those of `sleep` itself

    with asyncio.Runner(loop_factory=Counting) as runner:
        assert runner.run(main()) <= 100 / 9 + 1
