"""A Redis of our own lives as long as its block; a user's is left alone."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from typing import Any

import pytest
import redis.asyncio

from lab.parts import PartError, PartFailed, redis_server
from lab.parts.redis import address
from tests.lab.watching import alive, nothing_left_behind

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="no valkey-server there"
)


async def ask(url: str, *command: str) -> object:
    client: Any = redis.asyncio.Redis.from_url(url, decode_responses=True)
    async with client:
        return await client.execute_command(*command)


def test_our_server_answers_within_its_bounds_and_is_gone_afterwards() -> None:
    async def main() -> tuple[int | None, str]:
        async with redis_server() as server:
            assert await ask(server.url, "SET", "greeting", "hello") in (
                True,
                "OK",
            )
            assert await ask(server.url, "GET", "greeting") == "hello"
            info = await ask(server.url, "INFO", "memory")
            assert isinstance(info, dict)
            assert info["maxmemory"] == 64 * 2**20
            assert info["maxmemory_policy"] == "allkeys-lru"
            return server.pid, os.path.dirname(
                server.url.removeprefix("unix://")
            )

    with nothing_left_behind():
        pid, folder = asyncio.run(main())
        assert pid is not None
        assert not alive(pid)
        assert not os.path.exists(folder)


def test_our_server_can_be_killed_in_the_middle_of_a_lesson() -> None:
    async def main() -> None:
        async with redis_server() as server:
            server.kill()
            with pytest.raises(redis.exceptions.ConnectionError):
                for _ in range(1000):
                    await ask(server.url, "PING")

    with nothing_left_behind():
        asyncio.run(main())


def test_two_servers_of_ours_share_nothing() -> None:
    async def main() -> None:
        async with redis_server() as one, redis_server() as other:
            await ask(one.url, "SET", "key", "value")
            assert await ask(other.url, "DBSIZE") == 0

    with nothing_left_behind():
        asyncio.run(main())


def test_a_users_own_server_is_never_stopped_flushed_or_killed() -> None:
    async def main() -> None:
        async with redis_server() as theirs:
            await ask(theirs.url, "SET", "precious", "1")
            async with redis_server(theirs.url) as server:
                assert server.url == theirs.url
                assert server.pid is None
                with pytest.raises(PartError, match="not ours to kill"):
                    server.kill()
            assert await ask(theirs.url, "GET", "precious") == "1"

    with nothing_left_behind():
        asyncio.run(main())


def failure_of(url: str) -> str:
    async def main() -> None:
        async with redis_server(url):
            pass

    with nothing_left_behind(), pytest.raises(PartFailed) as caught:
        asyncio.run(main())
    assert caught.value.__cause__ is caught.value.__context__ is None
    return str(caught.value)


def test_a_users_own_server_that_is_away_is_named_without_its_password() -> (
    None
):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    sentence = failure_of(f"redis://alice:secret@127.0.0.1:{port}/2")
    assert sentence.startswith(
        f"Redis at redis://127.0.0.1:{port}/2 cannot be reached"
    )
    assert "unset it" in sentence
    assert "secret" not in sentence


def test_a_users_own_server_that_is_silent_is_given_up_after_a_second() -> (
    None
):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        sentence = failure_of(f"redis://127.0.0.1:{silent.getsockname()[1]}")
    assert "does not answer PING within 1 s" in sentence


@pytest.mark.parametrize(
    "url",
    [
        "redis://alice:se/cret@127.0.0.1:1",
        "redis://alice:12/secret@127.0.0.1:1",
        "redis://:secret",
        "redis://[::1:secret@",
        "127.0.0.1:6379",
    ],
)
def test_an_address_that_cannot_be_read_is_not_shown(url: str) -> None:
    assert address(url).startswith("REDIS_URL (unreadable")
    assert "cret" not in failure_of(url)


def test_an_address_is_shown_without_user_password_and_query() -> None:
    assert (
        address("rediss://alice:secret@cache.example:6380/2")
        == "rediss://cache.example:6380/2"
    )
    assert (
        address("unix://alice:secret@/run/redis.sock?db=1")
        == "unix:///run/redis.sock"
    )


def test_a_cancellation_during_the_start_leaves_nothing() -> None:
    async def main(seconds: float) -> None:
        async with asyncio.timeout(seconds), redis_server():
            await asyncio.get_running_loop().create_future()

    with nothing_left_behind():
        for seconds in (0.0, 0.001, 0.003, 0.006, 0.01, 0.02, 0.03, 0.05):
            with pytest.raises(TimeoutError):
                asyncio.run(main(seconds))


def test_a_cancellation_is_never_lost_at_whatever_turn_it_comes() -> None:
    """Of a client with a `socket_timeout`, Python 3.11 lost one in many: then
    the first Ctrl-C did nothing.
    """

    async def use(url: str) -> None:
        async with redis_server(url):
            await asyncio.get_running_loop().create_future()

    async def main() -> None:
        async with redis_server() as theirs:
            for turns in range(60):
                task = asyncio.create_task(use(theirs.url))
                for _ in range(turns):
                    await asyncio.sleep(0)
                task.cancel()
                await asyncio.wait([task], timeout=1)
                assert task.cancelled(), turns

    with nothing_left_behind():
        asyncio.run(main())
