"""The same stall, seen by two load tests."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from itertools import pairwise, repeat
from math import inf

import pytest

from lab.conversations import single_turns
from lab.stall import (
    CALLS_PER_SECOND,
    STALL_SECONDS,
    TILL,
    Call,
    closed_loop,
    open_loop,
    planned,
    stall,
)
from lab.traffic import Arrival
from optimizations.clock import run_virtual
from optimizations.llm import LLM
from optimizations.mock import Fault, MockModel

Loop = Callable[[LLM, Sequence[Arrival]], Awaitable[list[Call]]]


def watched(
    loop: Loop, fault: Fault | None = None, count: int = 300
) -> list[Call]:
    async def main() -> list[Call]:
        model = MockModel(TILL, faults=[fault or stall(call=100)])
        requests = single_turns(repeat("Open?"), max_tokens=1)
        return await loop(model, planned(requests, count))

    return run_virtual(main())


def slow(seconds: Sequence[float]) -> int:
    return sum(one > STALL_SECONDS / 2 for one in seconds)


@pytest.mark.parametrize("loop", [closed_loop, open_loop])
def test_exactly_one_call_meets_the_stall(loop: Loop) -> None:
    calls = watched(loop)
    assert [n for n, c in enumerate(calls) if c.as_due_seconds > 2] == [100]


def test_an_open_loop_sends_by_the_clock() -> None:
    for number, call in enumerate(watched(open_loop)):
        assert call.due_seconds == pytest.approx(number / CALLS_PER_SECOND)
        assert call.sent_seconds == call.due_seconds


def test_a_closed_loop_sends_nothing_until_the_answer_is_there() -> None:
    calls = watched(closed_loop)
    for before, after in pairwise(calls):
        assert after.sent_seconds >= before.ended_seconds - 1e-9
        assert after.sent_seconds >= after.due_seconds - 1e-9
    assert calls[101].sent_seconds > calls[101].due_seconds + 1.9


def test_the_closed_loop_notes_one_slow_answer_of_which_there_were_many() -> (
    None
):
    closed, opened = watched(closed_loop), watched(open_loop)
    assert slow([call.as_sent_seconds for call in closed]) == 1
    met = [
        slow([c.as_due_seconds for c in calls]) for calls in (closed, opened)
    ]
    assert met[0] == met[1] > 10


def test_what_failed_never_ended() -> None:
    calls = watched(open_loop, Fault("error"), count=3)
    assert {call.as_due_seconds for call in calls} == {inf}
