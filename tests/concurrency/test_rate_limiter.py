"""Requests and tokens a minute, reserved first and settled afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from math import inf, nan
from typing import Any

import pytest

from optimizations.balancing.retry import Retry, RetryBudget
from optimizations.clock import now, run_virtual
from optimizations.concurrency.rate_limiter import RateLimit, RateLimiter
from optimizations.errors import (
    BadRequest,
    CircuitOpen,
    RateLimited,
    UpstreamError,
)
from optimizations.llm import LLM, Chunk, Request, Usage
from optimizations.mock import MockModel
from tests.helpers import Scripted, Step, ask, read, says, take, turns

TOKENS_LEFT = "tokens_left"


def limited(
    inner: LLM, tokens: float = 6000, requests: float = 600
) -> RateLimit:
    """A budget of 1,000 tokens and 100 requests, of which 100 and 10 come back
    each second.
    """
    return RateLimit(
        inner, requests_per_minute=requests, tokens_per_minute=tokens
    )


def nearly_closed() -> RateLimiter:
    """100 requests and 1,000 tokens, of which next to nothing comes back."""
    return RateLimiter(
        requests_per_minute=0.006, tokens_per_minute=0.06, burst_seconds=1e6
    )


def small(n: int = 1, **rest: Any) -> Request:
    """A prompt of 5 tokens (one, and four for the message) that may be
    answered by 95.
    """
    return ask("hello", n, **({"max_tokens": 95} | rest))


def answer(completion_tokens: int) -> list[Step]:
    """An answer whose usage the provider tells."""
    return [
        "well",
        Chunk(finish_reason="stop", usage=Usage(5, completion_tokens)),
    ]


def test_requests_are_spread_over_the_minute() -> None:
    async def main() -> None:
        model = Scripted(says("yes"))
        layer = RateLimit(model, requests_per_minute=120)  # burst: 20
        sent: list[float] = []

        async def one(n: int) -> None:
            await read(layer, ask(n=n))
            sent.append(now())

        await asyncio.gather(*(one(n) for n in range(25)))
        assert sent == [0.0] * 20 + [0.5, 1.0, 1.5, 2.0, 2.5]

    run_virtual(main())


def test_many_that_start_together_do_not_all_see_room() -> None:
    """Checked first and booked when the answer is there, a limit of 1,000 lets
    as many through as happen to come at once.
    """

    async def main() -> None:
        model = Scripted([1.0, *answer(95)])
        layer = limited(model)
        tasks = [asyncio.create_task(read(layer, small(n))) for n in range(15)]
        await turns(3)
        assert model.calls == 10
        await asyncio.gather(*tasks)
        assert now() == 6.0

    run_virtual(main())


def test_tokens_not_used_come_back_with_the_answer() -> None:
    async def main() -> None:
        layer = limited(Scripted(answer(15)))
        await read(layer, small())
        assert layer.snapshot()[TOKENS_LEFT] == pytest.approx(980)

    run_virtual(main())


def test_more_than_was_reserved_is_debited_afterwards() -> None:
    async def main() -> None:
        layer = limited(Scripted(answer(1195)))
        await read(layer, small())
        assert layer.snapshot()[TOKENS_LEFT] == pytest.approx(-200)

    run_virtual(main())


def test_without_a_reported_usage_the_text_is_counted() -> None:
    async def main() -> None:
        end = Chunk(finish_reason="stop")
        script: list[Step] = ["one", " two", " three", end]
        layer = limited(Scripted(script))
        await read(layer, small())
        assert layer.snapshot()[TOKENS_LEFT] == pytest.approx(1000 - 5 - 3)

    run_virtual(main())


@pytest.mark.parametrize("leave", ["close", "error"])
def test_a_stream_that_ends_early_pays_for_what_it_said(leave: str) -> None:
    async def main() -> None:
        layer = limited(Scripted(["one", " two", UpstreamError("gone")]))
        async with aclosing(layer.stream(small())) as chunks:
            await take(chunks, 2)
            if leave == "error":
                with pytest.raises(UpstreamError):
                    await anext(chunks)
        assert layer.snapshot()[TOKENS_LEFT] == pytest.approx(1000 - 5 - 2)

    run_virtual(main())


class Refuses(LLM):
    """Refuses, before or after a model was asked."""

    def __init__(self, attempts: int) -> None:
        self.attempts = attempts

    async def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
        request.trace.attempts += self.attempts
        raise CircuitOpen("resting")
        yield


@pytest.mark.parametrize(("attempts", "requests_left"), [(0, 100), (1, 99)])
def test_a_refusal_further_inside_costs_nothing_unless_a_model_was_asked(
    attempts: int, requests_left: int
) -> None:
    async def main() -> None:
        layer = limited(Refuses(attempts))
        with pytest.raises(CircuitOpen):
            await read(layer, small())
        assert layer.snapshot()["requests_left"] == requests_left

    run_virtual(main())


def test_a_request_larger_than_the_budget_is_refused_at_once() -> None:
    async def main() -> None:
        model = Scripted()
        with pytest.raises(BadRequest, match="more than the budget"):
            await read(limited(model), small(max_tokens=1000))
        assert model.calls == 0

    run_virtual(main())


def test_every_choice_is_reserved() -> None:
    async def main() -> None:
        limiter = RateLimiter(tokens_per_minute=6000)
        assert limiter.cost(ask("hello", max_tokens=95, options={"n": 3})) == (
            1,
            5 + 3 * 95,
        )

    run_virtual(main())


def test_a_deadline_before_the_slot_is_refused_at_once() -> None:
    async def main() -> None:
        model = Scripted(answer(995))
        layer = limited(model)
        await read(layer, small(max_tokens=995))
        with pytest.raises(RateLimited) as refusal:
            await read(layer, ask("hello", max_tokens=95, deadline=0.9))
        assert now() == 0
        assert refusal.value.retry_after == pytest.approx(1)
        assert model.calls == 1
        await read(layer, ask("hello", max_tokens=95, deadline=1.1))

    run_virtual(main())


def test_the_wait_is_written_into_the_trace() -> None:
    async def main() -> None:
        layer = limited(Scripted(answer(995)))
        await read(layer, small(max_tokens=995))
        request = small(2)
        await read(layer, request)
        assert request.trace.queued_seconds == pytest.approx(1)

    run_virtual(main())


def test_a_retry_debits_the_same_budget_or_is_dropped() -> None:
    async def main() -> None:
        limiter = RateLimiter(tokens_per_minute=6000)
        layer = RateLimit(Scripted([10.0, *answer(95)]), limiter)
        task = asyncio.create_task(read(layer, small(max_tokens=795)))
        await turns(2)
        assert limiter.afford(small())  # 800 + 100 of 1,000
        assert limiter.afford(small())
        assert not limiter.afford(small())
        await task

    run_virtual(main())


def test_a_storm_of_retries_gives_back_what_it_did_not_use() -> None:
    """Each retry kept its prompt and `max_tokens` reserved for ever: a limit
    of 1,000 was empty after a few failures that had used nearly nothing.
    """

    async def main() -> None:
        limiter = nearly_closed()
        failed = [UpstreamError("down")]
        model = Scripted(failed, failed, answer(15), [UpstreamError("down")])
        budget = RetryBudget(share=1, floor=10)
        retry = Retry(model, afford=limiter.afford, budget=budget)
        layer = RateLimit(retry, limiter)
        await read(layer, small(1))
        with pytest.raises(UpstreamError):
            await read(layer, small(2))
        sent, left = model.calls, limiter.queue.budget.levels(now())
        assert sent == 6
        assert left == pytest.approx(
            [100 - sent, 1000 - sent * 5 - 15], abs=0.1
        )

    run_virtual(main())


def test_a_retry_that_was_paid_for_and_never_sent_costs_nothing() -> None:
    async def main() -> None:
        limiter = nearly_closed()
        retry = Retry(
            Scripted([UpstreamError("down", retry_after=60)]),
            afford=limiter.afford,
        )
        layer = RateLimit(retry, limiter)
        task = asyncio.create_task(read(layer, small()))
        await asyncio.sleep(1)
        task.cancel()
        await asyncio.wait([task])
        left = limiter.queue.budget.levels(now())
        assert left == pytest.approx([99, 995], abs=0.1)

    run_virtual(main())


def test_layers_under_one_key_share_a_limiter() -> None:
    async def main() -> None:
        limiter = RateLimiter(requests_per_minute=6)  # one each 10 s
        layers = [RateLimit(Scripted(says("a")), limiter) for _ in range(2)]
        await asyncio.gather(*(read(layer, ask()) for layer in layers))
        assert now() == 10

    run_virtual(main())


def test_what_is_really_used_stays_within_the_limit() -> None:
    async def main() -> None:
        model = MockModel("quick")
        layer = limited(model, tokens=60_000, requests=6000)

        async def one(n: int) -> None:
            await read(layer, ask(f"{n}", n, max_tokens=150))

        await asyncio.gather(*(one(n) for n in range(200)))
        used = model.ledger.prompt_tokens + model.ledger.completion_tokens
        assert model.ledger.answers == 200
        assert used <= 10_000 + 1_000 * now()
        assert now() <= (used - 10_000) / 1_000 + 1  # and hardly below it

    run_virtual(main())


@pytest.mark.parametrize("value", [0, -1, nan, inf])
def test_nonsense_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="requests_per_minute"):
        RateLimiter(requests_per_minute=value)
    with pytest.raises(ValueError, match="burst_seconds"):
        RateLimiter(burst_seconds=value)
    with pytest.raises(ValueError, match="tokens_per_minute"):
        RateLimiter(tokens_per_minute=-1)
