"""Who of many processes does a piece of work: a lock that ends by itself.

The problem: three processes miss the same entry; one should ask the model, the
others wait for its answer. A lock in Redis says who. But its holder may die,
and a lock that nobody opens is shut for ever; and an answer may take a minute,
so that no time to wait is right. The idea is a *lease*: it ends by itself
after a few seconds, by Redis' own clock, and its holder renews it every third
of that while the work runs. A process that dies does not renew, and the next
one may take it.

A lease has three ends. `release` leaves nothing: the work was not done,
somebody else may do it. `finish` leaves a note for a moment: it was done, look
at the result. And it may run out. `Leases` says what has to keep them;
`redis/redis_leases.py` does.

When it does not help: where two holders at a time would do harm. One who was
frozen for longer than the lease does not know that it has lost it (Kleppmann,
"How to do distributed locking", 2016). Here it costs one more answer. The lock
with a token and a time is that of Redis' own documentation of SET.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from enum import Enum
from typing import Protocol

_ATTEMPTS = 6  # to give back a lease


class Turn(Enum):
    """Whose turn it is."""

    MINE = "mine, from now on"
    ANOTHERS = "somebody else's"
    OVER = "the work is done: look at the result"


class Leases(Protocol):
    """Keeps leases by name. Everything raises `ConnectionError` where it
    cannot be reached.
    """

    lease_seconds: float
    note_seconds: float
    """So long `finish` is told: longer than anybody who waits looks away."""

    async def take(self, name: str, token: str) -> Turn:
        """Give the lease to `token`, if nobody has it."""

    async def renew(self, name: str, token: str) -> bool:
        """For `lease_seconds` from now, even if it ran out and nobody took
        it; False where it is another's.
        """

    async def release(self, name: str, token: str) -> None:
        """Whoever asks next may have it, if it is still `token`'s."""

    async def finish(self, name: str, token: str) -> None:
        """Tell for a moment that the work is done, if it is `token`'s."""


class Lease:
    """One attempt to hold the lease `name`."""

    def __init__(self, leases: Leases, name: str) -> None:
        self.lost = False  # it ran out, and passed to another
        self._leases = leases
        self._name = name
        self._token = secrets.token_hex(16)

    async def take(self) -> Turn:
        """Whose turn it is. Raises `ConnectionError`."""
        try:
            return await self._leases.take(self._name, self._token)
        except asyncio.CancelledError:  # it may be ours by now
            await _to_the_end(self._end(finished=False))
            raise

    @asynccontextmanager
    async def held(self) -> AsyncIterator[None]:
        """Renewed as long as the block lasts. A block that runs to its end,
        or fails, is finished; one that is left, or cancelled, released.
        """
        renewing = asyncio.create_task(self._renew(), name="lease")
        finished = True
        try:
            yield
        except (asyncio.CancelledError, GeneratorExit):
            finished = False
            raise
        finally:
            await _to_the_end(self._leave(renewing, finished=finished))

    async def _renew(self) -> None:
        while not self.lost:
            await asyncio.sleep(self._leases.lease_seconds / 3)
            with suppress(ConnectionError):  # perhaps it works the next time
                self.lost = not await self._leases.renew(
                    self._name, self._token
                )

    async def abandon(self) -> None:
        """Release it if it is ours after all: it may have been given while
        the answer was lost. Tries for as long as it may last.
        """
        for _ in range(_ATTEMPTS):
            try:
                await self._leases.release(self._name, self._token)
                break
            except ConnectionError:
                await asyncio.sleep(self._leases.lease_seconds / _ATTEMPTS)

    async def _leave(
        self, renewing: asyncio.Task[None], *, finished: bool
    ) -> None:
        renewing.cancel()
        await asyncio.wait([renewing])
        await self._end(finished=finished)

    async def _end(self, *, finished: bool) -> None:
        end = self._leases.finish if finished else self._leases.release
        with suppress(ConnectionError):  # then it runs out
            await end(self._name, self._token)


async def _to_the_end(work: Coroutine[object, object, None]) -> None:
    """Do what takes a moment even if cancelled meanwhile: a lease that nobody
    ended would hold up all others until it runs out. Then be cancelled.
    """
    task, cancelled = asyncio.create_task(work, name="lease ends"), False
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError:
            cancelled = True
    if cancelled:
        raise asyncio.CancelledError
    task.result()
