"""HAProxy spreads, goes on when a server dies, and holds no stream back."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from lab.parts import ModelServer, PartFailed, Proxy, haproxy, model_servers
from tests.lab.stand_in_server import CHUNKS
from tests.lab.watching import (
    alive,
    eventually,
    get,
    nothing_left_behind,
    pieces_of,
)

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="no HAProxy there"
)


@contextlib.asynccontextmanager
async def proxied(
    count: int,
) -> AsyncIterator[tuple[Proxy, list[ModelServer]]]:
    async with (
        model_servers(count, module="tests.lab.stand_in_server") as servers,
        haproxy([server.url for server in servers]) as proxy,
    ):
        yield proxy, servers


def run(
    use: Callable[[Proxy, list[ModelServer]], Awaitable[None]], servers: int
) -> None:
    async def main() -> None:
        async with proxied(servers) as (proxy, behind):
            await use(proxy, behind)

    with nothing_left_behind():
        asyncio.run(main())


def test_requests_are_spread_over_the_servers() -> None:
    async def use(proxy: Proxy, servers: list[ModelServer]) -> None:
        answers = [await get(proxy.url) for _ in range(10)]
        by = {name: answers.count((200, name)) for name in (b"a", b"b")}
        assert by[b"a"] + by[b"b"] == 10
        assert min(by.values()) >= 1  # by load, and a busy machine has some
        replicas = await proxy.servers()
        assert list(replicas) == ["replica1", "replica2"]
        assert replicas["replica1"].address == servers[0].url.removeprefix(
            "http://"
        )
        assert replicas["replica1"].requests == by[b"a"]
        assert replicas["replica1"].status == "UP"

    run(use, servers=2)


def test_requests_go_on_when_a_server_dies_and_it_is_seen_as_down() -> None:
    async def use(proxy: Proxy, servers: list[ModelServer]) -> None:
        async def checked() -> bool:
            replicas = (await proxy.servers()).values()
            return all(replica.last_check == "L7OK" for replica in replicas)

        async def refused() -> bool:
            try:
                await get(servers[0].url)
            except ConnectionError:
                return True
            return False

        assert await eventually(checked)  # now one failure is not enough
        servers[0].kill()
        assert await eventually(refused)
        assert [await get(proxy.url) for _ in range(10)] == [(200, b"b")] * 10

        async def seen_as_down() -> bool:
            return (await proxy.servers())["replica1"].status == "DOWN"

        assert await eventually(seen_as_down)
        assert (await proxy.servers())["replica2"].status == "UP"

    run(use, servers=2)


def test_a_stream_passes_piece_by_piece() -> None:
    """All tokens came in one lump before there was `option http-no-delay`:
    the kernel waited for more to send.
    """

    async def use(proxy: Proxy, servers: list[ModelServer]) -> None:
        assert len(await pieces_of(proxy.url, "/stream")) > CHUNKS // 2

    run(use, servers=1)


def test_a_server_that_answers_five_errors_in_a_row_is_taken_out() -> None:
    async def use(proxy: Proxy, servers: list[ModelServer]) -> None:
        assert [(await get(proxy.url, "/error"))[0] for _ in range(5)] == [
            500
        ] * 5
        assert (await proxy.servers())["replica1"].status == "DOWN"
        status, body = await get(proxy.url)
        assert status == 503
        assert json.loads(body)["error"]["code"] == "unavailable"

    run(use, servers=1)


def test_a_killed_proxy_refuses_connections_at_once() -> None:
    async def use(proxy: Proxy, servers: list[ModelServer]) -> None:
        proxy.kill()
        assert await eventually(lambda: not alive(proxy.pid))
        with pytest.raises(ConnectionError):
            await get(proxy.url)

    run(use, servers=1)


def failure_of(url: str, port: int = 0) -> str:
    async def main() -> None:
        async with haproxy([url], port=port):
            pass

    with nothing_left_behind(), pytest.raises(PartFailed) as caught:
        asyncio.run(main())
    return str(caught.value)


def test_a_port_that_is_taken_is_said_so() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        sentence = failure_of("http://127.0.0.1:1", port)
    assert (
        sentence
        == f"HAProxy cannot listen on port {port} (Address already in use)."
    )


def test_a_chosen_port_is_used() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]

    async def main() -> None:
        async with haproxy(["http://127.0.0.1:1"], port=port) as proxy:
            assert proxy.url == f"http://127.0.0.1:{port}"
            assert (await get(proxy.url, "/haproxy-alive"))[0] == 200

    with nothing_left_behind():
        asyncio.run(main())


@pytest.mark.parametrize(
    "url", ["https://127.0.0.1:1", "127.0.0.1:1", "http://a:1 backup\nglobal"]
)
def test_an_address_that_is_not_a_servers_is_refused(url: str) -> None:
    assert "takes servers as http://host:port" in failure_of(url)


def test_a_configuration_that_haproxy_refuses_is_shown_in_its_words() -> None:
    sentence = failure_of(f"http://{'x' * 300}:1")
    assert sentence.startswith(
        "haproxy -c refuses deploy/haproxy.cfg; its last lines:"
    )
    assert "could not resolve address" in sentence


def test_a_cancellation_during_the_start_leaves_nothing() -> None:
    async def main(seconds: float) -> None:
        async with asyncio.timeout(seconds), haproxy(["http://127.0.0.1:1"]):
            await asyncio.get_running_loop().create_future()

    with nothing_left_behind():
        for seconds in (0.0, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.08):
            with pytest.raises(TimeoutError):
                asyncio.run(main(seconds))
