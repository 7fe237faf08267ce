"""Asking again: when, how often, and what it may cost."""

from __future__ import annotations

import asyncio
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimizations.balancing.balanced import Balanced
from optimizations.balancing.policies import RoundRobin
from optimizations.balancing.retry import (
    Retry,
    RetryBudget,
    full_jitter,
    idempotency_key,
)
from optimizations.clock import now, run_virtual
from optimizations.errors import (
    BadRequest,
    ConnectionFailed,
    Incomplete,
    LLMError,
    NoReplica,
    UpstreamError,
)
from optimizations.llm import Request
from optimizations.mock import Fault, MockModel
from optimizations.wire import fits_header
from tests.helpers import Scripted, ask, collect, read, says

LOST = ConnectionFailed("gone")


def busy(retry_after: float | None) -> UpstreamError:
    return UpstreamError("busy", status=429, retry_after=retry_after)


async def outcome(llm: Retry, n: int) -> bool:
    """Whether request n was answered."""
    try:
        await read(llm, ask(n=n))
    except LLMError:
        return False
    return True


def test_a_brief_failure_is_not_seen_by_the_caller() -> None:
    async def main() -> None:
        model = Scripted([LOST], [UpstreamError("broken")], says("yes"))
        assert await read(Retry(model), ask()) == "yes"
        assert model.calls == 3

    run_virtual(main())


@pytest.mark.parametrize(
    "error",
    [BadRequest("too long"), UpstreamError("?", status=404), Incomplete("h")],
)
def test_what_cannot_succeed_is_not_asked_again(error: LLMError) -> None:
    async def main() -> None:
        model = Scripted([error])
        with pytest.raises(type(error)) as raised:
            await read(Retry(model), ask())
        assert raised.value is error
        assert model.calls == 1

    run_virtual(main())


def test_after_the_first_chunk_nothing_is_asked_again() -> None:
    """nuguard said the answer twice: a retry after partial output began the
    whole text anew."""

    async def main() -> None:
        model = Scripted(["Hel", LOST], says("Hello"))
        seen = []
        with pytest.raises(ConnectionFailed):
            async for chunk in Retry(model).stream(ask()):
                seen.append(chunk.text)  # noqa: PERF401 - it is cut short
        assert seen == ["Hel"]
        assert model.calls == 1

    run_virtual(main())


def test_the_last_error_passes_unchanged() -> None:
    async def main() -> None:
        last = UpstreamError("the third")
        model = Scripted([LOST], [LOST], [last], says("too late"))
        with pytest.raises(UpstreamError) as raised:
            await read(Retry(model, attempts=3), ask())
        assert raised.value is last

    run_virtual(main())


def test_every_attempt_carries_the_same_key_so_one_answer_is_billed() -> None:
    async def main() -> None:
        model = Scripted([LOST], says("yes"))
        await read(Retry(model), ask())
        first, second = (r.idempotency_key for r in model.requests)
        assert first == second == idempotency_key(ask())
        await read(Retry(model), ask(n=2, idempotency_key="the caller's"))
        assert model.requests[-1].idempotency_key == "the caller's"

    run_virtual(main())


def test_one_id_for_two_questions_gives_two_keys() -> None:
    key = idempotency_key(ask("Where is my parcel?"))
    assert idempotency_key(ask("Where is my parcel?")) == key
    assert idempotency_key(ask("Cancel my order")) != key
    assert idempotency_key(ask("Where is my parcel?", tenant="u")) != key


def test_a_retry_of_a_failed_replica_reaches_another() -> None:
    async def main() -> None:
        broken, well = Scripted([LOST]), Scripted(says("yes"))
        llm = Retry(Balanced([broken, well], RoundRobin()))
        for n in range(4):
            assert await read(llm, ask(n=n)) == "yes"
        assert broken.calls == well.calls == 4

    run_virtual(main())


