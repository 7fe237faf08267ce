"""So many at once, so many in the queue, and not one more: backpressure.

A model that runs 8 sequences well runs 80 badly: each gets slower, until all
of them time out and nobody is served. So `limit` requests run, and the others
wait. But a queue without an end only hides the overload: who is hundredth in
it gets an answer long after having given up. So the queue is short. Whoever
finds it full is told at once, with a guess when to come back; who has waited
for `max_wait_seconds` is told so too.

Permits go hand over hand: who leaves gives its permit to the one who waited
longest, so no newcomer slips in between. A caller who is cancelled while
waiting leaves no trace, even if the permit came in that same moment.

When it does not help: the right limit is a property of the model, and changes
with it; a number too low wastes what was paid for. A stream holds its permit
until it is closed, so a slow reader holds it too. The queue with an end is as
old as telephony; Envoy has it as max_pending_requests.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from math import inf

from optimizations.clock import now
from optimizations.errors import Overloaded
from optimizations.llm import LLM, Guard, Request

_NEWEST = 0.1  # weight of the newest sample in the mean time a permit is held


class Permits:
    """`limit` permits, first come first served. `max_waiting` callers may wait
    for one, each at most `max_wait_seconds`.
    """

    def __init__(
        self,
        limit: int,
        *,
        max_waiting: int = 100,
        max_wait_seconds: float = 30.0,
    ) -> None:
        if limit < 1 or max_waiting < 0:
            raise ValueError(
                "limit must be from 1, max_waiting from 0, "
                f"not {limit} and {max_waiting}"
            )
        if not 0 < max_wait_seconds < inf:
            raise ValueError(
                "max_wait_seconds must be positive and finite, "
                f"not {max_wait_seconds}"
            )
        self.limit = limit
        self.max_waiting = max_waiting
        self.max_wait_seconds = max_wait_seconds
        self.running = self.peak = self.refused = 0
        self._held_seconds = 1.0  # on average, once there are samples
        self._waiting: OrderedDict[asyncio.Future[None], None] = OrderedDict()

    @property
    def waiting(self) -> int:
        """How many wait for a permit."""
        return len(self._waiting)

    @asynccontextmanager
    async def hold(self, deadline: float = inf) -> AsyncIterator[None]:
        """Wait for a permit, and keep it while the block runs. Raises
        `Overloaded` where the queue is full or the wait too long: past
        `max_wait_seconds`, or past the deadline on the clock of `now()`.
        """
        await self._acquire(deadline)
        began = now()
        try:
            yield
        finally:
            held = now() - began
            self._held_seconds += _NEWEST * (held - self._held_seconds)
            self._release()

    async def _acquire(self, deadline: float) -> None:
        if self.running < self.limit:  # then nobody waits
            self.running += 1
            self.peak = max(self.peak, self.running)
            return
        if len(self._waiting) >= self.max_waiting:
            raise self._refusal("the queue is full")
        loop = asyncio.get_running_loop()
        turn = loop.create_future()
        self._waiting[turn] = None
        until = min(now() + self.max_wait_seconds, deadline)
        patience = loop.call_at(until, self._give_up, turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn in self._waiting:
                del self._waiting[turn]
            elif not turn.cancelled() and turn.exception() is None:
                self._release()  # it came in the moment of the cancellation
            raise
        finally:
            patience.cancel()

    def _release(self) -> None:
        """Hand the permit over, or put it back."""
        while self._waiting:
            turn, _ = self._waiting.popitem(last=False)
            if not turn.done():  # cancelled, and not gone yet
                turn.set_result(None)
                return
        self.running -= 1

    def _give_up(self, turn: asyncio.Future[None]) -> None:
        if not turn.done():
            del self._waiting[turn]
            turn.set_exception(self._refusal("waited too long in the queue"))

    def _refusal(self, why: str) -> Overloaded:
        """Come back when those who wait now have had their turn, as far as we
        can tell.
        """
        self.refused += 1
        turns = (len(self._waiting) + 1) / self.limit
        return Overloaded(why, retry_after=turns * self._held_seconds)


class ConcurrencyLimit(Guard):
    """Lets `limit` requests through at once; the next `max_waiting` wait their
    turn, the others are refused.
    """

    def __init__(
        self,
        inner: LLM,
        limit: int,
        *,
        max_waiting: int = 100,
        max_wait_seconds: float = 30.0,
    ) -> None:
        super().__init__(inner)
        self.permits = Permits(
            limit, max_waiting=max_waiting, max_wait_seconds=max_wait_seconds
        )

    @asynccontextmanager
    async def around(self, request: Request) -> AsyncIterator[None]:
        asked = now()
        deadline = inf if request.deadline is None else request.deadline
        async with self.permits.hold(deadline):
            request.trace.queued_seconds += now() - asked
            yield

    def snapshot(self) -> Mapping[str, float]:
        return {
            "running": self.permits.running,
            "waiting": self.permits.waiting,
            "peak": self.permits.peak,
            "refused": self.permits.refused,
        }
