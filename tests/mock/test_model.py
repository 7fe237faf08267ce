"""The simulated model: what it bills, how long it takes, what it survives."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import aclosing
from dataclasses import replace
from itertools import permutations
from math import inf
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimizations.clock import now, run_virtual
from optimizations.errors import (
    BadRequest,
    ConnectionFailed,
    Incomplete,
    LLMError,
    UpstreamError,
)
from optimizations.llm import Message, Reply, Request
from optimizations.mock import PROFILES, Fault, MockModel, Profile
from tests.helpers import ask, collect, other_tasks, outcome, read, take, turns

STEADY = replace(PROFILES["quick"], jitter=0.0, itl_growth=0.0)
LONG = " ".join(f"w{number}" for number in range(400))


def model(profile: Profile = STEADY, **rest: Any) -> MockModel:
    """A model whose timing can be worked out by hand: 50 ms to the first
    token and a little for the prompt, 4 ms from token to token.
    """
    return MockModel(profile, **rest)


def profile(**changes: Any) -> Profile:
    """The steady profile, changed."""
    return replace(STEADY, **changes)


def says(words: int) -> dict[str, Any]:
    """The setting of a model that says exactly so many tokens."""
    return {"answer": lambda request: " ".join(["w"] * words)}


async def seconds_of(llm: MockModel, request: Request) -> float:
    """How long a whole answer takes."""
    began = now()
    await llm.complete(request)
    return now() - began


async def ttft_of(llm: MockModel, request: Request) -> float:
    """How long the first token takes; the rest is not waited for."""
    began = now()
    async with aclosing(llm.stream(request)) as chunks:
        await anext(chunks)
        return now() - began


# --- what it says -----------------------------------------------------------


def test_the_text_depends_on_the_question_alone() -> None:
    async def main() -> None:
        one = await model(seed=1).complete(ask("Why?", n=1))
        same = await model(seed=2).complete(ask("Why?", n=9, tenant="other"))
        other = await model(seed=1).complete(ask("How?", n=1))
        assert one.text == same.text
        assert one.text != other.text
        assert 20 <= len(one.text.split()) <= 120

    run_virtual(main())


def test_two_conversations_of_the_same_words_are_two_questions() -> None:
    async def main() -> None:
        joined = ask(messages=(Message("user", "a/user:b"),))
        apart = ask(messages=(Message("user", "a"), Message("user", "b")))
        llm = model()
        answers = [await llm.complete(r) for r in (joined, apart)]
        assert answers[0].text != answers[1].text

    run_virtual(main())


def test_streamed_or_not_it_says_the_same() -> None:
    async def main() -> None:
        llm = model()
        assert await read(llm, ask()) == (await llm.complete(ask())).text

    run_virtual(main())


def test_it_stops_at_the_tokens_it_was_allowed() -> None:
    async def main() -> None:
        reply = await model(**says(50)).complete(ask(max_tokens=7))
        assert reply.finish_reason == "length"
        assert reply.usage is not None
        assert reply.usage.completion_tokens == 7
        assert len(reply.text.split()) == 7

    run_virtual(main())


def test_an_answer_that_just_fits_was_not_cut() -> None:
    async def main() -> None:
        reply = await model(**says(7)).complete(ask(max_tokens=7))
        assert reply.finish_reason == "stop"

    run_virtual(main())


@pytest.mark.parametrize("max_tokens", [0, -5])
def test_no_tokens_at_all_is_a_bad_request(max_tokens: int) -> None:
    """-5 cut the last five tokens off the answer and called it whole."""

    async def main() -> None:
        llm = model()
        with pytest.raises(BadRequest):
            await llm.complete(ask(max_tokens=max_tokens))
        assert llm.ledger.answers == 0

    run_virtual(main())


def test_an_answer_of_nothing_is_whole() -> None:
    async def main() -> None:
        llm = model(answer=lambda request: "")
        reply = await llm.complete(ask())
        assert (reply.text, reply.finish_reason) == ("", "stop")

    run_virtual(main())


def test_each_choice_is_answered_and_billed() -> None:
    async def main() -> None:
        llm = model(**says(5))
        reply = await llm.complete(ask(options={"n": 3}))
        assert [c.text for c in reply.choices] == ["w w w w w"] * 3
        assert llm.ledger.completion_tokens == 15

    run_virtual(main())


def test_tokens_can_come_several_a_chunk() -> None:
    async def main() -> None:
        llm = model(profile(tokens_per_chunk=4), **says(10))
        texts = [c.text for c in await collect(llm.stream(ask()))]
        assert [len(text.split()) for text in texts] == [4, 4, 2]

    run_virtual(main())


def test_the_trace_tells_who_answered_and_how_often_it_was_asked() -> None:
    async def main() -> None:
        request = ask()
        llm = model(name="replica-1")
        await llm.complete(request)
        await llm.complete(request)
        assert request.trace.served_by == "replica-1"
        assert request.trace.attempts == 2

    run_virtual(main())


# --- how long it takes ------------------------------------------------------


def test_an_answer_takes_its_prompt_and_its_gaps() -> None:
    async def main() -> None:
        llm = model(profile(prompt_tokens_per_second=inf), **says(101))
        expected = 0.05 + 100 * 0.004
        assert await seconds_of(llm, ask()) == pytest.approx(expected)

    run_virtual(main())


def test_the_first_token_waits_for_the_prompt_to_be_read() -> None:
    async def main() -> None:
        llm = model(profile(prompt_tokens_per_second=1000))
        short = await ttft_of(llm, ask("Why?"))
        long = await ttft_of(llm, ask(LONG))
        assert long - short == pytest.approx(0.4, abs=0.01)

    run_virtual(main())


def test_a_known_prefix_is_read_faster_and_costs_less() -> None:
    async def main() -> None:
        llm = model(profile(prompt_tokens_per_second=1000), **says(5))
        first = await ttft_of(llm, ask(LONG, n=1))
        again = await ttft_of(llm, ask(LONG, n=2))
        assert again < first - 0.3
        before, after = llm.ledger.entries
        assert after.usage.cached_tokens > 300
        assert after.nanodollars < 0.6 * before.nanodollars

    run_virtual(main())


def test_the_gaps_grow_with_the_sequences_that_run() -> None:
    async def together(count: int) -> float:
        llm = model(profile(itl_growth=0.1), **says(100))
        times = await asyncio.gather(
            *(seconds_of(llm, ask(n=n)) for n in range(count))
        )
        return max(times)

    async def main() -> None:
        alone, crowded = await together(1), await together(11)
        assert crowded - 0.05 == pytest.approx(2 * (alone - 0.05), rel=0.02)

    run_virtual(main())


def test_streamed_or_not_it_takes_the_same_time() -> None:
    async def main() -> None:
        for words in (1, 2, 8, 9, 50):
            llm = model(**says(words))
            whole = await seconds_of(llm, ask(n=1))
            began = now()
            await collect(llm.stream(ask(n=1)))
            assert now() - began == pytest.approx(whole)

    run_virtual(main())


def test_a_slow_reader_does_not_slow_the_model() -> None:
    async def main() -> None:
        llm = model(profile(itl_seconds=1.0), **says(11))
        async with aclosing(llm.stream(ask())) as chunks:
            await anext(chunks)
            await asyncio.sleep(6.5)  # six more tokens are due meanwhile
            resumed = now()
            await take(chunks, 6)
            assert now() == resumed
            await collect(chunks)
        assert now() == pytest.approx(10.05, abs=0.01)

    run_virtual(main())


# --- capacity ---------------------------------------------------------------


@settings(max_examples=25, deadline=None, derandomize=True)
@given(
    st.lists(st.sampled_from([0.0, 0.01, 0.1]), min_size=1, max_size=15),
    st.integers(1, 4),
)
def test_never_more_run_than_there_are_slots(
    arrivals: list[float], capacity: int
) -> None:
    async def main() -> None:
        llm = model(profile(capacity=capacity), **says(20))

        async def come(n: int, seconds: float) -> None:
            await asyncio.sleep(seconds)
            await llm.complete(ask(n=n))

        await asyncio.gather(*(come(n, s) for n, s in enumerate(arrivals)))
        assert llm.peak <= capacity
        assert llm.ledger.answers == len(arrivals)
        assert (llm.running, llm.waiting) == (0, 0)

    run_virtual(main())


def test_who_comes_first_is_served_first() -> None:
    async def main() -> None:
        llm = model(profile(capacity=1), **says(5))
        done: list[int] = []

        async def come(n: int) -> None:
            await llm.complete(ask(n=n))
            done.append(n)

        await asyncio.gather(*map(come, range(10)))
        assert done == list(range(10))

    run_virtual(main())


def test_one_more_than_the_queue_holds_is_refused_at_once() -> None:
    async def main() -> None:
        llm = model(profile(capacity=2, queue=3))
        fine = [asyncio.create_task(llm.complete(ask(n=n))) for n in range(5)]
        await turns(3)
        assert (llm.running, llm.waiting) == (2, 3)
        with pytest.raises(UpstreamError) as caught:
            await llm.complete(ask(n=6))
        assert (caught.value.status, caught.value.retryable) == (503, True)
        assert now() == 0
        await asyncio.gather(*fine)
        assert llm.ledger.answers == 5

    run_virtual(main())


def test_without_a_queue_only_a_free_slot_helps() -> None:
    async def main() -> None:
        llm = model(profile(capacity=1, queue=0))
        first = asyncio.create_task(llm.complete(ask(n=1)))
        await turns(3)
        with pytest.raises(UpstreamError):
            await llm.complete(ask(n=2))
        await first
        await llm.complete(ask(n=3))

    run_virtual(main())


# --- the bill ---------------------------------------------------------------


def booked_once(llm: MockModel, tokens: int) -> None:
    """What was said is in the books, once, as an answer or as waste."""
    entries = llm.ledger.entries
    assert len(entries) == len({e.request_id for e in entries})
    assert sum(e.usage.completion_tokens for e in entries) == tokens
    assert llm.ledger.completion_tokens == tokens
    assert llm.ledger.nanodollars == sum(e.nanodollars for e in entries)
    assert llm.ledger.wasted_tokens == sum(
        e.usage.completion_tokens for e in entries if not e.answered
    )


@pytest.mark.parametrize("tokens", range(1, 9))
def test_a_reader_who_leaves_is_billed_what_was_said(tokens: int) -> None:
    async def main() -> None:
        llm = model(**says(8))
        async with aclosing(llm.stream(ask())) as chunks:
            await take(chunks, tokens)
        booked_once(llm, tokens)
        assert llm.ledger.answers == (tokens == 8)
        assert (llm.running, llm.waiting) == (0, 0)

    run_virtual(main())


@pytest.mark.parametrize("streamed", [True, False])
@pytest.mark.parametrize("step", range(30))
def test_a_call_cancelled_anywhere_is_booked_once(
    step: int, streamed: bool
) -> None:
    async def main() -> None:
        llm = model(profile(ttft_seconds=0.004), **says(20))
        said = 0

        async def run() -> None:
            nonlocal said
            async with aclosing(llm.stream(ask(streamed=streamed))) as chunks:
                async for chunk in chunks:
                    said += len(chunk.text.split())

        task = asyncio.create_task(run())
        await asyncio.sleep(0.004 * step)
        task.cancel()
        await asyncio.wait([task])
        assert (llm.running, llm.waiting) == (0, 0)
        assert len(llm.ledger.entries) <= 1
        assert llm.ledger.answers == (said == 20)
        if streamed:
            booked_once(llm, said)
        else:
            assert llm.ledger.completion_tokens >= said

    run_virtual(main())


@pytest.mark.parametrize("step", range(6))
def test_a_call_cancelled_in_the_queue_gives_its_place_back(
    step: int,
) -> None:
    async def main() -> None:
        llm = model(profile(capacity=1), **says(3))
        tasks = [
            asyncio.create_task(llm.complete(ask(n=n, idempotency_key="k")))
            for n in range(2)
        ]
        tasks.append(asyncio.create_task(llm.complete(ask(n=3))))
        await turns(step)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        assert (llm.running, llm.waiting) == (0, 0)
        assert other_tasks() == set()
        assert (await llm.complete(ask(n=4, idempotency_key="k"))).text

    run_virtual(main())


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("0-inf error", 0),
        ("0-inf refuse", 0),
        ("0-inf cut after_tokens=5", 5),
        ("0-inf error_in_stream after_tokens=5", 5),
        ("0-inf cut after_tokens=0", 0),
        ("0-inf cut after_tokens=99", 7),  # as late as can be: before the end
        ("0-inf slow", 8),
        ("0-inf stall", 8),
        ("0-inf drip", 8),
        ("0-inf silent", 8),
    ],
)
def test_whatever_goes_wrong_the_bill_is_what_was_said(
    line: str, said: int
) -> None:
    async def main() -> None:
        llm = model(faults=[Fault.parse(line)], **says(8))
        chunks, error = await outcome(llm.stream(ask()))
        assert len(chunks) == said
        assert (error is None) == (said == 8)
        if isinstance(error, Incomplete):
            assert error.partial == "".join(chunk.text for chunk in chunks)
        booked_once(llm, said)
        assert llm.ledger.answers == (said == 8)
        assert llm.running == 0

    run_virtual(main())


@settings(max_examples=30, deadline=None, derandomize=True)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([None, "k1", "k2"]),
            st.sampled_from([0.0, 0.02, 0.1]),  # arrives
            st.sampled_from([0.01, 0.06, 0.1, 99.0]),  # leaves after
        ),
        min_size=1,
        max_size=10,
    )
)
def test_a_key_is_billed_as_an_answer_at_most_once(
    calls: list[tuple[str | None, float, float]],
) -> None:
    async def main() -> None:
        llm = model(profile(capacity=2), **says(10))
        replies: dict[str | None, list[Reply]] = {}

        async def come(
            n: int, key: str | None, seconds: float, patience: float
        ) -> None:
            await asyncio.sleep(seconds)
            request = ask(n=n, idempotency_key=key)
            try:
                async with asyncio.timeout(patience):
                    reply = await llm.complete(request)
            except TimeoutError:
                return
            replies.setdefault(key, []).append(reply)

        await asyncio.gather(*(come(n, *c) for n, c in enumerate(calls)))
        entries = [e for e in llm.ledger.entries if e.answered]
        for key in ("k1", "k2"):
            billed = [e for e in entries if e.idempotency_key == key]
            assert len(billed) == (key in replies)
        assert len(entries) == llm.ledger.answers
        assert sum(map(len, replies.values())) == (
            llm.ledger.answers + llm.ledger.replayed
        )
        assert (llm.running, llm.waiting) == (0, 0)

    run_virtual(main())


def test_the_first_answer_comes_again_at_once_and_in_the_form_asked() -> None:
    async def main() -> None:
        llm = model()
        request = ask(idempotency_key="k")
        first = await llm.complete(request)
        began, bill = now(), llm.ledger.nanodollars
        again = await llm.complete(request)
        streamed = await collect(llm.stream(request))
        assert again.text == first.text
        assert again.usage == first.usage
        assert "".join(chunk.text for chunk in streamed) == first.text
        assert now() == began
        assert llm.ledger.nanodollars == bill

    run_virtual(main())


# --- what goes wrong --------------------------------------------------------


def test_a_window_counts_from_when_the_model_was_made() -> None:
    async def main() -> None:
        await asyncio.sleep(1000)
        llm = model(faults=[Fault.parse("10-20 refuse")])
        await llm.complete(ask(n=1))
        await asyncio.sleep(1010 - now())
        with pytest.raises(ConnectionFailed):
            await llm.complete(ask(n=2))
        await asyncio.sleep(1020 - now())
        await llm.complete(ask(n=3))

    run_virtual(main())


@pytest.mark.parametrize(
    ("line", "more_seconds"),
    [
        ("0-inf slow factor=4", 3 * (0.05 + 10 * 0.004)),
        ("0-inf silent seconds=30", 30),
        ("0-inf stall seconds=30 after_tokens=3", 30),
        ("0-inf stall seconds=30 after_tokens=99", 30),
        ("0-inf drip seconds=2", 10 * (2 - 0.004)),
    ],
)
def test_a_fault_that_only_delays_delays_by_what_it_says(
    line: str, more_seconds: float
) -> None:
    async def main() -> None:
        fast = profile(prompt_tokens_per_second=inf)
        well = await seconds_of(model(fast, **says(11)), ask())
        ill = model(fast, faults=[Fault.parse(line)], **says(11))
        assert await seconds_of(ill, ask()) - well == pytest.approx(
            more_seconds
        )

    run_virtual(main())


def test_silence_comes_before_the_first_token_and_a_stall_after() -> None:
    async def main() -> None:
        silent = model(faults=[Fault.parse("0-inf silent seconds=9")])
        stalled = model(
            faults=[Fault.parse("0-inf stall seconds=9 after_tokens=2")]
        )
        assert await ttft_of(silent, ask()) > 9
        async with aclosing(stalled.stream(ask())) as chunks:
            began = now()
            await take(chunks, 2)
            assert now() - began < 1
            await take(chunks, 1)
            assert now() - began > 9

    run_virtual(main())


def test_another_attempt_draws_another_fate() -> None:
    async def main() -> None:
        llm = model(faults=[Fault("error", share=0.5)])
        fates = []
        for _ in range(40):
            try:
                await llm.complete(ask())
                fates.append(True)
            except UpstreamError:
                fates.append(False)
        assert {True, False} == set(fates)

    run_virtual(main())


# --- the same seed ----------------------------------------------------------

Outcome = tuple[str, str, float]
JITTERY = replace(PROFILES["quick"], itl_growth=0.0, capacity=100)


async def outcomes(
    requests: Iterable[tuple[Request, float]], **rest: Any
) -> dict[str, Outcome]:
    """What became of each request, started in this order with these delays."""
    llm = MockModel(
        replace(JITTERY, prefix_blocks=0),
        faults=[
            Fault.parse("0-inf error share=0.3"),
            Fault.parse("0-inf cut share=0.3"),
        ],
        **rest,
    )
    seen: dict[str, Outcome] = {}

    async def run(request: Request, delay: float) -> None:
        await asyncio.sleep(delay)
        began = now()
        try:
            end, text = "whole", (await llm.complete(request)).text
        except LLMError as error:
            end, text = type(error).__name__, str(error)
        seen[f"{request.tenant}/{request.request_id}"] = (
            end,
            text,
            round(now() - began, 9),
        )

    await asyncio.gather(*(run(*one) for one in requests))
    return dict(sorted(seen.items()))


def test_no_result_depends_on_which_task_ran_first() -> None:
    async def main() -> None:
        requests = [ask(f"question {n}", n=n) for n in range(4)]
        runs = [
            await outcomes((request, 0.0) for request in order)
            for order in permutations(requests)
        ]
        assert all(run == runs[0] for run in runs)

    run_virtual(main())


@settings(max_examples=20, deadline=None, derandomize=True)
@given(st.lists(st.floats(0, 2), min_size=12, max_size=12))
def test_no_result_depends_on_when_the_others_came(
    delays: list[float],
) -> None:
    async def main() -> None:
        requests = [ask(f"question {n}", n=n) for n in range(12)]
        still = await outcomes((request, 0.0) for request in requests)
        moved = await outcomes(zip(requests, delays, strict=True))
        assert moved == still
        assert len({end for end, _, _ in still.values()}) == 3

    run_virtual(main())


def test_two_tenants_may_use_the_same_request_id() -> None:
    """Their attempts were counted together, so the fate of one depended on
    whether the other had come before.
    """

    async def main() -> None:
        both = [
            ask(n=1, tenant=tenant, request_id=f"r{n}")
            for n in range(8)
            for tenant in ("a", "b")
        ]
        forwards = await outcomes((request, 0.0) for request in both)
        backwards = await outcomes((request, 0.0) for request in both[::-1])
        assert forwards == backwards

    run_virtual(main())


def test_another_seed_gives_another_run() -> None:
    async def main() -> None:
        requests = [(ask(f"question {n}", n=n), 0.0) for n in range(12)]
        assert await outcomes(requests, seed=1) == await outcomes(
            requests, seed=1
        )
        assert await outcomes(requests, seed=1) != await outcomes(
            requests, seed=2
        )

    run_virtual(main())


# --- its numbers ------------------------------------------------------------


def test_the_numbers_tell_what_it_does() -> None:
    async def main() -> None:
        llm = model(profile(capacity=1), **says(5))
        tasks = [asyncio.create_task(llm.complete(ask(n=n))) for n in range(3)]
        await turns(3)
        numbers = llm.snapshot()
        assert [numbers[k] for k in ("calls", "running", "waiting")] == [
            3,
            1,
            2,
        ]
        await asyncio.gather(*tasks)
        numbers = llm.snapshot()
        assert (numbers["answers"], numbers["peak"]) == (3, 1)
        assert numbers["dollars"] == llm.ledger.dollars

    run_virtual(main())


def test_an_unknown_profile_is_refused() -> None:
    async def main() -> None:
        with pytest.raises(ValueError, match="unknown profile 'fast'"):
            MockModel("fast")

    run_virtual(main())