def test_it_waits_as_long_as_the_provider_says() -> None:
    async def main() -> None:
        llm = Retry(Scripted([busy(7.0)], says("yes")), base_seconds=0.5)
        assert await read(llm, ask()) == "yes"
        assert 7.0 <= now() <= 7.5

    run_virtual(main())


def test_another_replica_need_not_wait_for_the_one_that_is_busy() -> None:
    async def main() -> None:
        replicas = [Scripted([busy(60.0)]), Scripted(says("yes"))]
        llm = Retry(Balanced(replicas, RoundRobin()))
        assert await read(llm, ask()) == "yes"
        assert now() < 1

    run_virtual(main())


def test_with_nobody_left_it_waits_for_the_first_who_returns() -> None:
    async def main() -> None:
        closed = NoReplica("none", retry_after=3.0)
        llm = Retry(Scripted([closed], says("yes")))
        assert await read(llm, ask()) == "yes"
        assert now() >= 3

    run_virtual(main())


@pytest.mark.parametrize("told", [1e9, 121.0, float("inf")])
def test_an_absurd_wait_is_not_waited_for(told: float) -> None:
    async def main() -> None:
        model = Scripted([busy(told)])
        with pytest.raises(UpstreamError):
            await read(Retry(model), ask())
        assert (model.calls, now()) == (1, 0)

    run_virtual(main())


@pytest.mark.parametrize("told", [None, 0.0, -1.0, float("nan")])
def test_advice_without_sense_is_no_advice(told: float | None) -> None:
    async def main() -> None:
        llm = Retry(Scripted([busy(told)], says("yes")), base_seconds=0.5)
        assert await read(llm, ask()) == "yes"
        assert now() <= 0.5

    run_virtual(main())


def test_it_gives_up_at_once_where_the_deadline_would_pass() -> None:
    async def main() -> None:
        model = Scripted([busy(10.0)])
        llm = Retry(model)
        with pytest.raises(UpstreamError):
            await read(llm, ask(deadline=9.0))
        assert (model.calls, now()) == (1, 0)
        assert llm.snapshot()["given_up"] == 1

    run_virtual(main())


def test_a_retry_that_the_rate_limit_cannot_afford_is_dropped() -> None:
    async def main() -> None:
        model = Scripted([LOST])
        with pytest.raises(ConnectionFailed):
            await read(Retry(model, afford=lambda request: False), ask())
        assert model.calls == 1

    run_virtual(main())


def test_a_retry_that_one_purse_cannot_pay_takes_nothing_from_the_other() -> (
    None
):
    """The budget lost a retry each time that the rate limit said no."""
    asked: list[Request] = []

    def afford(request: Request) -> bool:
        asked.append(request)
        return False

    async def main() -> None:
        budget = RetryBudget(share=0, floor=1, max_saved=1)
        for _ in range(3):
            with pytest.raises(ConnectionFailed):
                llm = Retry(Scripted([LOST]), budget=budget, afford=afford)
                await read(llm, ask())
        assert (budget.saved, len(asked)) == (1, 3)
        assert budget.withdraw()
        with pytest.raises(ConnectionFailed):
            await read(llm, ask())
        assert len(asked) == 3

    run_virtual(main())


def test_a_key_fits_into_a_header_however_long_the_id_is() -> None:
    """The id was a part of it: a long one made every request a bad one."""
    assert fits_header(idempotency_key(ask(request_id="x" * 128)))


def test_the_order_of_options_makes_no_other_key() -> None:
    one = ask(options={"stop": {"a": 1, "b": 2}})
    other = ask(options={"stop": {"b": 2, "a": 1}})
    assert idempotency_key(one) == idempotency_key(other)


def test_a_caller_who_leaves_while_waiting_is_not_asked_for() -> None:
    async def main() -> None:
        model = Scripted([busy(10.0)], says("yes"))
        task = asyncio.create_task(collect(Retry(model).stream(ask())))
        await asyncio.sleep(5)
        task.cancel()
        await asyncio.wait([task])
        await asyncio.sleep(60)
        assert model.calls == 1

    run_virtual(main())


