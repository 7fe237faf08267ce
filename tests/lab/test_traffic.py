"""Traffic: arrivals with the rate and the burstiness that were asked for,
questions of which few are popular, and loops that keep their promise.
"""

from __future__ import annotations

import asyncio
from itertools import islice, pairwise
from statistics import fmean, stdev

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.conversations import single_turns
from lab.traffic import (
    arrivals,
    closed_loop,
    constant,
    gamma_bursts,
    open_loop,
    poisson,
    scheduled_loop,
)
from optimizations.clock import VirtualLoop, now, run_virtual
from optimizations.llm import Request


def gaps(times: list[float]) -> list[float]:
    return [later - sooner for sooner, later in pairwise(times)]


def texts(count: int) -> list[Request]:
    return list(single_turns(f"question {i}" for i in range(count)))


def test_constant_arrivals_are_evenly_spaced() -> None:
    assert list(islice(constant(4), 4)) == [0.0, 0.25, 0.5, 0.75]


def test_poisson_arrivals_keep_their_rate_and_vary_as_much_as_they_last() -> (
    None
):
    waits = gaps(list(islice(poisson(5, seed=1), 20_000)))
    assert fmean(waits) == pytest.approx(0.2, rel=0.03)
    assert stdev(waits) / fmean(waits) == pytest.approx(1, rel=0.05)


def test_bursts_keep_the_rate_and_have_the_variation_asked_for() -> None:
    bursts = gamma_bursts(5, variation=3, seed=1)
    waits = gaps(list(islice(bursts, 50_000)))
    assert fmean(waits) == pytest.approx(0.2, rel=0.06)
    assert stdev(waits) / fmean(waits) == pytest.approx(3, rel=0.1)


@given(
    rate=st.floats(0.01, 1e4),
    variation=st.floats(0.1, 5),
    seed=st.integers(),
)
@settings(max_examples=30, derandomize=True, deadline=None)
def test_arrivals_never_go_back_in_time_and_repeat_with_their_seed(
    rate: float, variation: float, seed: int
) -> None:
    def drawn() -> list[float]:
        return list(
            islice(gamma_bursts(rate, variation=variation, seed=seed), 50)
        )

    assert drawn() == sorted(drawn())


@pytest.mark.parametrize("bad", [0, -1, float("nan"), float("inf")])
def test_a_rate_that_makes_no_sense_is_refused(bad: float) -> None:
    with pytest.raises(ValueError, match="must be above 0"):
        next(constant(bad))
    with pytest.raises(ValueError, match="must be above 0"):
        next(poisson(bad, seed=0))
    with pytest.raises(ValueError, match="variation must be above 0"):
        next(gamma_bursts(1, variation=bad, seed=0))


def test_the_open_loop_sends_on_time_however_slow_the_answers_are() -> None:
    async def main() -> None:
        async def send(request: Request, due: float) -> tuple[float, float]:
            sent = now()
            await asyncio.sleep(100)
            return due, sent

        coming = arrivals([0.0, 0.5, 3.0], texts(3), 3)
        assert await open_loop(send, coming) == [(0, 0), (0.5, 0.5), (3, 3)]
        assert now() == 103

    run_virtual(main())


def test_a_sender_that_stalls_the_loop_does_not_move_what_is_due() -> None:
    """Coordinated omission: the client was busy for 2 s, and the request that
    was due meanwhile looked as if it had been due after them.
    """

    async def main() -> None:
        async def send(request: Request, due: float) -> float:
            return due

        coming = arrivals([0.0, 0.5], texts(2), 2)
        task = asyncio.create_task(open_loop(send, coming))
        await asyncio.sleep(0)
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        loop.block(2.0)
        assert await task == [0.0, 0.5]

    run_virtual(main())


def test_the_closed_loop_never_runs_more_than_its_senders() -> None:
    async def main() -> None:
        running = peak = 0

        async def send(request: Request, due: float) -> str:
            nonlocal running, peak
            running += 1
            peak = max(peak, running)
            await asyncio.sleep(1 + int(request.request_id[1:]) % 3)
            running -= 1
            return request.request_id

        order = await closed_loop(send, texts(20), senders=4)
        assert order == [f"r{i}" for i in range(20)]
        assert peak == 4

    run_virtual(main())


def test_a_scheduled_sender_that_waits_is_late_and_knows_it() -> None:
    """One sender, a request due each second, an answer takes 3 s at first."""

    async def main() -> None:
        async def send(request: Request, due: float) -> tuple[float, float]:
            sent = now()
            await asyncio.sleep(3 if request.request_id == "r0" else 0.5)
            return due, sent

        coming = arrivals([0.0, 1.0, 2.0, 5.0], texts(4), 4)
        times = await scheduled_loop(send, coming, senders=1)
        assert times == [(0, 0), (1, 3), (2, 3.5), (5, 5)]
        began = now()
        times = await scheduled_loop(send, coming, senders=4)
        assert [sent - began for _, sent in times] == [0, 1, 2, 5]

    run_virtual(main())


def test_in_the_closed_loop_a_request_is_due_when_its_turn_comes() -> None:
    async def main() -> None:
        async def send(request: Request, due: float) -> float:
            await asyncio.sleep(2)
            return due

        assert await closed_loop(send, texts(3), senders=1) == [0, 2, 4]
        assert await closed_loop(send, [], senders=3) == []

    run_virtual(main())


def test_the_closed_loop_refuses_to_have_no_sender() -> None:
    async def main() -> None:
        async def send(request: Request, due: float) -> None: ...

        with pytest.raises(ValueError, match="senders must be from 1"):
            await closed_loop(send, texts(1), senders=0)

    run_virtual(main())


def test_a_loop_that_is_cancelled_leaves_no_task_behind() -> None:
    async def main() -> None:
        async def send(request: Request, due: float) -> None:
            await asyncio.sleep(1000)

        loops = [
            asyncio.create_task(
                open_loop(send, arrivals([0, 0], texts(2), 2))
            ),
            asyncio.create_task(closed_loop(send, texts(5), senders=2)),
        ]
        await asyncio.sleep(1)
        for loop in loops:
            loop.cancel()
        await asyncio.gather(*loops, return_exceptions=True)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    run_virtual(main())
