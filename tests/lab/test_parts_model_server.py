"""Model servers are real processes: killed or hung alone, ended together."""

from __future__ import annotations

import asyncio
import sys

import pytest

from lab.parts import PartFailed, model_server, model_servers
from tests.lab.watching import alive, eventually, get, nothing_left_behind

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="signals of Linux and macOS"
)

STAND_IN = "tests.lab.stand_in_server"


def test_a_server_answers_at_the_address_it_has_printed() -> None:
    async def main() -> None:
        async with model_server("b", module=STAND_IN) as server:
            assert server.name == "b"
            assert alive(server.pid)
            assert await get(server.url) == (200, b"b")

    with nothing_left_behind():
        asyncio.run(main())


def test_several_servers_start_together_and_one_can_be_killed_alone() -> None:
    async def main() -> None:
        async with model_servers(3, module=STAND_IN) as servers:
            assert [server.name for server in servers] == ["a", "b", "c"]
            assert len({server.url for server in servers}) == 3
            servers[0].kill()
            assert await eventually(lambda: not alive(servers[0].pid))
            assert await get(servers[1].url) == (200, b"b")
            with pytest.raises(ConnectionError):
                await get(servers[0].url)

    with nothing_left_behind():
        asyncio.run(main())


def test_a_paused_server_is_silent_and_answers_when_it_is_resumed() -> None:
    async def main() -> None:
        async with model_server(module=STAND_IN) as server:
            server.pause()
            request = asyncio.create_task(get(server.url))
            done, _ = await asyncio.wait([request], timeout=0.1)
            assert not done
            server.resume()
            assert await request == (200, b"a")

    with nothing_left_behind():
        asyncio.run(main())


def test_servers_that_ignore_sigterm_are_ended_all_the_same() -> None:
    async def main() -> None:
        async with model_servers(2, ["--deaf"], module=STAND_IN):
            pass

    with nothing_left_behind():
        asyncio.run(main())


def test_a_server_that_cannot_start_fails_with_its_own_words() -> None:
    async def main() -> None:
        async with model_servers(2, ["--broken"], module=STAND_IN):
            pass

    with (
        nothing_left_behind(),
        pytest.raises(PartFailed, match="no weights for this model"),
    ):
        asyncio.run(main())


def test_a_cancellation_during_the_start_leaves_nothing() -> None:
    async def main(seconds: float) -> None:
        async with asyncio.timeout(seconds), model_servers(2, module=STAND_IN):
            await asyncio.get_running_loop().create_future()

    with nothing_left_behind():
        for seconds in (0.0, 0.002, 0.01, 0.05, 0.2):
            with pytest.raises(TimeoutError):
                asyncio.run(main(seconds))
