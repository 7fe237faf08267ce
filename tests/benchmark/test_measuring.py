"""The suite watches the stall of the lab, with the loops of the lab."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

import pytest

from benchmark.measuring import SUITE, stalling
from benchmark.simulated.seed_run import SeedRun
from benchmark.simulated.simulate import replay
from lab.stall import Call, closed_loop, open_loop
from lab.traffic import Arrival
from optimizations.clock import run_virtual
from optimizations.llm import LLM
from tests.benchmark.small import trial

Loop = Callable[[LLM, Sequence[Arrival]], Awaitable[list[Call]]]


@pytest.mark.parametrize(
    ("name", "loop"), [("closed loop", closed_loop), ("open loop", open_loop)]
)
def test_a_loop_is_the_one_that_the_lesson_shows(
    name: str, loop: Loop
) -> None:
    """There were two closed loops of one name, which sent at other times."""
    one = trial(requests=200)

    async def main() -> list[Call]:
        async with stalling(one) as till:
            return await loop(till, SUITE.workload(one))

    run, calls = replay(SUITE, one)[name], run_virtual(main())
    assert isinstance(run, SeedRun)
    assert list(run.seconds) == pytest.approx(
        [call.as_due_seconds for call in calls]
    )
    assert list(run.as_sent_seconds) == pytest.approx(
        [call.as_sent_seconds for call in calls]
    )
    assert sum(call.as_due_seconds > 1 for call in calls) > 10
