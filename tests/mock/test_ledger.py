"""The provider's books."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimizations.clock import now, run_virtual
from optimizations.llm import Choice, Reply, Request, Trace, Usage
from optimizations.mock import Ledger
from optimizations.tokens import Price
from tests.helpers import ask

PRICE = Price(prompt=1.0, cached=0.5, completion=4.0)
USAGE = Usage(100, 20, cached_tokens=40)


def answer(text: str = "Hello") -> Reply:
    """An answer of one choice."""
    return Reply((Choice(text, "stop"),), USAGE, Trace())


def test_an_answer_is_billed_at_the_price() -> None:
    ledger = Ledger(PRICE)
    ledger.book(ask(n=7, tenant="a"), USAGE, answer())
    (entry,) = ledger.entries
    assert (entry.request_id, entry.tenant) == ("a-7", "a")
    assert entry.answered
    assert entry.nanodollars == PRICE.nanodollars(USAGE)
    assert ledger.dollars == pytest.approx(160e-6)


def test_what_nobody_got_whole_is_waste() -> None:
    ledger = Ledger(PRICE)
    ledger.book(ask(), USAGE, None)
    assert ledger.answers == 0
    assert ledger.wasted_tokens == 20
    assert ledger.nanodollars == PRICE.nanodollars(USAGE)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 5000), st.integers(0, 500), st.booleans()
        ).map(lambda t: (Usage(t[0], t[1], t[0] // 3), t[2]))
    )
)
def test_the_totals_are_the_sums_of_the_entries(
    lines: list[tuple[Usage, bool]],
) -> None:
    ledger = Ledger(PRICE)
    for usage, answered in lines:
        ledger.book(ask(), usage, answer() if answered else None)
    entries = ledger.entries
    assert ledger.nanodollars == sum(e.nanodollars for e in entries)
    assert ledger.prompt_tokens == sum(e.usage.prompt_tokens for e in entries)
    assert ledger.completion_tokens == sum(
        e.usage.completion_tokens for e in entries
    )
    assert ledger.answers == sum(e.answered for e in entries)
    assert ledger.wasted_tokens == sum(
        e.usage.completion_tokens for e in entries if not e.answered
    )


def test_the_books_are_bounded_and_the_totals_stay_exact() -> None:
    async def main() -> None:
        ledger = Ledger(PRICE, keep=3)
        asked = [ask(n=n, idempotency_key=f"k{n}") for n in range(10)]
        for request in asked:
            ledger.book(request, USAGE, answer())
        assert len(ledger.entries) == 3
        assert ledger.answers == 10
        assert ledger.completion_tokens == 200
        known = []
        for request in asked:
            async with ledger.claim(request) as reply:
                known.append(reply is not None)
        assert known == [False] * 7 + [True] * 3

    run_virtual(main())


def test_books_of_no_length_are_refused() -> None:
    with pytest.raises(ValueError, match="keep"):
        Ledger(PRICE, keep=0)


async def serve(ledger: Ledger, request: Request, text: str) -> str:
    """A provider that takes a second, unless it has answered before."""
    async with ledger.claim(request) as known:
        if known is not None:
            return known.text
        await asyncio.sleep(1)
        ledger.book(request, USAGE, answer(text))
        return text


def test_the_same_key_again_gets_the_first_answer() -> None:
    async def main() -> None:
        ledger = Ledger(PRICE)
        request = ask(idempotency_key="k")
        assert await serve(ledger, request, "first") == "first"
        assert await serve(ledger, request, "second") == "first"
        assert (ledger.answers, ledger.replayed) == (1, 1)

    run_virtual(main())


def test_the_same_key_at_the_same_time_is_billed_once() -> None:
    async def main() -> None:
        ledger = Ledger(PRICE)
        request = ask(idempotency_key="k")
        answers = await asyncio.gather(
            *(serve(ledger, request, str(n)) for n in range(20))
        )
        assert set(answers) == {"0"}
        assert (ledger.answers, ledger.replayed) == (1, 19)
        assert now() == 1

    run_virtual(main())


def test_if_the_first_fails_the_next_one_answers() -> None:
    async def main() -> None:
        ledger = Ledger(PRICE)
        request = ask(idempotency_key="k")
        first = asyncio.create_task(serve(ledger, request, "first"))
        second = asyncio.create_task(serve(ledger, request, "second"))
        await asyncio.sleep(0.5)
        first.cancel()
        assert await second == "second"
        assert ledger.answers == 1

    run_virtual(main())


def test_a_departed_holder_or_waiter_leaves_no_claim() -> None:
    async def main() -> None:
        ledger = Ledger(PRICE)
        request = ask(idempotency_key="k")
        tasks = [
            asyncio.create_task(serve(ledger, request, str(n)))
            for n in range(3)
        ]
        await asyncio.sleep(0.5)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        assert await serve(ledger, request, "the next") == "the next"
        assert now() == 1.5

    run_virtual(main())


def test_a_key_belongs_to_its_tenant() -> None:
    async def main() -> None:
        ledger = Ledger(PRICE)
        one = ask(tenant="a", idempotency_key="k")
        other = ask(tenant="b", idempotency_key="k")
        assert await serve(ledger, one, "a's") == "a's"
        assert await serve(ledger, other, "b's") == "b's"

    run_virtual(main())


def test_requests_without_a_key_do_not_wait_for_each_other() -> None:
    async def main() -> None:
        ledger = Ledger(PRICE)
        await asyncio.gather(*(serve(ledger, ask(), "x") for _ in range(5)))
        assert now() == 1
        assert ledger.answers == 5

    run_virtual(main())
