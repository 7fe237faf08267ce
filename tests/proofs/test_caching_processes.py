"""The stated numbers of single flight across processes: real ones, on a real
server.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
import redis.asyncio

from lab.parts import PartFailed, RedisServer
from lab.second_process import Outcome, SecondProcess, second_process
from optimizations.caching.cache_fill import CacheFill
from optimizations.caching.cached import Cached
from optimizations.caching.redis.redis_leases import RedisLeases
from optimizations.caching.redis.two_tier import TwoTierStore
from optimizations.caching.shared_flight import SharedFlight
from optimizations.caching.single_flight import SingleFlight
from optimizations.clock import now
from optimizations.llm import LLM
from tests.caching.answers import answer
from tests.caching.redis.real_redis import (
    needs_redis,
    patient,
    until,
    with_redis,
)
from tests.conftest import Proof
from tests.helpers import STOP, Scripted, ask

pytestmark = [pytest.mark.proof, needs_redis]

QUESTION = "Where is my parcel?"
LEASE_SECONDS = 3.0  # of `RedisLeases`, unless told otherwise


@asynccontextmanager
async def processes(
    server: RedisServer, count: int, model_seconds: float
) -> AsyncIterator[list[SecondProcess]]:
    async with AsyncExitStack() as running:
        starting = (
            second_process(
                server.url, "module12:proof", model_seconds=model_seconds
            )
            for _ in range(count)
        )
        yield list(
            await asyncio.gather(
                *(running.enter_async_context(each) for each in starting)
            )
        )


def totals(outcomes: list[Outcome]) -> tuple[int, int, int]:
    """Calls of the models, answers, errors."""
    return (
        sum(outcome.model_calls for outcome in outcomes),
        sum(sum(outcome.served_by.values()) for outcome in outcomes),
        sum(outcome.failed for outcome in outcomes),
    )


def test_three_processes_ask_hardly_more_than_once(proof: Proof) -> None:
    outcomes: list[Outcome] = []

    async def main(server: RedisServer, plain: redis.asyncio.Redis) -> None:
        async with processes(server, 3, model_seconds=1.0) as three:
            asking = [process.ask(QUESTION, times=334) for process in three]
            outcomes.extend(await asyncio.gather(*asking))

    with_redis(main)
    calls, answers, errors = totals(outcomes)
    proof(
        "3 processes with 334 identical misses each: at most 2 upstream calls",
        f"{calls} calls, {answers:,} answers, {errors} errors",
        calls <= 2 and answers == 1002 and not errors,
    )


def test_when_the_holder_is_killed_one_takes_over(proof: Proof) -> None:

    outcomes: list[Outcome] = []
    seconds = 0.0

    async def main(server: RedisServer, plain: redis.asyncio.Redis) -> None:
        nonlocal seconds

        async def all_wait() -> bool:
            """The others look again and again; each look is an EVAL."""
            stats: Any = await plain.info("commandstats")
            return bool(stats.get("cmdstat_eval", {"calls": 0})["calls"] > 20)

        async with processes(server, 3, model_seconds=5.0) as (leader, *rest):
            leading = asyncio.create_task(leader.ask(QUESTION, 100))
            await until(lambda: plain.keys("*:lease:*"))
            (key,) = await plain.keys("*:lease:*")
            holders = {None, await plain.get(key)}

            async def another_holds_it() -> bool:
                return await plain.get(key) not in holders

            following = [
                asyncio.create_task(process.ask(QUESTION, 100))
                for process in rest
            ]
            await until(all_wait)
            leader.kill()
            killed_at = now()
            with pytest.raises(PartFailed):
                await leading
            await until(another_holds_it)
            seconds = now() - killed_at
            outcomes.extend(await asyncio.gather(*following))

    with_redis(main)
    calls, answers, errors = totals(outcomes)
    proof(
        "the holder killed: one takes over, within the lease and 0.5 s",
        f"taken over after {seconds:.1f} s; {calls} calls, {answers} "
        f"answers, {errors} errors",
        (calls, answers, errors) == (1, 200, 0)
        and seconds <= LEASE_SECONDS + 0.5,
    )


def test_a_lease_is_renewed_through_a_long_answer(proof: Proof) -> None:
    model = Scripted(["Hello", 60.0, STOP])
    texts: list[str] = []

    async def main(server: RedisServer, plain: redis.asyncio.Redis) -> None:
        async with AsyncExitStack() as closing:
            onions = [
                await closing.enter_async_context(process(server.url, model))
                for _ in range(3)
            ]
            replies = await asyncio.gather(
                *(onion.complete(ask()) for onion in onions)
            )
            texts.extend(reply.text for reply in replies)

    with_redis(main)
    proof(
        "a lease of 3 s lasts through an answer of 60 s",
        f"{model.calls} call, {len(texts)} answers",
        model.calls == 1 and texts == ["Hello"] * 3,
    )


def process(url: str, model: LLM) -> LLM:
    """The onion that each process has, here in one."""
    store = patient(url)
    leases = RedisLeases(store.client)
    shared = SharedFlight(CacheFill(model, store), store, leases)
    return Cached(SingleFlight(shared), store)


def test_no_copy_outlives_its_entry_by_much(proof: Proof) -> None:
    """Changed a thousand times in one process, read in another: until when
    is an old copy served?
    """
    stale_seconds: list[float] = []
    near_hits = 0

    async def main(server: RedisServer, plain: redis.asyncio.Redis) -> None:
        nonlocal near_hits
        one = TwoTierStore(patient(server.url))
        other = TwoTierStore(patient(server.url))

        async def read() -> str | None:
            found = await other.find(ask())
            return None if found is None else found.reply.text

        for n in range(1000):
            await one.keep(ask(), answer(str(n)))
            changed_at = now()

            async def is_new(text: str = str(n)) -> bool:
                return await read() == text

            await until(is_new)
            stale_seconds.append(now() - changed_at)
            for _ in range(5):
                await read()
        near_hits = other.near_hits
        await one.aclose()
        await other.aclose()

    with_redis(main)
    proof(
        "a copy in memory is wrong for about a round trip, 0.1 s at most",
        f"{max(stale_seconds) * 1000:.1f} ms at most in "
        f"{len(stale_seconds):,} changes, {near_hits:,} hits in memory",
        max(stale_seconds) <= 0.1 and near_hits > 1000,
    )
