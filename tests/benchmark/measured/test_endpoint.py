"""A client that was too slow says so itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable

import pytest

from benchmark.measured.endpoint import (
    LATE_SECONDS,
    LATE_SHARE,
    Endpoint,
    client_limited,
)
from benchmark.measured.rounds import Bench
from lab.parts import PartFailed
from optimizations.clock import VirtualLoop, run_virtual
from optimizations.errors import Overloaded
from optimizations.llm import LLM, Chunk, Request
from optimizations.mock import MockModel
from optimizations.monitoring.resources import LoopLag
from tests.benchmark.small import BANK


class Refuses(LLM):
    async def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
        raise Overloaded("full")
        yield


def asking(make: Callable[[], LLM], meanwhile: Callable[[], None]) -> Endpoint:
    """Ten requests, while something else happens on the same loop."""

    async def main() -> Endpoint:
        lag = LoopLag(every_seconds=LATE_SECONDS)
        endpoint = Endpoint(make(), Bench(BANK, 1, True), 4, lag)
        async with lag:
            for _ in range(10):
                asyncio.get_running_loop().call_later(0.001, meanwhile)
                await endpoint.ask()
        return endpoint

    return run_virtual(main())


def block() -> None:
    """Keep the loop for 50 ms, as a forgotten blocking call does."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    loop.block(0.05)


def test_a_client_that_keeps_up_is_not_mentioned() -> None:
    quiet = asking(lambda: MockModel("quick"), lambda: None)
    assert quiet.limited == ""


def test_a_client_whose_loop_was_blocked_says_so_and_what_to_do() -> None:
    limited = asking(lambda: MockModel("quick"), block).limited
    assert limited.startswith("The client was the bottleneck: 100 % of the ")
    assert "Close what else runs here" in limited


@pytest.mark.parametrize(
    ("sends", "wakes", "says"),
    [
        (0.0, 0.0, ""),
        (LATE_SHARE, LATE_SHARE, ""),
        (0.2, 0.1, "20 % of the requests were sent"),
        (0.0, 0.3, "30 % of the wake-ups of its event loop came"),
    ],
)
def test_the_worse_of_late_sends_and_late_wake_ups_is_named(
    sends: float, wakes: float, says: str
) -> None:
    limited = client_limited(sends, wakes)
    assert says in limited
    assert bool(limited) is bool(says)


def test_a_server_that_refuses_is_no_measurement() -> None:
    with pytest.raises(PartFailed, match="says overloaded"):
        asking(Refuses, lambda: None)
