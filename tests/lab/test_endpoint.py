"""A paid endpoint: what it may cost, and that it costs no more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import pytest

from lab.endpoint import (
    ENDPOINT_SECONDS,
    Budget,
    SpendingCap,
    endpoint_price,
    estimate_dollars,
    within_limits,
)
from lab.settings import Settings
from optimizations.clock import now, run_virtual
from optimizations.errors import DeadlineExceeded, RateLimited
from optimizations.llm import Chunk, Request, Usage
from optimizations.mock import MockModel
from optimizations.tokens import count_prompt
from tests.helpers import Scripted, ask

SETTINGS = Settings()
PRICE = endpoint_price(SETTINGS)


def at_most(request: Request) -> int:
    """Nanodollars of a request with the longest answer it may get."""
    prompt = count_prompt(request.messages)
    return PRICE.nanodollars(Usage(prompt, request.max_tokens))


def test_the_estimate_grows_with_requests_tokens_and_questions() -> None:
    once = estimate_dollars(SETTINGS, 1, 64, ["short"])
    ten = estimate_dollars(SETTINGS, 10, 64, ["short"])
    assert ten == pytest.approx(10 * once)
    assert estimate_dollars(SETTINGS, 1, 128, ["short"]) > once > 0
    assert estimate_dollars(SETTINGS, 1, 64, ["short", "long " * 99]) > once


def test_the_cap_lets_pass_what_it_can_pay_and_refuses_the_rest() -> None:
    async def main() -> None:
        model = MockModel("instant")
        most = at_most(ask(max_tokens=50))
        capped = SpendingCap(model, PRICE, Budget(3.5 * most / 1e9))
        with pytest.raises(RateLimited, match="spending cap"):
            for number in range(100):
                await capped.complete(ask(n=number, max_tokens=50))
        assert model.ledger.dollars <= 3.5 * most / 1e9
        assert model.calls >= 3

    run_virtual(main())


def test_what_an_answer_did_not_use_can_be_spent_again() -> None:
    async def main() -> None:
        model = MockModel("instant", answer=lambda request: "Yes.")
        most = at_most(ask(max_tokens=500))
        capped = SpendingCap(model, PRICE, Budget(1.5 * most / 1e9))
        for number in range(20):
            await capped.complete(ask(n=number, max_tokens=500))

    run_virtual(main())


def test_an_endpoint_that_never_ends_is_left() -> None:
    """A token a millisecond, without end: each came in time."""

    class Endless(Scripted):
        async def stream(
            self, request: Request
        ) -> AsyncGenerator[Chunk, None]:
            while True:
                await asyncio.sleep(0.001)
                yield Chunk("x")

    async def main() -> None:
        with pytest.raises(DeadlineExceeded):
            await within_limits(Endless(), max_tokens=64).complete(ask())
        assert now() == pytest.approx(ENDPOINT_SECONDS, abs=0.01)

    run_virtual(main())


@pytest.mark.parametrize("dollars", [-1.0, float("nan"), float("inf")])
def test_a_budget_that_is_no_amount_is_refused(dollars: float) -> None:
    with pytest.raises(ValueError, match="max_dollars"):
        Budget(dollars)


def test_one_budget_bounds_all_that_share_it() -> None:
    async def main() -> None:
        model = MockModel("instant")
        most = at_most(ask(max_tokens=50))
        budget = Budget(1.5 * most / 1e9)
        await SpendingCap(model, PRICE, budget).complete(ask(max_tokens=50))
        with pytest.raises(RateLimited):
            for number in range(9):
                again = SpendingCap(model, PRICE, budget)
                await again.complete(ask(n=number, max_tokens=50))

    run_virtual(main())
