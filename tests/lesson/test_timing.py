"""How long an answer takes."""

from __future__ import annotations

from lab.traffic import arrivals
from lesson.timing import timed, timed_open_loop
from optimizations.clock import run_virtual
from optimizations.concurrency.concurrency_limit import ConcurrencyLimit
from optimizations.errors import ConnectionFailed
from tests.helpers import STOP, Scripted, ask


def test_an_answer_is_timed_to_its_first_text_and_to_its_end() -> None:
    async def main() -> None:
        model = Scripted([1.0, "Hel", 0.5, "lo", STOP])
        told: list[str] = []
        timing = await timed(model, ask(), told.append)
        assert (timing.first_text, timing.total) == (1.0, 1.5)
        assert timing.text == "".join(told) == "Hello"
        assert timing.answered

    run_virtual(main())


def test_an_error_in_the_middle_is_a_result_with_what_came() -> None:
    async def main() -> None:
        model = Scripted(["Hel", ConnectionFailed("gone")])
        timing = await timed(model, ask())
        assert not timing.answered
        assert timing.text == "Hel"
        assert isinstance(timing.error, ConnectionFailed)

    run_virtual(main())


def test_in_an_open_loop_time_counts_from_when_a_request_was_due() -> None:
    async def main() -> None:
        model = ConcurrencyLimit(Scripted([1.0, "Yes", STOP]), limit=1)
        coming = arrivals([0, 0.5], [ask(n=1), ask(n=2)], 2)
        first, second = await timed_open_loop(model, coming)
        assert (first.total, first.queued) == (1.0, 0)
        assert (second.total, second.queued) == (1.5, 0.5)

    run_virtual(main())
