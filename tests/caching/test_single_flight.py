"""Identical requests share one answer, and nobody's leaving harms another."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from math import inf
from typing import Any

import pytest

from optimizations.balancing.retry import Retry
from optimizations.caching.cache_fill import CacheFill
from optimizations.caching.cached import Cached
from optimizations.caching.single_flight import SingleFlight
from optimizations.caching.store import MemoryStore
from optimizations.clock import now, run_virtual
from optimizations.concurrency.rate_limiter import RateLimit, RateLimiter
from optimizations.errors import (
    DeadlineExceeded,
    Incomplete,
    RateLimited,
    Refused,
    UpstreamError,
)
from optimizations.llm import LLM, CacheControl, Chunk, Layer, Request
from optimizations.streaming.deadline import Deadline
from tests.helpers import (
    STOP,
    Scripted,
    Step,
    ask,
    collect,
    other_tasks,
    read,
    says,
    take,
    turns,
)


def slowly(*pieces: str) -> list[Step]:
    return says(*pieces, gap_seconds=1.0)


def slow_limiter() -> RateLimiter:
    """Lets one request pass at once, then one every 30 s."""
    return RateLimiter(requests_per_minute=2, max_wait_seconds=300)


async def start(flight: LLM, *requests: Request) -> list[asyncio.Task[str]]:
    tasks = [asyncio.create_task(read(flight, r)) for r in requests]
    await turns(3)
    return tasks


def test_a_thousand_at_once_are_one_call() -> None:
    async def main() -> None:
        model = Scripted(slowly("Hel", "lo"))
        flight = SingleFlight(model)
        tasks = await start(flight, *(ask(n=n) for n in range(1000)))
        assert flight.snapshot()["in_the_air"] == 1
        assert await asyncio.gather(*tasks) == ["Hello"] * 1000
        assert model.calls == 1
        assert flight.snapshot() == {
            "flights": 1,
            "followers": 999,
            "in_the_air": 0,
        }
        assert not other_tasks()

    run_virtual(main())


def test_who_wants_a_new_answer_joins_no_old_flight() -> None:
    async def main() -> None:
        model = Scripted(slowly("old"), slowly("new"))
        flight = SingleFlight(model)
        anew = ask(n=2, cache=CacheControl(no_cache=True))
        tasks = await start(flight, ask(n=1), anew, ask(n=3))
        assert await asyncio.gather(*tasks) == ["old", "new", "new"]
        assert model.calls == 2
        assert flight.snapshot()["in_the_air"] == 0

    run_virtual(main())


def test_after_closing_nobody_takes_off() -> None:
    async def main() -> None:
        flight = SingleFlight(Scripted())
        await flight.aclose()
        with pytest.raises(Refused):
            await read(flight, ask())
        assert not other_tasks()

    run_virtual(main())


@pytest.mark.parametrize("after_seconds", [0.0, 0.5, 1.0, 1.5, 2.5, 3.0])
def test_followers_outlive_the_leader(after_seconds: float) -> None:
    """One caller timed out, and all who waited for the same key failed."""

    async def main() -> None:
        model = Scripted(slowly("a", "b", "c"))
        flight = SingleFlight(model)
        leader, *followers = await start(flight, *(ask(n=n) for n in range(4)))
        await asyncio.sleep(after_seconds)
        leader.cancel()
        await asyncio.wait([leader])
        late = await start(flight, ask(n=9)) if after_seconds < 3 else []
        texts = await asyncio.gather(*followers, *late)
        assert texts == ["abc"] * len(texts)
        assert model.calls == 1
        assert model.left == 0
        assert not other_tasks()

    run_virtual(main())


@pytest.mark.parametrize("turns_before", range(12))
def test_a_cancellation_at_any_moment_fails_only_the_cancelled(
    turns_before: int,
) -> None:
    async def main() -> None:
        model = Scripted(says("a", "b", gap_seconds=0.0))
        flight = SingleFlight(model)
        for victim in range(3):
            tasks = [
                asyncio.create_task(read(flight, ask(n=n))) for n in range(3)
            ]
            await turns(turns_before)
            tasks[victim].cancel()
            done = await asyncio.gather(*tasks, return_exceptions=True)
            others = [x for n, x in enumerate(done) if n != victim]
            assert others == ["ab", "ab"]
            assert model.running == 0
            assert not other_tasks()

    run_virtual(main())


@pytest.mark.parametrize("after_seconds", [0.0, 0.5, 1.5])
def test_the_last_to_leave_cancels_the_flight(after_seconds: float) -> None:
    async def main() -> None:
        model = Scripted(slowly("a", "b", "c"))
        flight = SingleFlight(model)
        tasks = await start(flight, ask(n=1), ask(n=2))
        await asyncio.sleep(after_seconds)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        assert model.running == 0
        assert flight.snapshot()["in_the_air"] == 0
        assert not other_tasks()
        assert await read(flight, ask(n=3)) == "abc"
        assert model.calls == 2

    run_virtual(main())


def test_who_comes_while_a_flight_is_being_cancelled_takes_off_anew() -> None:
    async def main() -> None:
        model = Scripted(slowly("a"))
        flight = SingleFlight(model)
        [leaver] = await start(flight, ask(n=1))
        leaver.cancel()
        newcomer = asyncio.create_task(read(flight, ask(n=2)))
        assert await newcomer == "a"
        assert leaver.cancelled()

    run_virtual(main())


@pytest.mark.parametrize("pieces", [[], ["a"]])
def test_an_error_reaches_all_and_is_not_kept(pieces: list[Step]) -> None:
    async def main() -> None:
        failing = [*pieces, 1.0, UpstreamError("once")]
        model = Scripted(failing, says("fine"))
        flight = SingleFlight(model)
        tasks = await start(flight, *(ask(n=n) for n in range(5)))
        done = await asyncio.gather(*tasks, return_exceptions=True)
        assert [str(error) for error in done] == ["once"] * 5
        assert await read(flight, ask(n=9)) == "fine"
        assert model.calls == 2

    run_virtual(main())


@pytest.mark.parametrize("script", [[], [STOP], [Chunk(), STOP]])
def test_an_empty_answer_is_shared_like_any_other(script: list[Step]) -> None:
    """A cache for which `None` was never a hit asked anew each time."""

    async def main() -> None:
        model = Scripted([1.0, *script])
        tasks = await start(
            SingleFlight(model), *(ask(n=n) for n in range(10))
        )
        assert await asyncio.gather(*tasks) == [""] * 10
        assert model.calls == 1

    run_virtual(main())


def test_who_comes_late_still_gets_the_first_chunk() -> None:
    async def main() -> None:
        flight = SingleFlight(Scripted(slowly("a", "b", "c")))
        early = await start(flight, ask(n=1))
        await asyncio.sleep(2.5)
        late = await start(flight, ask(n=2))
        assert await asyncio.gather(*early, *late) == ["abc", "abc"]

    run_virtual(main())


def test_when_the_first_chunks_are_gone_a_new_flight_takes_off() -> None:
    async def main() -> None:
        big = "x" * 200_000
        model = Scripted([big, big, 1.0, STOP])
        flight = SingleFlight(model)
        tasks = await start(flight, ask(n=1))
        await turns(10)
        tasks += await start(flight, ask(n=2))
        assert model.calls == 2
        assert await asyncio.gather(*tasks) == [big * 2] * 2
        assert flight.snapshot()["in_the_air"] == 0

    run_virtual(main())


@pytest.mark.parametrize(
    "other",
    [
        {"tenant": "u"},
        {"text": "other"},
        {"model": "other"},
        {"max_tokens": 7},
        {"streamed": False},
    ],
)
def test_different_requests_fly_apart(other: dict[str, Any]) -> None:
    async def main() -> None:
        model = Scripted(slowly("a"))
        tasks = await start(SingleFlight(model), ask(n=1), ask(n=2, **other))
        await asyncio.gather(*tasks)
        assert model.calls == 2

    run_virtual(main())


@pytest.mark.parametrize(
    "fields",
    [{"temperature": 0.5}, {"options": {"store": False}}],
)
def test_what_could_share_no_cached_answer_shares_no_flight(
    fields: dict[str, Any],
) -> None:
    async def main() -> None:
        model = Scripted(slowly("a"))
        requests = [ask(n=n, **fields) for n in range(3)]
        flight = SingleFlight(model)
        await asyncio.gather(*(read(flight, r) for r in requests))
        assert model.calls == 3
        assert flight.snapshot()["flights"] == 0

    run_virtual(main())


class Queued(Layer):
    """Writes into the trace, as limiters do."""

    async def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
        request.trace.queued_seconds += 2.0
        async with aclosing(self.inner.stream(request)) as chunks:
            async for chunk in chunks:
                yield chunk


def test_each_reader_learns_how_it_was_served_and_one_paid() -> None:
    async def main() -> None:
        requests = [ask(n=n) for n in range(3)]
        await asyncio.gather(
            *await start(SingleFlight(Queued(Scripted())), *requests)
        )
        traces = [request.trace for request in requests]
        assert [trace.served_by for trace in traces] == ["script"] * 3
        assert [trace.attempts for trace in traces] == [1, 0, 0]
        assert [trace.queued_seconds for trace in traces] == [2.0, 0.0, 0.0]

    run_virtual(main())


def test_a_flight_is_due_at_the_latest_deadline_of_its_readers() -> None:
    async def main() -> None:
        model = Scripted(slowly("a"))
        flight = SingleFlight(model)
        requests = [ask(n=n, deadline=d) for n, d in enumerate((5, 9, 7))]
        dues = []
        tasks = []
        for request in requests:
            tasks += await start(flight, request)
            dues.append(model.requests[0].due)
        assert dues == [5, 9, 9]
        tasks += await start(flight, ask(n=9))  # has all the time there is
        assert model.requests[0].due == inf
        await asyncio.gather(*tasks)
        assert [request.due for request in requests] == [5, 9, 7]

    run_virtual(main())


def test_a_follower_is_not_cut_off_at_the_leaders_deadline() -> None:
    async def main() -> None:
        model = Scripted(slowly("a", "b", "c"))
        llm = SingleFlight(Deadline(model, 60.0))
        leader, follower = await start(
            Deadline(llm, 60.0), ask(n=1, deadline=1.5), ask(n=2)
        )
        assert await follower == "abc"
        assert isinstance(leader.exception(), DeadlineExceeded)
        assert model.calls == 1

    run_virtual(main())


def test_what_cannot_come_in_time_for_anybody_is_refused_at_once() -> None:
    """A flight without any deadline let a hopeless request wait for its slot
    until its caller was gone.
    """

    async def main() -> None:
        llm = SingleFlight(RateLimit(Scripted(), slow_limiter()))
        await read(llm, ask("first"))
        with pytest.raises(RateLimited):
            await read(llm, ask("second", deadline=now() + 29))
        assert now() == 0
        await read(llm, ask("second", deadline=now() + 31))
        assert now() == 30

    run_virtual(main())


def test_a_slot_that_moved_is_still_in_time_for_a_patient_follower() -> None:
    """The leader had until 31 s; its slot moved from 30 s to 60 s, and the
    follower, who had joined it meanwhile, has until 90 s.
    """

    async def main() -> None:
        limiter = slow_limiter()
        llm = SingleFlight(RateLimit(Scripted(), limiter))
        await read(llm, ask("first"))
        leader, follower = await start(
            Deadline(llm, 300.0),
            ask("second", n=1, deadline=31),
            ask("second", n=2, deadline=90),
        )
        limiter.queue.correct(1)  # somebody used more than they had reserved
        assert await follower == "t asked: second"
        assert now() == 60
        assert isinstance(leader.exception(), DeadlineExceeded)

    run_virtual(main())


def test_a_retry_goes_on_for_a_patient_follower() -> None:
    async def main() -> None:
        busy = UpstreamError("busy", status=503, retry_after=10.0)
        model = Scripted([5.0, busy], says("yes"))
        llm = SingleFlight(Retry(model))
        leader, follower = await start(
            Deadline(llm, 300.0), ask(n=1, deadline=6), ask(n=2, deadline=90)
        )
        assert await follower == "yes"
        assert isinstance(leader.exception(), DeadlineExceeded)

    run_virtual(main())


def test_closing_ends_the_flights_and_tells_their_readers() -> None:
    async def main() -> None:
        model = Scripted(slowly("a", "b", "c"))
        flight = SingleFlight(model)
        tasks = await start(flight, ask("one"), ask("two"), ask("two", n=2))
        await asyncio.sleep(1.5)
        await flight.aclose()
        done = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(error) for error in done] == [Incomplete] * 3
        assert model.running == 0
        assert model.shut == 1
        assert not other_tasks()

    run_virtual(main())


def test_a_reader_who_pauses_holds_nobody_up() -> None:
    """One of two stopped reading after a few chunks of 12,001; the other's
    deadline passed with less than a third of the answer.
    """

    async def main() -> None:
        model = Scripted([1.0, *says(*["word "] * 12_000)])
        llm = Deadline(SingleFlight(model), 60.0)
        async with aclosing(llm.stream(ask(n=1))) as paused:
            [going_on] = await start(llm, ask(n=2))
            await take(paused, 3)
            assert await going_on == "word " * 12_000
            assert model.calls == 1
            assert now() < 5
            with pytest.raises(Incomplete) as caught:
                await anext(paused)
        assert caught.value.partial == "word " * 3
        assert not other_tasks()

    run_virtual(main())


def test_an_abandoned_reader_takes_nobody_along() -> None:
    async def main() -> None:
        model = Scripted(slowly("a", "b"))
        flight = SingleFlight(model)
        [follower] = await start(flight, ask(n=2))
        async with aclosing(flight.stream(ask(n=1))) as chunks:
            assert [c.text for c in await take(chunks, 1)] == ["a"]
        assert await follower == "ab"

    run_virtual(main())


def test_in_the_onion_an_answer_is_asked_for_and_kept_once() -> None:
    """Whoever comes at any moment finds it in the air or in the store."""

    async def main() -> None:
        kept = 0

        class Counting(MemoryStore):
            async def keep(self, request: Request, reply: Any) -> None:
                nonlocal kept
                kept += 1
                await asyncio.sleep(0.3)  # a store far away
                await super().keep(request, reply)

        model, store = Scripted(slowly("a", "b")), Counting()
        filled = CacheFill(model, store, store_seconds=1.0)
        chatbot = Cached(SingleFlight(filled), store)

        async def later(n: int) -> str:
            await asyncio.sleep(n * 0.05)
            return await read(chatbot, ask(n=n))

        texts = await asyncio.gather(*(later(n) for n in range(100)))
        assert texts == ["ab"] * 100
        assert (model.calls, kept) == (1, 1)
        chunks = await collect(chatbot.stream(ask(n=101)))
        assert chunks[-1].finish_reason == "stop"

    run_virtual(main())


def test_who_wants_a_younger_answer_takes_off_anew() -> None:
    """Behind the flight a cache gave what was a thousand seconds old."""

    async def main() -> None:
        model = Scripted(says("a", gap_seconds=1))
        flight = SingleFlight(model)
        young = CacheControl(max_age_seconds=5)
        readers = [ask(n=1), ask(n=2, cache=young), ask(n=3), ask(n=4)]
        await asyncio.gather(*(read(flight, each) for each in readers))
        assert (flight.flights, flight.followers) == (2, 2)

    run_virtual(main())
