"""One budget over everything inside."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from math import inf, nan

import pytest

from optimizations.clock import now, run_virtual
from optimizations.errors import DeadlineExceeded, LLMError, TimedOut
from optimizations.mock import MockModel
from optimizations.streaming.deadline import Deadline
from optimizations.streaming.timeouts import Timeouts
from tests.helpers import (
    Scripted,
    ask,
    other_tasks,
    outcome,
    read,
    says,
    take,
)


@pytest.mark.parametrize(
    ("own", "given", "want"), [(5, None, 5), (5, 3.0, 3), (5, 9.0, 5)]
)
def test_the_earlier_of_two_deadlines_counts(
    own: float, given: float | None, want: float
) -> None:
    async def main() -> None:
        model = Scripted([60.0, "late"])
        request = ask(deadline=given)
        with pytest.raises(DeadlineExceeded):
            await read(Deadline(model, own), request)
        assert now() == want
        assert model.requests[0].deadline == want
        assert model.requests[0].trace is request.trace
        assert request.deadline == given

    run_virtual(main())


def test_it_counts_over_all_the_stream() -> None:
    async def main() -> None:
        model = Scripted(says(*"abcdefgh", gap_seconds=1.0))
        layer = Deadline(model, 4.5)
        chunks, error = await outcome(layer.stream(ask()))
        assert "".join(chunk.text for chunk in chunks) == "abcd"
        assert isinstance(error, DeadlineExceeded)
        assert model.running == 0
        assert layer.snapshot() == {"deadlines_exceeded": 1}

    run_virtual(main())


def test_what_ends_in_time_passes_unchanged() -> None:
    async def main() -> None:
        model = Scripted(says("a", "b", gap_seconds=1.0))
        assert await read(Deadline(model, 2.1), ask()) == "ab"

    run_virtual(main())


def test_nothing_is_sent_when_it_is_too_late_already() -> None:
    async def main() -> None:
        model = Scripted()
        await asyncio.sleep(10)
        with pytest.raises(DeadlineExceeded):
            await read(Deadline(model), ask(deadline=7.0))
        assert model.calls == 0

    run_virtual(main())


def test_a_pause_of_the_reader_uses_it_up_but_harms_nobody() -> None:
    async def main() -> None:
        model = Scripted(says("a", "b"))
        async with aclosing(Deadline(model, 5).stream(ask())) as chunks:
            await take(chunks, 1)
            await asyncio.sleep(60)  # not cancelled in its own code
            with pytest.raises(DeadlineExceeded):
                await anext(chunks)
        assert model.running == 0

    run_virtual(main())


def test_a_model_in_the_middle_of_a_queue_is_left_too() -> None:
    async def main() -> None:
        model = MockModel("gpu")
        layer = Deadline(model, 0.5)
        ends = await asyncio.gather(
            *(read(layer, ask(n=n)) for n in range(20)),
            return_exceptions=True,
        )
        assert all(isinstance(end, DeadlineExceeded) for end in ends)
        assert (model.running, model.waiting) == (0, 0)
        assert not other_tasks()

    run_virtual(main())


@pytest.mark.parametrize(
    ("first_token_seconds", "want"),
    [(2, TimedOut), (3, TimedOut), (4, DeadlineExceeded)],
)
def test_whichever_clock_inside_or_outside_is_first_is_named(
    first_token_seconds: float, want: type[LLMError]
) -> None:
    async def main() -> None:
        attempt = Timeouts(
            Scripted([60.0]), first_token_seconds=first_token_seconds
        )
        _, error = await outcome(Deadline(attempt, 3).stream(ask()))
        assert isinstance(error, want)
        assert now() == min(first_token_seconds, 3)

    run_virtual(main())


def test_a_cancellation_at_the_deadline_stays_one() -> None:
    async def main() -> None:
        task = asyncio.create_task(read(Deadline(Scripted([inf]), 5), ask()))
        asyncio.get_running_loop().call_at(5, task.cancel)
        await asyncio.wait([task])
        assert now() == 5
        assert task.cancelled()

    run_virtual(main())


@pytest.mark.parametrize("value", [0, -1, nan, inf])
def test_a_deadline_without_an_end_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="positive and finite"):
        Deadline(Scripted(), value)
