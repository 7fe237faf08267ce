"""Work that nobody waits for is bounded, counted and ended."""

from __future__ import annotations

import asyncio
from math import inf, nan

import pytest

from optimizations.caching.background import Background
from optimizations.clock import now, run_virtual
from tests.helpers import other_tasks


def test_the_same_is_not_begun_twice_and_too_much_not_at_all() -> None:
    async def main() -> None:
        work = Background(max_running=2)

        async def a_second() -> None:
            await asyncio.sleep(1)

        begun = [work.start(key, a_second) for key in ("a", "a", "b", "c")]
        assert begun == [True, False, True, False]
        assert (work.started, work.refused, len(work)) == (2, 2, 2)
        await asyncio.sleep(2)
        assert len(work) == 0
        assert work.start("d", a_second)
        await work.aclose()
        assert not other_tasks()

    run_virtual(main())


def test_the_same_again_at_once_has_to_wait_ever_longer() -> None:
    async def main() -> None:
        work, begun = Background(1, first_pause_seconds=1.0), []

        async def at_once() -> None:
            begun.append(now())

        for _ in range(100):
            work.start("a", at_once)
            await asyncio.sleep(0.1)
        assert begun == pytest.approx([0, 1, 3, 7], abs=0.31)
        await asyncio.sleep(60)
        assert work.start("a", at_once)  # it was long ago
        await asyncio.sleep(1.1)
        assert work.start("a", at_once)

    run_virtual(main())


def test_after_closing_nothing_begins() -> None:
    async def main() -> None:
        work = Background(max_running=1)
        await work.aclose()
        assert not work.start("a", asyncio.Event().wait)

    run_virtual(main())


def test_an_error_is_counted_and_harms_nobody() -> None:
    async def main() -> None:
        work = Background(max_running=1)

        async def fails() -> None:
            raise OSError("no")

        work.start("a", fails)
        await asyncio.sleep(0)
        assert work.failed == 1

    run_virtual(main())


def test_closing_waits_for_the_end_of_what_it_cancels() -> None:
    async def main() -> None:
        work, ended = Background(max_running=1), []

        async def tidies_up() -> None:
            try:
                await asyncio.sleep(60)
            finally:
                await asyncio.sleep(1)
                ended.append("tidy")

        work.start("a", tidies_up)
        await asyncio.sleep(0)
        await work.aclose()
        assert ended == ["tidy"]

    run_virtual(main())


def test_no_room_at_all_is_refused() -> None:
    with pytest.raises(ValueError, match="max_running"):
        Background(0)


@pytest.mark.parametrize("seconds", [-1, 61, inf, nan])
def test_a_pause_that_is_none_is_refused(seconds: float) -> None:
    with pytest.raises(ValueError, match="first_pause_seconds"):
        Background(1, first_pause_seconds=seconds)
