"""What a balancer believes about one replica."""

from __future__ import annotations

import asyncio

import pytest

from optimizations.balancing.load import Load
from optimizations.clock import run_virtual


async def first_token_after(load: Load, seconds: float) -> None:
    ticket = load.begin()
    await asyncio.sleep(seconds)
    load.answered(ticket)
    load.end(ticket, failed=False)


def test_a_slow_answer_counts_at_once_and_a_quick_one_bit_by_bit() -> None:
    async def main() -> None:
        load = Load(decay_seconds=10)
        await first_token_after(load, 0.2)
        assert load.seconds == pytest.approx(0.2)
        await first_token_after(load, 3.0)
        assert load.seconds == pytest.approx(3.0)
        await first_token_after(load, 0.2)
        assert 2.5 < load.seconds < 3.0

    run_virtual(main())


def test_what_was_seen_fades_until_nothing_is_known() -> None:
    async def main() -> None:
        load = Load(decay_seconds=10)
        assert not load.known
        await first_token_after(load, 4.0)
        await asyncio.sleep(10)
        assert load.known
        assert load.seconds == pytest.approx(4.0 / 2.71828, rel=1e-3)
        await asyncio.sleep(40)
        assert not load.known

    run_virtual(main())


def test_a_failure_within_a_millisecond_is_not_a_fast_answer() -> None:
    """ingress-nginx drew traffic to the host that failed fastest: the latency
    of errors was averaged with that of answers."""

    async def main() -> None:
        load = Load(failure_seconds=1.0)
        believed = []
        for _ in range(5):
            ticket = load.begin()
            await asyncio.sleep(0.001)
            load.end(ticket, failed=True)
            believed.append(load.seconds)
        assert believed[0] == 1.0
        assert believed[-1] > 15
        assert load.failures == 5

    run_virtual(main())


def test_failures_never_count_more_than_the_limit() -> None:
    async def main() -> None:
        load = Load(max_seconds=60)
        for _ in range(100):
            load.end(load.begin(), failed=True, rest_seconds=1e9)
        assert load.seconds == 60

    run_virtual(main())


def test_a_replica_that_asks_to_be_spared_is_believed() -> None:
    async def main() -> None:
        load = Load()
        load.end(load.begin(), failed=True, rest_seconds=20)
        assert load.seconds == 20

    run_virtual(main())


def test_a_request_that_still_waits_counts_with_its_age() -> None:
    """A replica that never answers has no finished sample: judged by those
    alone it would look as good as on the first day."""

    async def main() -> None:
        load = Load()
        await first_token_after(load, 0.2)
        load.begin()
        await asyncio.sleep(7)
        assert load.seconds == pytest.approx(7)

    run_virtual(main())


def test_a_slow_request_whose_caller_left_counts_with_its_age() -> None:
    async def main() -> None:
        load = Load()
        await first_token_after(load, 0.2)
        ticket = load.begin()
        await asyncio.sleep(5)
        load.end(ticket, failed=False)
        assert load.seconds == pytest.approx(5)

    run_virtual(main())


@pytest.mark.parametrize("known", [True, False])
def test_a_caller_who_leaves_at_once_makes_nobody_look_quick(
    known: bool,
) -> None:
    async def main() -> None:
        load = Load()
        if known:
            await first_token_after(load, 0.2)
        before = load.seconds
        ticket = load.begin()
        await asyncio.sleep(0.001)
        load.end(ticket, failed=False)
        assert load.seconds == pytest.approx(before, rel=0.001)
        assert load.known is known

    run_virtual(main())


def test_time_after_the_first_token_is_not_waiting() -> None:
    async def main() -> None:
        load = Load()
        ticket = load.begin()
        await asyncio.sleep(0.2)
        load.answered(ticket)
        await asyncio.sleep(1)
        load.answered(ticket)
        assert load.in_flight == 1
        assert load.seconds < 0.2
        load.end(ticket, failed=False)
        assert load.in_flight == 0
        assert load.seconds < 0.2

    run_virtual(main())


@pytest.mark.parametrize("bad", [0, -1, float("nan"), float("inf")])
def test_settings_without_sense_are_refused(bad: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        Load(decay_seconds=bad)
    with pytest.raises(ValueError, match="finite"):
        Load(failure_seconds=bad)
