"""Measured rounds: interleaved, warmed up, compared within a round."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping

import pytest

from benchmark.measured.rounds import (
    TAKE_SECONDS,
    Bench,
    Series,
    Take,
    calibrated,
    interleaved,
)
from tests.benchmark.small import BANK


def counting(name: str, order: list[str]) -> Take:
    async def take() -> Mapping[str, float]:
        order.append(name)
        return {"time": float(len(order))}

    return take


def test_all_take_turns_and_the_first_round_only_warms_up() -> None:
    order: list[str] = []
    takes = {name: counting(name, order) for name in "abc"}
    ticks: list[int] = []
    series = asyncio.run(
        interleaved(takes, {"time": "s"}, 4, lambda: ticks.append(1))
    )
    rounds = [order[i : i + 3] for i in range(0, len(order), 3)]
    assert len(rounds) == len(ticks) == 5
    assert all(sorted(names) == ["a", "b", "c"] for names in rounds)
    assert [len(one.values) for one in series] == [4, 4, 4]
    assert min(value for one in series for value in one.values) > 3


def test_nobody_always_follows_the_same() -> None:
    """In rotating order each did, and found the caches as that one had left
    them. The order is shuffled, and the same in each run.
    """

    def orders() -> list[str]:
        order: list[str] = []
        takes = {name: counting(name, order) for name in "abcd"}
        asyncio.run(interleaved(takes, {"time": "s"}, 40, lambda: None))
        return order

    order = orders()
    assert order == orders()
    before = Counter(
        order[at - 1] for at in range(1, len(order)) if order[at] == "a"
    )
    assert before.keys() == {"b", "c", "d", "a"}
    assert max(before[name] for name in "bcd") < 25
    starts = Counter(order[::4])
    assert starts.keys() == set("abcd")


@pytest.mark.parametrize("quick", [True, False])
def test_even_few_rounds_are_enough_for_an_interval(quick: bool) -> None:
    """Five have none: what is missing looked surer than 25 rounds did."""
    bench = Bench(BANK, 1, quick)
    for rounds in (bench.rounds, bench.slow_rounds):
        series = Series("a", "time", "s", tuple(range(1, rounds + 1)))
        assert series.compared(series).ratio.bounded


def test_a_short_operation_is_repeated_until_the_clock_can_tell() -> None:
    calls = 0

    async def operation() -> None:
        nonlocal calls
        calls += 1

    async def main() -> None:
        take = await calibrated(operation, "call", unit=1e-6)
        before = calls
        figures = await take()
        seconds = (calls - before) * figures["call"] * 1e-6
        assert seconds > TAKE_SECONDS / 10
        assert calls - before > 100

    asyncio.run(main())


def test_ratios_are_taken_within_a_round() -> None:
    """The machine was ten times slower in half of the rounds, for both."""
    ours = Series("a", "time", "s", (2, 20, 2, 20, 2, 20))
    theirs = Series("b", "time", "s", (1, 10, 1, 10, 1, 10))
    comparison = ours.compared(theirs)
    assert comparison.ratio.value == 2
    assert comparison.verdict == "more"


@pytest.mark.parametrize(
    ("values", "noisy"),
    [
        ((1.0, 1.01, 0.99, 1.0, 1.02, 1.0), False),
        ((1.0, 2.0, 0.5, 1.5, 3.0, 1.0), True),
        ((1.0, 1.01, 0.99, 1.0, 9.0, 1.0), True),
    ],
)
def test_a_busy_machine_is_noticed(
    values: tuple[float, ...], noisy: bool
) -> None:
    assert Series("a", "time", "s", values).noisy is noisy
