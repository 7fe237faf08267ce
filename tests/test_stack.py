"""The recommended onion, and one test for each arrow: what the other order
would lose.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from itertools import pairwise
from math import inf, nan

import pytest

from optimizations.balancing.balanced import Balanced
from optimizations.balancing.circuit_breaker import Breaker, CircuitBreaker
from optimizations.balancing.policies import RoundRobin
from optimizations.balancing.retry import Retry
from optimizations.caching.cache_fill import CacheFill
from optimizations.caching.cached import Cached
from optimizations.caching.keys import exact_key
from optimizations.caching.lease import Leases
from optimizations.caching.shared_flight import SharedFlight
from optimizations.caching.similar.embedding import Embedder, HashingEmbedder
from optimizations.caching.similar.semantic import SemanticStore
from optimizations.caching.single_flight import SingleFlight
from optimizations.caching.store import Answer, MemoryStore
from optimizations.clock import now, run_virtual
from optimizations.concurrency.rate_limiter import RateLimit, RateLimiter
from optimizations.errors import (
    CircuitOpen,
    ConnectionFailed,
    DeadlineExceeded,
    LLMError,
    RateLimited,
    TimedOut,
    UpstreamError,
)
from optimizations.llm import LLM, Request, walk
from optimizations.mock import Fault, Ledger, MockModel
from optimizations.mock.profile import GPT_4O_MINI
from optimizations.monitoring.record import Monitored, Record
from optimizations.stack import ORDER, Settings, stack
from optimizations.streaming.deadline import Deadline
from optimizations.streaming.timeouts import Timeouts
from tests.caching.leases import MemoryLeases
from tests.helpers import Scripted, ask, other_tasks, read, says

YES = says("yes", gap_seconds=0.1)
ILL = [UpstreamError("broken")]


class WatchedStore(MemoryStore):
    """A store that is slow where asked to, and counts."""

    def __init__(
        self,
        *,
        find_seconds: float = 0.0,
        keep_seconds: float = 0.0,
        on_keep: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__()
        self.finds = self.keeps = 0
        self._find_seconds = find_seconds
        self._keep_seconds = keep_seconds
        self._on_keep = on_keep

    async def find(self, request: Request) -> Answer | None:
        self.finds += 1
        await asyncio.sleep(self._find_seconds)
        return await super().find(request)

    async def keep(self, request: Request, answer: Answer) -> None:
        self.keeps += 1
        self._on_keep()
        await asyncio.sleep(self._keep_seconds)
        await super().keep(request, answer)


def test_the_onion_has_the_order_that_is_written_down() -> None:
    async def main() -> None:
        exact, semantic = MemoryStore(), MemoryStore()
        llm = stack(
            [Scripted(YES)],
            store=exact,
            semantic=semantic,
            leases=MemoryLeases(),
        )
        built = [type(layer).__name__ for layer in walk(llm)][:-1]
        written = [ORDER[0].outer, *(arrow.inner for arrow in ORDER)]
        assert built == written
        for outer, inner in pairwise(ORDER):
            assert outer.inner == inner.outer
        caches = [x.store for x in walk(llm) if isinstance(x, Cached)]
        assert caches == [exact, semantic]

    run_virtual(main())


def test_metrics_outside_the_deadline_see_that_it_was_missed() -> None:
    async def outcomes(build: Callable[[LLM, list[Record]], LLM]) -> list[str]:
        records: list[Record] = []
        with pytest.raises(DeadlineExceeded):
            await read(build(Scripted([inf]), records), ask())
        return [record.outcome for record in records]

    async def main() -> None:
        assert await outcomes(
            lambda model, sink: Monitored(Deadline(model, 1.0), [sink.append])
        ) == ["timed out"]
        assert await outcomes(
            lambda model, sink: Deadline(Monitored(model, [sink.append]), 1.0)
        ) == ["left"]

    run_virtual(main())


def test_a_deadline_outside_the_cache_covers_a_slow_store() -> None:
    async def seconds(build: Callable[[WatchedStore], LLM]) -> float:
        began = now()
        with suppress(DeadlineExceeded):
            await read(build(WatchedStore(find_seconds=30)), ask())
        return now() - began

    async def main() -> None:
        model = Scripted(YES)

        def cached(inner: LLM, store: WatchedStore) -> LLM:
            return Cached(inner, store, store_seconds=60.0)

        assert await seconds(lambda s: Deadline(cached(model, s), 2.0)) == 2
        assert await seconds(lambda s: cached(Deadline(model, 2.0), s)) > 30

    run_virtual(main())


def test_the_exact_cache_outside_spares_the_dear_look_up() -> None:
    async def dear_look_ups(*, exact_outside: bool) -> int:
        exact, semantic = MemoryStore(), WatchedStore()
        filled = CacheFill(Scripted(YES), exact, semantic)
        inner, outer = (
            (semantic, exact) if exact_outside else (exact, semantic)
        )
        llm = Cached(Cached(filled, inner), outer)
        for n in range(5):
            await read(llm, ask(n=n))
        return semantic.finds

    async def main() -> None:
        assert await dear_look_ups(exact_outside=True) == 1
        assert await dear_look_ups(exact_outside=False) == 5

    run_virtual(main())


def test_the_cache_outside_single_flight_spares_a_task_for_each_hit() -> None:
    async def flights(*, cache_outside: bool) -> int:
        store = MemoryStore()
        filled = CacheFill(Scripted(YES), store)
        if cache_outside:
            flight = SingleFlight(filled)
            llm: LLM = Cached(flight, store)
        else:
            llm = flight = SingleFlight(Cached(filled, store))
        for n in range(5):
            await read(llm, ask(n=n))
        return flight.flights

    async def main() -> None:
        assert await flights(cache_outside=True) == 1
        assert await flights(cache_outside=False) == 5

    run_virtual(main())


def test_the_filling_inside_the_flight_stores_an_answer_once() -> None:
    async def keeps(build: Callable[[LLM, WatchedStore], LLM]) -> int:
        store = WatchedStore()
        llm = build(Scripted(YES), store)
        await asyncio.gather(*(read(llm, ask(n=n)) for n in range(5)))
        return store.keeps

    async def main() -> None:
        assert await keeps(lambda m, s: SingleFlight(CacheFill(m, s))) == 1
        assert await keeps(lambda m, s: CacheFill(SingleFlight(m), s)) > 1

    run_virtual(main())


def test_the_flight_outside_the_shared_one_lets_one_request_wait() -> None:
    async def waiting(build: Callable[[LLM, SharedFlight], LLM]) -> int:
        store, leases = MemoryStore(), MemoryLeases()
        await leases.take(exact_key(ask()), "another process")
        shared = SharedFlight(CacheFill(Scripted(YES), store), store, leases)
        llm = build(shared.inner, shared)
        tasks = [asyncio.create_task(read(llm, ask(n=n))) for n in range(5)]
        await asyncio.sleep(1)
        count = int(shared.snapshot()["waiting"])
        await asyncio.gather(*tasks)
        return count

    def inside(filled: LLM, shared: SharedFlight) -> LLM:
        shared.inner = SingleFlight(filled)
        return shared

    async def main() -> None:
        assert await waiting(lambda _, shared: SingleFlight(shared)) == 1
        assert await waiting(inside) == 5

    run_virtual(main())


def test_the_filling_inside_the_lease_is_found_by_who_waited() -> None:
    async def calls(build: Callable[[LLM, MemoryStore, Leases], LLM]) -> int:
        model, leases = Scripted(YES), MemoryLeases()
        store = WatchedStore(keep_seconds=0.2)
        processes = [build(model, store, leases) for _ in range(2)]
        await asyncio.gather(*(read(each, ask()) for each in processes))
        return model.calls

    async def main() -> None:
        assert (
            await calls(lambda m, s, x: SharedFlight(CacheFill(m, s), s, x))
            == 1
        )
        assert (
            await calls(lambda m, s, x: CacheFill(SharedFlight(m, s, x), s))
            == 2
        )

    run_virtual(main())


def test_unused_tokens_are_back_before_the_answer_is_stored() -> None:
    async def left_while_storing(*, limit_inside: bool) -> float:
        limiter = RateLimiter(tokens_per_minute=60_000)
        left: list[float] = []
        store = WatchedStore(
            on_keep=lambda: left.append(limiter.queue.budget.levels(now())[-1])
        )
        model = Scripted(says("yes"))  # uses 13 of the 500 or so reserved
        llm: LLM = (
            CacheFill(RateLimit(model, limiter), store)
            if limit_inside
            else RateLimit(CacheFill(model, store), limiter)
        )
        await read(llm, ask())
        return 10_000 - left[0]

    async def main() -> None:
        assert await left_while_storing(limit_inside=True) < 20
        assert await left_while_storing(limit_inside=False) > 500

    run_virtual(main())


def test_a_hopeless_wait_is_refused_at_once_through_the_whole_onion() -> None:
    """The flight hid the deadline, so a request waited for a slot that was
    past it, and failed only when it came to that.
    """

    async def main() -> None:
        llm = stack(
            [Scripted(YES)],
            Settings(requests_per_minute=1, deadline_seconds=20.0),
        )
        async with llm:
            await read(llm, ask("one"))
            began = now()
            with pytest.raises(RateLimited):
                await read(llm, ask("other"))
            assert now() == began

    run_virtual(main())


def test_a_retry_inside_the_limit_never_queues_again() -> None:
    async def seconds_to_the_error(build: Callable[[LLM], LLM]) -> float:
        began = now()
        with pytest.raises(LLMError):
            await read(build(Scripted(ILL)), ask(deadline=now() + 300))
        return now() - began

    async def main() -> None:
        def limiter() -> RateLimiter:
            return RateLimiter(requests_per_minute=1)

        def limit_outside(model: LLM) -> LLM:
            limit = limiter()
            return RateLimit(Retry(model, afford=limit.afford), limit)

        assert await seconds_to_the_error(limit_outside) == 0
        assert (
            await seconds_to_the_error(
                lambda model: Retry(RateLimit(model, limiter()))
            )
            > 50
        )

    run_virtual(main())


def test_a_retry_outside_the_balancer_reaches_another_replica() -> None:
    async def answered(build: Callable[[LLM, LLM], LLM]) -> bool:
        try:
            await read(build(Scripted(ILL), Scripted(YES)), ask())
        except UpstreamError:
            return False
        return True

    async def main() -> None:
        assert await answered(
            lambda a, b: Retry(Balanced([a, b], RoundRobin()))
        )
        assert not await answered(
            lambda a, b: Balanced([Retry(a), Retry(b)], RoundRobin())
        )

    run_virtual(main())


def test_a_breaker_for_each_replica_leaves_the_well_ones_open() -> None:
    async def refused(build: Callable[[LLM, LLM], LLM]) -> int:
        llm = build(Scripted(ILL), Scripted(YES))
        count = 0
        for n in range(40):
            try:
                await read(llm, ask(n=n))
            except CircuitOpen:
                count += 1
            except UpstreamError:
                continue
        return count

    async def main() -> None:
        assert not await refused(
            lambda a, b: Balanced([Breaker(a), Breaker(b)], RoundRobin())
        )
        assert await refused(
            lambda a, b: Breaker(Balanced([a, b], RoundRobin()))
        )

    run_virtual(main())


def test_timeouts_inside_the_breaker_are_failures_that_it_sees() -> None:
    async def opened(build: Callable[[LLM], LLM]) -> bool:
        llm = build(Scripted([inf]))
        for n in range(10):
            with pytest.raises((TimedOut, CircuitOpen)):
                await read(llm, ask(n=n))
        return any(
            layer.circuit.opened > 0
            for layer in walk(llm)
            if isinstance(layer, Breaker)
        )

    async def main() -> None:
        assert await opened(lambda model: Breaker(Timeouts(model)))
        assert not await opened(lambda model: Timeouts(Breaker(model)))

    run_virtual(main())


def test_five_equal_questions_cost_one_request_of_the_limit() -> None:
    async def main() -> None:
        model = Scripted(YES)
        llm = stack([model], Settings(requests_per_minute=1))
        answers = await asyncio.gather(
            *(read(llm, ask(n=n)) for n in range(5))
        )
        assert answers == ["yes"] * 5
        assert await read(llm, ask(n=6)) == "yes"
        assert model.calls == 1
        assert now() < 1

    run_virtual(main())


def test_a_retry_pays_from_the_same_budget_or_is_dropped() -> None:
    async def main() -> None:
        model = Scripted(ILL)
        llm = stack([model], Settings(requests_per_minute=1))
        with pytest.raises(UpstreamError):
            await read(llm, ask())
        assert (model.calls, now()) == (1, 0)

    run_virtual(main())


def test_one_of_three_replicas_may_die_and_nobody_notices() -> None:
    async def main() -> None:
        ledger = Ledger(GPT_4O_MINI)
        records: list[Record] = []
        dying = Fault.parse("5-inf refuse")
        replicas = [
            MockModel("hosted", name=name, ledger=ledger, faults=faults)
            for name, faults in (("a", [dying]), ("b", []), ("c", []))
        ]
        settings = Settings(requests_per_minute=6000)
        llm = stack(
            replicas, settings, sinks=[records.append], price=GPT_4O_MINI
        )
        tasks = []
        for n in range(150):
            request = ask(f"Question {n}?", n=n)
            tasks.append(asyncio.create_task(read(llm, request)))
            await asyncio.sleep(0.1)
        await asyncio.gather(*tasks)
        assert [record.outcome for record in records] == ["answer"] * 150
        assert ledger.answers == 150
        assert sum(r.nanodollars for r in records) == ledger.nanodollars
        assert sum(r.attempts for r in records) <= 1.2 * 150
        await llm.aclose()
        assert not other_tasks()

    run_virtual(main())


def test_a_total_outage_is_refused_quickly_and_ends_when_it_ends() -> None:
    async def main() -> None:
        records: list[Record] = []
        outage = [Fault.parse("0-60 error")]
        replicas = [
            MockModel("quick", name=name, faults=outage) for name in "ab"
        ]
        settings = Settings(requests_per_minute=60_000)
        llm = stack(replicas, settings, sinks=[records.append])

        async def one(n: int) -> bool:
            try:
                await read(llm, ask(f"Question {n}?", n=n))
            except LLMError:
                return False
            return True

        tasks = []
        for n in range(600):
            tasks.append(asyncio.create_task(one(n)))
            await asyncio.sleep(0.1)
        calls = sum(replica.calls for replica in replicas)
        assert calls <= 1.2 * 600 + 20
        assert calls < 100  # the breakers spare them nearly all of it
        await asyncio.sleep(60)
        assert all([await one(n) for n in range(600, 620)])
        await asyncio.gather(*tasks)
        assert len(records) == 620
        quick = [r.e2e_seconds for r in records if r.outcome == "refused"]
        assert sorted(quick)[len(quick) // 2] < 0.01

    run_virtual(main())


def test_who_leaves_gives_everything_back() -> None:
    async def main() -> None:
        model = Scripted(["Hel", inf])
        records: list[Record] = []
        llm = stack([model], sinks=[records.append])
        tasks = [
            asyncio.create_task(read(llm, ask(f"Question {n}?", n=n)))
            for n in range(20)
        ]
        await asyncio.sleep(1)
        assert model.running == 20
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        assert model.running == 0
        assert not other_tasks()
        assert [record.outcome for record in records] == ["left"] * 20
        for layer in walk(llm):
            figures = layer.snapshot()
            for figure in ("running", "waiting", "replica_0_in_flight"):
                assert figures.get(figure, 0) == 0

    run_virtual(main())


def test_a_lost_first_attempt_is_billed_once() -> None:
    async def main() -> None:
        model = Scripted([ConnectionFailed("gone")], YES)
        llm = stack([model])
        assert await read(llm, ask()) == "yes"
        assert len({r.idempotency_key for r in model.requests}) == 1
        assert model.requests[0].idempotency_key is not None

    run_virtual(main())


def test_a_breaker_of_the_same_seed_rests_for_the_same_time() -> None:
    def rest(seed: int) -> float:
        async def main() -> float:
            llm = stack([Scripted(ILL)], Settings(seed=seed))
            for n in range(5):
                with pytest.raises(LLMError):
                    await read(llm, ask(f"Question {n}?", n=n))
            (circuit,) = (
                layer.circuit
                for layer in walk(llm)
                if isinstance(layer, Breaker)
            )
            assert isinstance(circuit, CircuitBreaker)
            return circuit.retry_after_seconds + now()

        return run_virtual(main())

    assert rest(1) == rest(1)
    assert rest(1) != rest(2)


@pytest.mark.parametrize("semantic", [None, HashingEmbedder()])
def test_an_answer_of_the_stack_does_not_live_for_ever(
    semantic: Embedder | None,
) -> None:
    """The semantic store keeps a day, and once gave the same words the answer
    that the exact one had let go.
    """

    async def main() -> None:
        model = Scripted(says("old"), says("new"), says("newer"))
        near = SemanticStore(semantic) if semantic else None
        async with stack([model], semantic=near) as llm:
            assert await read(llm, ask()) == "old"
            await asyncio.sleep(3500)
            assert await read(llm, ask()) == "old"
            await asyncio.sleep(200)
            assert await read(llm, ask()) == "old"  # stale, and asked anew
            await asyncio.sleep(1)
            assert await read(llm, ask()) == "new"
            await asyncio.sleep(3600 + 600)
            assert await read(llm, ask()) == "newer"

    run_virtual(main())


def test_a_time_that_makes_no_sense_is_refused_by_its_name() -> None:
    for fresh_seconds in (0, inf, nan):
        with pytest.raises(ValueError, match="fresh_seconds"):
            stack([Scripted(YES)], Settings(fresh_seconds=fresh_seconds))


def test_leases_without_a_store_to_share_are_refused() -> None:
    """Who waited asked the model after all: nothing was there to be found."""
    with pytest.raises(ValueError, match="leases need a store"):
        stack([Scripted(YES)], leases=MemoryLeases())