def test_an_outage_is_not_amplified_and_ends_when_it_ends() -> None:
    """Three attempts each would be three times the load, just when the
    provider has least to give."""

    async def main() -> None:
        model = MockModel("instant", faults=[Fault.parse("0-60 error")])
        llm = Retry(model)
        tasks = []
        for n in range(60 * 20):
            tasks.append(asyncio.create_task(outcome(llm, n)))
            await asyncio.sleep(0.05)
        await asyncio.sleep(1)
        attempts = model.calls
        assert attempts <= 1.2 * len(tasks) + 20
        assert attempts > 1.15 * len(tasks)  # the budget is there to be used
        later = [asyncio.create_task(outcome(llm, n)) for n in range(200)]
        assert all([await task for task in later])
        for task in tasks:
            await task

    run_virtual(main())


def test_callers_that_failed_together_do_not_come_back_together() -> None:
    async def main() -> None:
        times: list[float] = []

        def play(request: Any) -> list[Any]:
            times.append(now())
            return [LOST] if now() == 0 else says("yes")

        budget = RetryBudget(1.0, floor=100)
        llm = Retry(Scripted(play=play), budget=budget, base_seconds=1.0)
        await asyncio.gather(*(read(llm, ask(n=n)) for n in range(100)))
        tenths = [int(at * 10) for at in times if at > 0]
        assert max(tenths.count(tenth) for tenth in set(tenths)) <= 20

    run_virtual(main())


def test_the_same_seed_waits_the_same_times() -> None:
    async def main(seed: int) -> float:
        llm = Retry(Scripted([LOST], [LOST], says("yes")), seed=seed)
        await read(llm, ask())
        return now()

    assert run_virtual(main(1)) == run_virtual(main(1))
    assert run_virtual(main(1)) != run_virtual(main(2))


@given(
    st.lists(
        st.tuples(st.floats(0, 5), st.booleans()), min_size=1, max_size=200
    ),
    st.floats(0, 1),
    st.floats(0, 20),
)
@settings(max_examples=100, deadline=None, derandomize=True)
def test_a_budget_never_pays_more_than_it_says(
    events: list[tuple[float, bool]], share: float, floor: float
) -> None:
    at = 0.0
    budget = RetryBudget(share, floor=floor, clock=lambda: at)
    requests = retries = 0
    for gap, is_request in events:
        at += gap
        if is_request:
            budget.deposit()
            requests += 1
        else:
            retries += budget.withdraw()
        allowed = share * requests + floor * (1 + at / 60)
        assert retries <= allowed + 1e-6
        assert 0 <= budget.saved <= 100


def test_a_quiet_service_may_retry_and_a_calm_week_saves_no_storm() -> None:
    at = 0.0
    budget = RetryBudget(floor=2, max_saved=5, clock=lambda: at)
    assert [budget.withdraw() for _ in range(3)] == [True, True, False]
    at = 60.0
    assert [budget.withdraw() for _ in range(3)] == [True, True, False]
    for _ in range(10_000):
        budget.deposit()
    assert budget.saved == 5


@given(st.integers(1, 1000), st.integers())
@settings(max_examples=50, deadline=None, derandomize=True)
def test_jitter_stays_below_its_bound(retry: int, seed: int) -> None:
    seconds = full_jitter(retry, 0.5, 8.0, Random(seed))
    assert 0 <= seconds <= min(8.0, 0.5 * 2 ** (retry - 1))


@pytest.mark.parametrize(
    "bad",
    [
        {"attempts": 0},
        {"base_seconds": 0},
        {"base_seconds": 9.0},
        {"cap_seconds": float("nan")},
        {"max_retry_after_seconds": -1},
    ],
)
def test_settings_without_sense_are_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        Retry(Scripted(), **bad)
    with pytest.raises(ValueError):
        RetryBudget(-0.1)
