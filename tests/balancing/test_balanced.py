"""Several replicas, one model."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from math import inf
from random import Random

import pytest

from optimizations.balancing.balanced import Balanced
from optimizations.balancing.circuit_breaker import Breaker, CircuitBreaker
from optimizations.balancing.policies import AtRandom, PeakEwma, RoundRobin
from optimizations.clock import run_virtual
from optimizations.errors import (
    CircuitOpen,
    ConnectionFailed,
    LLMError,
    NoReplica,
    Overloaded,
    UpstreamError,
)
from tests.helpers import Scripted, Step, ask, other_tasks, read, says


def quick(seconds: float = 0.1) -> Scripted:
    return Scripted(says("yes", gap_seconds=seconds))


async def traffic(llm: Balanced, requests: int, per_second: float) -> int:
    """Open-loop arrivals; how many failed."""

    async def one(n: int) -> int:
        try:
            await read(llm, ask(n=n))
        except LLMError:
            return 1
        return 0

    tasks = []
    for n in range(requests):
        tasks.append(asyncio.create_task(one(n)))
        await asyncio.sleep(1 / per_second)
    return sum([await task for task in tasks])


def test_each_of_several_replicas_answers() -> None:
    async def main() -> None:
        replicas = [quick(), quick(), quick()]
        llm = Balanced(replicas, RoundRobin())
        for n in range(9):
            assert await read(llm, ask(n=n)) == "yes"
        assert [replica.calls for replica in replicas] == [3, 3, 3]

    run_virtual(main())


def test_a_replica_that_is_not_available_is_not_asked() -> None:
    async def main() -> None:
        down, up = Scripted(available=False), quick()
        llm = Balanced([down, up], RoundRobin())
        for n in range(5):
            await read(llm, ask(n=n))
        assert (down.calls, up.calls) == (0, 5)
        assert llm.available

    run_virtual(main())


def test_a_refusal_costs_nothing_so_the_next_is_asked_at_once() -> None:
    async def main() -> None:
        full, free = Scripted([Overloaded("full")]), quick()
        llm = Balanced([full, free], RoundRobin())
        assert await read(llm, ask()) == "yes"
        assert (full.calls, free.calls) == (1, 1)

    run_virtual(main())


def test_a_failure_is_passed_on_for_a_retry_to_judge() -> None:
    async def main() -> None:
        broken, well = Scripted([ConnectionFailed("gone")]), quick()
        llm = Balanced([broken, well], RoundRobin())
        with pytest.raises(ConnectionFailed):
            await read(llm, ask())
        assert well.calls == 0

    run_virtual(main())


def test_the_same_request_again_reaches_somebody_else() -> None:
    async def main() -> None:
        failing = [Scripted([ConnectionFailed("gone")]) for _ in range(3)]
        llm = Balanced(failing, AtRandom(), rng=Random(1))
        for n in range(20):
            request = ask(n=n)
            for _ in range(3):
                with pytest.raises(ConnectionFailed):
                    await read(llm, request)
            assert [replica.calls for replica in failing] == [n + 1] * 3

    run_virtual(main())


def test_once_all_were_tried_any_will_do_again() -> None:
    async def main() -> None:
        model = Scripted([ConnectionFailed("gone")], says("yes"))
        llm = Balanced([model])
        request = ask()
        with pytest.raises(ConnectionFailed):
            await read(llm, request)
        assert await read(llm, request) == "yes"

    run_virtual(main())


def test_all_refused_says_when_the_first_one_is_back() -> None:
    async def main() -> None:
        replicas = [
            Scripted([CircuitOpen("open", retry_after=seconds)])
            for seconds in (9.0, 4.0, 6.0)
        ]
        llm = Balanced(replicas)
        with pytest.raises(NoReplica) as refused:
            await read(llm, ask())
        assert refused.value.retry_after == 4.0

    run_virtual(main())


def test_with_nobody_available_all_are_asked_all_the_same() -> None:
    """Where every deployment cooled down, litellm failed each request; here
    one that would answer does."""

    async def main() -> None:
        full = Scripted([Overloaded("full")], available=False)
        modest = Scripted(says("yes"), available=False)
        llm = Balanced([full, modest])
        assert not llm.available
        assert await read(llm, ask()) == "yes"

    run_virtual(main())


def test_a_replica_that_fails_at_once_is_not_attractive() -> None:
    async def main() -> None:
        failing = Scripted([0.001, UpstreamError("broken")])
        llm = Balanced([failing, quick(), quick()], PeakEwma(), rng=Random(5))
        await traffic(llm, 200, per_second=100)
        in_two_seconds = failing.calls
        await traffic(llm, 500, per_second=100)
        assert in_two_seconds <= 0.05 * 200
        assert failing.calls <= 0.05 * 700

    run_virtual(main())


def test_the_share_of_a_slow_replica_falls() -> None:
    async def main() -> None:
        slow = quick(1.0)
        llm = Balanced([slow, quick(), quick()], PeakEwma(), rng=Random(5))
        assert await traffic(llm, 1000, per_second=50) == 0
        assert slow.calls < 0.05 * 1000

    run_virtual(main())


def test_a_silent_replica_is_found_while_its_requests_still_wait() -> None:
    async def main() -> None:
        silent = Scripted([inf])
        llm = Balanced([silent, quick(), quick()], PeakEwma(), rng=Random(5))
        tasks = []
        for n in range(500):
            tasks.append(asyncio.create_task(read(llm, ask(n=n))))
            await asyncio.sleep(0.02)
        assert silent.calls <= 0.02 * 500
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert silent.running == 0

    run_virtual(main())


def test_equal_replicas_get_equal_work_from_peak_ewma() -> None:
    async def main() -> None:
        replicas = [quick() for _ in range(4)]
        llm = Balanced(replicas, PeakEwma(), rng=Random(5))
        await traffic(llm, 2000, per_second=200)
        assert all(400 < replica.calls < 600 for replica in replicas)

    run_virtual(main())


def test_a_replica_that_recovers_gets_its_share_back() -> None:
    async def main() -> None:
        ill = Scripted(play=lambda request: [UpstreamError("broken")])
        llm = Balanced([ill, quick(), quick()], PeakEwma(), rng=Random(5))
        await traffic(llm, 300, per_second=100)
        ill.play = lambda request: says("yes", gap_seconds=0.1)
        await traffic(llm, 6000, per_second=100)
        before = ill.calls
        await traffic(llm, 900, per_second=100)
        assert ill.calls - before > 200

    run_virtual(main())


def test_a_replica_whose_breaker_closes_is_back_within_seconds() -> None:
    """Judged by its failures until they fade, it would stand idle for most of
    a minute after it was well again."""

    async def main() -> None:
        ill = Scripted(play=lambda request: [UpstreamError("broken")])
        guarded = [
            Breaker(model, CircuitBreaker(rng=Random(n)))
            for n, model in enumerate([ill, quick(), quick()])
        ]
        llm = Balanced(guarded, PeakEwma(), rng=Random(5))
        await traffic(llm, 300, per_second=100)
        ill.play = lambda request: says("yes", gap_seconds=0.1)
        await traffic(llm, 500, per_second=100)
        before = ill.calls
        await traffic(llm, 300, per_second=100)
        assert ill.calls - before > 70

    run_virtual(main())


@pytest.mark.parametrize("how", ["abandoned", "cancelled", "failed", "read"])
def test_nothing_stays_in_flight(how: str) -> None:
    async def main() -> None:
        scripts: dict[str, list[Step]] = {
            "cancelled": ["a", inf],
            "failed": ["a", ConnectionFailed("gone")],
        }
        model = Scripted(scripts.get(how, says("a", "b")))
        llm = Balanced([model])
        if how == "abandoned":
            async with aclosing(llm.stream(ask())) as chunks:
                await anext(chunks)
                assert llm.replicas[0].load.in_flight == 1
        else:
            task = asyncio.create_task(read(llm, ask()))
            await asyncio.sleep(1)
            task.cancel()
            await asyncio.wait([task])
            assert task.cancelled() or task.exception() or task.result()
        assert llm.replicas[0].load.in_flight == model.running == 0
        assert llm.replicas[0].load.failures == (how == "failed")
        assert not other_tasks()

    run_virtual(main())


def test_an_open_breaker_sends_the_traffic_elsewhere() -> None:
    async def main() -> None:
        broken = Scripted([UpstreamError("broken")])
        circuits = [CircuitBreaker(rng=Random(n)) for n in range(2)]
        llm = Balanced(
            [Breaker(broken, circuits[0]), Breaker(quick(), circuits[1])],
            RoundRobin(),
        )
        assert await traffic(llm, 40, per_second=100) == 5
        assert broken.calls == 5

    run_virtual(main())


def test_a_snapshot_has_a_figure_for_each_replica() -> None:
    async def main() -> None:
        llm = Balanced([quick(), Scripted(available=False)])
        await read(llm, ask())
        figures = llm.snapshot()
        assert figures["replica_0_begun"] == 1
        assert figures["replica_1_available"] == 0

    run_virtual(main())


def test_no_replica_at_all_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        Balanced([])
