"""Other processes of the same chatbot."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest
import redis.asyncio

from lab.parts import PartFailed, redis_server
from lab.second_process import ask_from_another_process, second_process
from tests.caching.redis.real_redis import needs_redis, until

pytestmark = needs_redis

QUESTION = "Where is my parcel?"


def test_another_process_finds_what_was_kept_before() -> None:
    async def main() -> None:
        async with redis_server() as server:
            ask = ("module12:test", QUESTION)
            first, _ = await ask_from_another_process(server.url, *ask)
            then, seconds = await ask_from_another_process(server.url, *ask)
        assert (first, then) == ("model", "redis")
        assert 0 < seconds < 5

    asyncio.run(main())


def test_several_processes_ask_the_model_once() -> None:
    async def main() -> None:
        async with AsyncExitStack() as running:
            server = await running.enter_async_context(redis_server())
            processes = await asyncio.gather(
                *(
                    running.enter_async_context(
                        second_process(
                            server.url, "module12:test", model_seconds=0.5
                        )
                    )
                    for _ in range(2)
                )
            )
            outcomes = await asyncio.gather(
                *(process.ask(QUESTION, times=50) for process in processes)
            )
        assert sum(outcome.model_calls for outcome in outcomes) <= 2
        assert [outcome.texts for outcome in outcomes] == [1, 1]
        assert [outcome.failed for outcome in outcomes] == [0, 0]
        answers = sum(sum(o.served_by.values()) for o in outcomes)
        assert answers == 100

    asyncio.run(main())


def test_a_process_that_fails_is_said_to() -> None:
    async def main() -> None:
        with pytest.raises(PartFailed, match="second process"):
            await ask_from_another_process("not-a-url", "n", "q")

    asyncio.run(main())


def test_a_process_that_is_killed_is_said_to() -> None:
    async def main() -> None:
        async with (
            redis_server() as server,
            second_process(
                server.url, "module12:test", model_seconds=30
            ) as process,
            redis.asyncio.Redis.from_url(server.url) as client,
        ):
            asking = asyncio.create_task(process.ask(QUESTION))
            await until(lambda: client.keys("*:lease:*"))
            process.kill()
            with pytest.raises(PartFailed):
                await asking

    asyncio.run(main())
