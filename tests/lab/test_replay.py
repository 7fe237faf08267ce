"""Replay: made-up prompts and answers that weigh what the real ones did."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.replay import BLOCK_TOKENS, MIN_PROMPT_TOKENS, answer, replay
from lab.traces import TraceRequest
from lab.traffic import open_loop
from optimizations.clock import now, run_virtual
from optimizations.llm import Request, Usage
from optimizations.mock import MockModel
from optimizations.tokens import count_prompt, count_tokens


def asked(prompt_tokens: int, *prefix_ids: int, output: int = 1) -> Request:
    known = TraceRequest(0.0, prompt_tokens, output, prefix_ids)
    return replay([known])[0].request


def usages(*known: TraceRequest) -> list[Usage]:
    """What a model bills, one request after the other."""

    async def main() -> list[Usage]:
        async with MockModel("gpu", answer=answer) as model:
            replies = [
                await model.complete(arrival.request)
                for arrival in replay(known)
            ]
        return [reply.usage for reply in replies if reply.usage is not None]

    return run_virtual(main())


@given(st.integers(0, 5_000), st.integers(0, 9))
@settings(deadline=None, derandomize=True, max_examples=60)
def test_a_prompt_has_the_tokens_of_the_trace(tokens: int, ids: int) -> None:
    request = asked(tokens, *range(ids))
    assert count_prompt(request.messages) == max(tokens, MIN_PROMPT_TOKENS)


@pytest.mark.parametrize("tokens", [0, 1, 5, 9, 10, 512, 513, 521, 522, 1024])
def test_a_prompt_is_exact_at_the_ends_of_its_blocks(tokens: int) -> None:
    wanted = max(tokens, MIN_PROMPT_TOKENS)
    assert count_prompt(asked(tokens).messages) == wanted
    assert count_prompt(asked(tokens, 1, 2, 3).messages) == wanted


@pytest.mark.parametrize("tokens", [0, 1, 2, 8, 1000])
def test_an_answer_has_the_tokens_of_the_trace(tokens: int) -> None:
    [usage] = usages(TraceRequest(0.0, 100, tokens))
    assert usage == Usage(100, max(tokens, 1))


def test_a_model_ends_such_an_answer_of_its_own_accord() -> None:
    async def main() -> str:
        async with MockModel("gpu", answer=answer) as model:
            return (await model.complete(asked(9, output=7))).finish_reason

    assert run_virtual(main()) == "stop"


def test_equal_prefix_ids_are_found_by_the_prefix_cache() -> None:
    first = TraceRequest(0.0, 3 * BLOCK_TOKENS, 1, (1, 2, 3))
    longer = TraceRequest(1.0, 4 * BLOCK_TOKENS, 1, (1, 2, 3, 4))
    forked = TraceRequest(2.0, 3 * BLOCK_TOKENS, 1, (1, 9, 3))
    cached = [usage.cached_tokens for usage in usages(first, longer, forked)]
    blocks = [tokens / BLOCK_TOKENS for tokens in cached]
    assert blocks == pytest.approx([0, 3, 1], abs=0.1)


def test_prompts_without_ids_have_nothing_in_common() -> None:
    known = [TraceRequest(0.0, 2000, 1)] * 3
    assert [usage.cached_tokens for usage in usages(*known)] == [0, 0, 0]


def test_a_prompt_is_its_own_behind_its_last_id() -> None:
    known = [TraceRequest(0.0, 3 * BLOCK_TOKENS, 1, (5,))] * 2
    _, second = usages(*known)
    assert second.cached_tokens / BLOCK_TOKENS == pytest.approx(1, abs=0.1)


def test_two_prompts_are_told_apart_by_their_answers() -> None:
    requests = [asked(9), asked(2000), asked(600, 1, 2), asked(600, 1, 3)]
    answers = {answer(request) for request in requests[1:]}
    assert len(answers) == 3
    arrivals = replay([TraceRequest(0.0, 9, 4), TraceRequest(0.0, 9, 4)])
    first, second = (answer(arrival.request) for arrival in arrivals)
    assert first != second
    assert count_tokens(first) == count_tokens(second) == 4


def test_padding_is_shared_by_all_prompts() -> None:
    """A trace of long prompts took its length in memory once for each."""
    one, other = asked(100_000).messages, asked(100_000, *range(196)).messages
    assert all(a is b for a, b in zip(one[1::2], other[1::2], strict=True))


def test_a_time_scale_of_two_plays_it_twice_as_fast() -> None:
    known = [TraceRequest(0.0, 9, 1), TraceRequest(30.0, 9, 1)]

    async def send(request: Request, due: float) -> float:
        return now()

    sent = run_virtual(open_loop(send, replay(known, time_scale=2)))
    assert sent == pytest.approx([0, 15])
    assert replay(known, time_scale=0.5)[1].due_seconds == 60


@pytest.mark.parametrize("scale", [0, -1, math.nan, math.inf, 1e-9, 1e9])
def test_a_time_scale_that_means_nothing_is_refused(scale: float) -> None:
    with pytest.raises(ValueError, match=r"from 0\.001 to 1000"):
        replay([], time_scale=scale)


def test_the_same_trace_makes_the_same_arrivals() -> None:
    known = [TraceRequest(float(i), 40 * i, i, (i // 2,)) for i in range(40)]
    assert replay(known) == replay(known)
    whole, first = replay(known), replay(known[:7], tenant="t", streamed=False)
    assert [a.due_seconds for a in first] == [a.due_seconds for a in whole[:7]]
    assert {(a.request.tenant, a.request.streamed) for a in first} == {
        ("t", False)
    }
