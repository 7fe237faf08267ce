"""What is asked in one turn of the loop is asked once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from optimizations.caching.redis.auto_pipelining import AutoPipeline
from optimizations.clock import run_virtual
from tests.helpers import other_tasks, turns


class Wire:
    """Doubles numbers after a second, and writes down what came together."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.running = self.peak = 0
        self.error: Exception | None = None

    async def double(self, items: Sequence[int]) -> Sequence[int]:
        self.batches.append(list(items))
        self.running += 1
        self.peak = max(self.peak, self.running)
        try:
            await asyncio.sleep(1)
        finally:
            self.running -= 1
        if self.error is not None:
            raise self.error
        return [2 * item for item in items]


def test_all_of_a_turn_are_one_batch_and_each_gets_its_own() -> None:
    async def main() -> None:
        wire = Wire()
        pipeline = AutoPipeline(wire.double)
        results = await asyncio.gather(*map(pipeline.submit, range(64)))
        assert results == [2 * n for n in range(64)]
        assert wire.batches == [list(range(64))]

    run_virtual(main())


def test_while_a_batch_is_on_its_way_the_next_one_gathers() -> None:
    async def main() -> None:
        wire = Wire()
        pipeline = AutoPipeline(wire.double)
        first = pipeline.submit(0)
        await turns(3)
        rest = [pipeline.submit(1)]
        await turns(3)
        rest.append(pipeline.submit(2))
        assert await asyncio.gather(first, *rest) == [0, 2, 4]
        assert wire.batches == [[0], [1, 2]]

    run_virtual(main())


def test_a_large_batch_is_split_and_only_so_many_run() -> None:
    async def main() -> None:
        wire = Wire()
        pipeline = AutoPipeline(wire.double, max_size=10, max_running=2)
        results = await asyncio.gather(*map(pipeline.submit, range(45)))
        assert results == [2 * n for n in range(45)]
        assert [len(batch) for batch in wire.batches] == [10, 10, 10, 10, 5]
        assert wire.peak == 2

    run_virtual(main())


def test_who_leaves_takes_no_other_along() -> None:
    async def main() -> None:
        wire = Wire()
        pipeline = AutoPipeline(wire.double)
        early, late, stays = (pipeline.submit(n) for n in range(3))
        early.cancel()  # before the batch went out
        await turns(3)
        late.cancel()  # and while it is on its way
        assert await stays == 4
        assert wire.batches == [[1, 2]]
        assert not other_tasks()

    run_virtual(main())


def test_an_error_reaches_its_batch_and_not_the_next() -> None:
    async def main() -> None:
        wire = Wire()
        pipeline = AutoPipeline(wire.double)
        wire.error = OSError("gone")
        for failed in [pipeline.submit(n) for n in range(2)]:
            with pytest.raises(OSError):
                await failed
        wire.error = None
        assert await pipeline.submit(3) == 6

    run_virtual(main())


def test_too_few_results_are_an_error_rather_than_somebody_elses() -> None:
    async def main() -> None:
        async def forgets_one(items: Sequence[int]) -> Sequence[int]:
            return items[1:]

        pipeline = AutoPipeline(forgets_one)
        with pytest.raises(ValueError):
            await asyncio.gather(*map(pipeline.submit, range(3)))

    run_virtual(main())


def test_what_waits_is_bounded() -> None:
    async def main() -> None:
        pipeline = AutoPipeline(Wire().double, max_waiting=2)
        waiting = [pipeline.submit(n) for n in range(2)]
        with pytest.raises(asyncio.QueueFull):
            pipeline.submit(2)
        assert await asyncio.gather(*waiting) == [0, 2]

    run_virtual(main())


def test_closing_ends_whoever_waits_and_it_can_be_used_again() -> None:
    async def main() -> None:
        wire = Wire()
        pipeline = AutoPipeline(wire.double)
        on_its_way = pipeline.submit(0)
        await turns(3)
        waiting = pipeline.submit(1)
        await pipeline.aclose()
        for ended in (on_its_way, waiting):
            with pytest.raises(ConnectionError):
                await ended
        assert wire.running == 0
        assert not other_tasks()
        assert await pipeline.submit(2) == 4

    run_virtual(main())


@pytest.mark.parametrize("name", ["max_size", "max_running", "max_waiting"])
def test_a_maximum_of_nothing_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        AutoPipeline(Wire().double, **{name: 0})
