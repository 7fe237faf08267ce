"""The simulated model's batch endpoint."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from optimizations.clock import now, run_virtual
from optimizations.errors import (
    BadRequest,
    Incomplete,
    LLMError,
    UpstreamError,
)
from optimizations.llm import Reply, Request
from optimizations.mock import PROFILES, Fault, MockModel
from optimizations.tokens import count_tokens
from tests.helpers import ask, other_tasks, outcome

# by hand: 50 ms to the first token, 4 ms from token to token
STEADY = replace(
    PROFILES["quick"],
    jitter=0.0,
    itl_growth=0.0,
    prompt_tokens_per_second=1e12,
)


def wordy(request: Request) -> str:
    """As many words as the question names."""
    return " ".join(["w"] * int(request.question))


def questions(*words: int) -> list[Request]:
    """One request for each length of answer."""
    return [ask(str(count), n) for n, count in enumerate(words)]


def test_it_says_what_it_would_say_one_by_one() -> None:
    async def main() -> None:
        requests = [ask(f"question {n}", n, max_tokens=40) for n in range(5)]
        together = await MockModel("quick").complete_many(requests)
        alone = MockModel("quick")
        for request, reply in zip(requests, together, strict=True):
            assert isinstance(reply, Reply)
            one = await alone.complete(request)
            assert reply.choices == one.choices
            assert reply.usage == one.usage
            assert reply.trace is request.trace

    run_virtual(main())


def test_it_takes_one_slot_one_call_and_one_first_token() -> None:
    async def main() -> None:
        model = MockModel(STEADY, answer=wordy)
        await model.complete_many(questions(11, 101, 51))
        assert (model.calls, model.peak, model.running) == (1, 1, 0)
        assert now() == pytest.approx(0.050 + 100 * 0.004)

    run_virtual(main())


def test_the_prompts_are_read_one_after_the_other() -> None:
    async def main() -> None:
        profile = replace(STEADY, prompt_tokens_per_second=100)
        model = MockModel(profile, answer=lambda request: "w")
        await model.complete_many([ask("hello", n) for n in range(4)])
        assert now() == pytest.approx(0.050 + 4 * 5 / 100)

    run_virtual(main())


def test_every_further_sequence_slows_the_step_while_it_runs() -> None:
    async def main() -> None:
        model = MockModel(replace(STEADY, itl_growth=0.5), answer=wordy)
        await model.complete_many(questions(17, 17, 17))
        assert now() == pytest.approx(0.050 + 16 * 0.004 * 2)
        began = now()
        await model.complete_many(questions(9, 17, 9))
        seconds = 0.050 + 7 * 0.004 * 2 + 8 * 0.004 * 2 + 1 * 0.004
        assert now() - began == pytest.approx(seconds, rel=0.2)
        assert model.engine.companions == 0

    run_virtual(main())


def test_a_stream_beside_a_batch_is_slowed_by_all_of_it() -> None:
    async def main() -> None:
        model = MockModel(replace(STEADY, itl_growth=0.5), answer=wordy)
        batch = asyncio.create_task(
            model.complete_many(questions(200, 200, 200))
        )
        await asyncio.sleep(0)
        began = now()
        await model.complete(ask("21", 9))
        assert now() - began >= 0.050 + 20 * 0.004 * 2.5 - 1e-9
        await batch

    run_virtual(main())


def test_each_request_is_billed_under_its_own_name() -> None:
    async def main() -> None:
        model = MockModel(STEADY, answer=wordy)
        await model.complete_many(questions(10, 20))
        assert [
            (e.request_id, e.answered, e.usage.completion_tokens)
            for e in model.ledger.entries
        ] == [("t-0", True, 10), ("t-1", True, 20)]

    run_virtual(main())


def test_a_batch_that_was_cancelled_is_waste() -> None:
    async def main() -> None:
        model = MockModel(STEADY, answer=wordy)
        task = asyncio.create_task(model.complete_many(questions(2, 200)))
        await asyncio.sleep(0.3)
        task.cancel()
        await asyncio.wait([task])
        assert model.ledger.answers == 0
        assert model.ledger.wasted_tokens > 2
        assert (model.running, model.engine.companions, model.waiting) == (
            0,
            0,
            0,
        )
        assert not other_tasks()

    run_virtual(main())


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault("error", share=0.5), UpstreamError),
        (Fault("cut", share=0.5), Incomplete),
    ],
)
def test_an_error_is_the_requests_own(
    fault: Fault, error: type[LLMError]
) -> None:
    async def main() -> None:
        requests = [ask(f"question {n}", n) for n in range(20)]
        model = MockModel(STEADY, faults=[fault])
        ends = await model.complete_many(requests)
        failed = [type(end) is error for end in ends]
        assert 0 < sum(failed) < 20
        assert model.ledger.answers == 20 - sum(failed)
        alone = MockModel(STEADY, faults=[fault])
        for request, failed_too in zip(requests, failed, strict=True):
            _, end = await outcome(alone.stream(request))
            assert (end is not None) == failed_too

    run_virtual(main())


def test_a_stall_holds_up_the_whole_batch() -> None:
    async def main() -> None:
        stall = Fault("stall", seconds=60, share=0.5)
        model = MockModel(STEADY, answer=wordy, faults=[stall])
        await model.complete_many(questions(*[10] * 10))
        assert 60 < now() < 61

    run_virtual(main())


def test_a_nonsensical_request_fails_alone() -> None:
    async def main() -> None:
        model = MockModel(STEADY)
        good, bad = ask(n=1), ask(n=2, max_tokens=0)
        ends = await model.complete_many([good, bad])
        assert isinstance(ends[0], Reply)
        assert isinstance(ends[1], BadRequest)

    run_virtual(main())


def test_a_key_is_billed_once_within_a_batch_and_across() -> None:
    async def main() -> None:
        model = MockModel(STEADY)
        twins = [ask(n=n, idempotency_key="k") for n in range(2)]
        other = ask("Else?", 3, idempotency_key="l")
        first = await model.complete_many([*twins, other])
        again, backwards = await asyncio.gather(
            model.complete_many([*twins, other]),
            model.complete_many([other, *twins]),
        )
        for replies in (first, again, [*backwards[1:], backwards[0]]):
            texts = [r.text for r in replies if isinstance(r, Reply)]
            assert texts[0] == texts[1] != texts[2]
        assert model.ledger.answers == 2
        assert isinstance(first[1], Reply)
        assert first[1].trace is twins[1].trace

    run_virtual(main())


def test_two_batches_with_the_same_keys_never_wait_for_each_other() -> None:
    """One held k and waited for l, the other held l and waited for k."""

    async def main() -> None:
        model = MockModel(STEADY)
        k = ask("one", 1, idempotency_key="k")
        l = ask("two", 2, idempotency_key="l")  # noqa: E741
        alone = asyncio.create_task(model.complete(l))
        await asyncio.sleep(0)  # it holds l
        await asyncio.gather(
            model.complete_many([l, k]), model.complete_many([k, l])
        )
        await alone
        assert model.ledger.answers == 2

    run_virtual(main())


def test_a_full_queue_refuses_the_call_as_a_whole() -> None:
    async def main() -> None:
        model = MockModel(replace(STEADY, capacity=1, queue=0))
        running = asyncio.create_task(model.complete(ask()))
        await asyncio.sleep(0)
        with pytest.raises(UpstreamError, match="queue is full"):
            await model.complete_many([ask(n=2), ask(n=3)])
        await running

    run_virtual(main())


def test_an_empty_batch_is_answered_by_nothing() -> None:
    async def main() -> None:
        model = MockModel(STEADY)
        assert await model.complete_many([]) == []
        assert count_tokens("") == model.peak == 0

    run_virtual(main())
