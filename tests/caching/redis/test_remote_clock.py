"""Another machine's clock is asked now and then."""

from __future__ import annotations

import asyncio

import pytest

from optimizations.caching.redis.remote_clock import RemoteClock
from optimizations.clock import now, run_virtual


class Server:
    """Its clock is a thousand seconds ahead; it is two seconds away."""

    def __init__(self) -> None:
        self.ahead_seconds = 1000.0
        self.asked = 0
        self.up = True

    async def time(self) -> float:
        self.asked += 1
        await asyncio.sleep(1)
        if not self.up:
            raise ConnectionError
        said = now() + self.ahead_seconds
        await asyncio.sleep(1)
        return said


def test_it_is_right_to_half_a_round_trip_and_asked_once_a_period() -> None:
    async def main() -> None:
        server = Server()
        clock = RemoteClock(server.time, valid_seconds=60)
        for _ in range(10):
            assert await clock.ahead_seconds() == pytest.approx(1000, abs=1)
        assert server.asked == 1
        await asyncio.sleep(60)
        server.ahead_seconds = 500
        assert await clock.ahead_seconds() == pytest.approx(500, abs=1)
        assert server.asked == 2

    run_virtual(main())


def test_while_one_asks_again_the_others_take_what_is_known() -> None:
    async def main() -> None:
        server = Server()
        clock = RemoteClock(server.time, valid_seconds=60)
        await clock.ahead_seconds()
        await asyncio.sleep(60)
        began = now()
        asking = asyncio.create_task(clock.ahead_seconds())
        await asyncio.sleep(0)
        assert await clock.ahead_seconds() == pytest.approx(1000, abs=1)
        assert now() == began
        await asking
        assert server.asked == 2

    run_virtual(main())


def test_what_was_forgotten_is_asked_anew() -> None:
    """After a failover another server answers, by another clock."""

    async def main() -> None:
        server = Server()
        clock = RemoteClock(server.time, valid_seconds=60)
        await clock.ahead_seconds()
        server.up = False
        clock.forget()
        for _ in range(2):
            with pytest.raises(ConnectionError):
                await clock.ahead_seconds()
        server.up, server.ahead_seconds = True, 0
        assert await clock.ahead_seconds() == pytest.approx(0, abs=1)

    run_virtual(main())
