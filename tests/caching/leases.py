"""Leases in memory, for tests on the virtual clock; and what any must do."""

from __future__ import annotations

import asyncio

from optimizations.caching.lease import Lease, Leases, Turn
from optimizations.clock import now

OVER = "over"


class MemoryLeases:
    """What Redis does for `RedisLeases`, each command `delay_seconds` away."""

    def __init__(
        self, lease_seconds: float = 3.0, delay_seconds: float = 0.0
    ) -> None:
        self.lease_seconds = lease_seconds
        self.delay_seconds = delay_seconds
        self.note_seconds = 1.0
        self.up = True
        self.renewals = 0
        self._held: dict[str, tuple[str, float]] = {}

    def holder(self, name: str) -> str | None:
        """Whose it is now; None where it is free."""
        token, until = self._held.get(name, ("", 0.0))
        return token if until > now() else None

    async def take(self, name: str, token: str) -> Turn:
        await self._there()
        holder = self.holder(name)
        if holder in (None, token):
            self._held[name] = token, now() + self.lease_seconds
        await self._back()
        if holder in (None, token):
            return Turn.MINE
        return Turn.OVER if holder == OVER else Turn.ANOTHERS

    async def renew(self, name: str, token: str) -> bool:
        self.renewals += 1
        return await self.take(name, token) is Turn.MINE

    async def release(self, name: str, token: str) -> None:
        await self._there()
        if self.holder(name) == token:
            del self._held[name]
        await self._back()

    async def finish(self, name: str, token: str) -> None:
        await self._there()
        if self.holder(name) == token:
            self._held[name] = OVER, now() + self.note_seconds
        await self._back()

    async def _there(self) -> None:
        await self._back()
        if not self.up:
            raise ConnectionError("away")

    async def _back(self) -> None:
        """Half of the way: what is done there is done, heard of or not."""
        if self.delay_seconds:
            await asyncio.sleep(self.delay_seconds / 2)


async def taking_turns(leases: Leases) -> None:
    """What any `Leases` must do."""
    one, other = Lease(leases, "work"), Lease(leases, "work")
    assert await one.take() is Turn.MINE
    assert await one.take() is Turn.MINE  # its answer was lost: asked again
    assert await other.take() is Turn.ANOTHERS
    assert await Lease(leases, "other work").take() is Turn.MINE
    async with one.held():
        assert await other.take() is Turn.ANOTHERS
    assert await other.take() is Turn.OVER
    await leases.release("work", "no holder's token")
    assert await other.take() is Turn.OVER
    assert not await leases.renew("work", "no holder's token")
