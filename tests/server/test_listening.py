from __future__ import annotations

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
