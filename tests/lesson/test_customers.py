"""Who asks, and when."""

from __future__ import annotations

from dataclasses import replace

from lesson.customers import at_random, in_turn, questions
from optimizations.clock import run_virtual
from tests.helpers import STOP, Scripted
from tests.lesson.chapters import CONTEXT


def test_the_same_seed_brings_the_same_customers() -> None:
    def seen(seed: int) -> list[tuple[float, str]]:
        coming = at_random(replace(CONTEXT, seed=seed), 50, per_second=4)
        return [(one.due_seconds, one.request.question) for one in coming]

    assert seen(1) == seen(1) != seen(2)


def test_customers_come_as_often_as_was_asked_for() -> None:
    coming = at_random(CONTEXT, 1000, per_second=4)
    assert 225 < coming[-1].due_seconds < 275
    assert len({one.request.request_id for one in coming}) == 1000


def test_whether_they_want_a_stream_is_said_on_each_request() -> None:
    assert next(questions(CONTEXT)).streamed
    assert not next(questions(CONTEXT, streamed=False)).streamed


def test_a_few_who_ask_in_turn_are_never_more() -> None:
    async def main() -> None:
        model = Scripted([1.0, "Yes.", STOP])
        asked = await in_turn(CONTEXT, model, 10, at_once=3, max_tokens=8)
        assert model.peak == 3
        names = [request.request_id for request, _ in asked]
        assert names == [f"lesson-{number}" for number in range(10)]
        assert all(timing.total == 1 for _, timing in asked)

    run_virtual(main())
