"""A server on a socket: what breaks the protocol is answered or dropped."""

from __future__ import annotations

import asyncio
import json
import logging
import socket

import pytest

from optimizations.http_model import HTTPModel
from optimizations.server import create_app, listening
from tests.helpers import Scripted, ask, read
from tests.raw_http import run_real


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_the_url_is_one_to_ask(host: str) -> None:
    async def main() -> None:
        try:
            async with (
                listening(create_app(Scripted()), host) as url,
                HTTPModel(url) as client,
            ):
                assert await read(client, ask())
        except OSError:
            assert host == "::1"  # a machine without IPv6

    run_real(main())


def test_a_port_that_is_taken_is_an_error_and_leaves_nothing_open() -> None:
    async def main() -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            with pytest.raises(OSError, match="in use"):
                async with listening(create_app(Scripted()), port=port):
                    raise AssertionError("it can't have started")

    run_real(main())


KEY = b"sk-canary-7f3a"
HEAD = b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\n"


@pytest.mark.parametrize(
    "said",
    [
        HEAD + b"Authorization: Bearer " + KEY + b"\x01\r\n\r\n",
        HEAD + b"Authorization: " + KEY + b"x" * 9000 + b"\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + KEY + b"\r\n",
        KEY + b" " + KEY + b"\r\n\r\n",
    ],
)
def test_what_is_no_http_is_refused_and_not_repeated(
    said: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """aiohttp quotes the bytes that it can't read, in its log and its reply;
    a key with a stray control character behind it stood in both.
    """
    caplog.set_level(logging.DEBUG)

    async def main() -> bytes:
        async with listening(create_app(Scripted())) as url:
            host, port = url.removeprefix("http://").split(":")
            reader, writer = await asyncio.open_connection(host, int(port))
            writer.write(said)
            reply = await reader.read()
            writer.close()
            return reply

    reply = run_real(main(), 5.0)
    head, _, body = reply.partition(b"\r\n\r\n")
    assert b" 400 " in head
    assert json.loads(body)["error"]["type"] == "invalid_request_error"
    assert KEY not in reply
    assert KEY.decode() not in caplog.text
    assert "no HTTP request" in caplog.text
