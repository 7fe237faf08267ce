"""Ask once for many, in many processes.

The problem: single flight lets a process ask once for all who want the same,
but three processes ask three times. The idea: before asking, take a lease on
the question (`lease.py`). The process that gets it asks the model and renews
the lease while the answer comes, however long that takes. The others look
again every now and then, until it is over.

**They wait for the whole answer.** A stream cannot be joined from another
process: followers read nothing until the entry is in the store, and then all
of it at once. In their own process that is one waiting flight for each
question, since single flight stands outside:

    Cached(SingleFlight(SharedFlight(CacheFill(model, store), store, leases)),
           store)

Then one of three things has happened. The answer is in the store: it is
replayed. There is none, since it failed or may not be kept: each asks for
itself, side by side, not one after the other. Or the holder died, and its
lease ran out: exactly one takes over, and the others wait on.

Who cannot reach the leases asks for itself: at once, or if it waits already,
when it has heard nothing for as long as a lease lasts. So does who has waited
for `patience_seconds`, and a request with `no_cache`, which wants an answer of
its own.

When it does not help: for answers that cannot be kept; their followers wait
for nothing. Where an answer is forgotten the moment it was made: while others
are still told that it was, each asks for itself. Where a second reader wants
the first word soon, for it comes with the last one. And with one process.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from math import inf

from optimizations.arguments import positive
from optimizations.caching.background import Background
from optimizations.caching.cached import replay
from optimizations.caching.guarded_store import GuardedStore
from optimizations.caching.keys import exact_key
from optimizations.caching.lease import Lease, Leases, Turn
from optimizations.caching.store import Answer, Store, reusable
from optimizations.caching.time_limit import STORE_SECONDS
from optimizations.clock import chance, now
from optimizations.llm import LLM, Chunk, Layer, Request

_LONGEST_PAUSE = 1.5  # times `poll_seconds`
_MOST_ABANDONED = 1000  # leases at a time; one more runs out by itself
_JUST_NOW_SECONDS = 1.0
"""So old may an answer be that was finished between a miss and the lease."""


class SharedFlight(Layer):
    """Of all processes that share `leases` and `store`, one asks `inner`.

    The others look every `poll_seconds`, give or take a half, drawn by `seed`
    (in a fleet, each process needs its own).
    """

    def __init__(
        self,
        inner: LLM,
        store: Store,
        leases: Leases,
        *,
        poll_seconds: float = 0.1,
        patience_seconds: float = 120.0,
        store_seconds: float = STORE_SECONDS,
        seed: int = 0,
    ) -> None:
        super().__init__(inner)
        positive(poll_seconds=poll_seconds, patience_seconds=patience_seconds)
        if not _LONGEST_PAUSE * poll_seconds < leases.note_seconds:
            raise ValueError(
                f"poll_seconds must be less than {leases.note_seconds:g} / "
                f"{_LONGEST_PAUSE:g}, or who waits misses that it is over"
            )
        self.store = store
        self.led = self.followed = self.alone = self.waiting = 0
        self._leases = leases
        self._poll_seconds = poll_seconds
        self._patience_seconds = patience_seconds
        self._guarded = GuardedStore(store, store_seconds)
        self._abandoned = Background(_MOST_ABANDONED)
        self._seed = seed

    async def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
        async with self._flight(request) as answer:
            if answer is not None:
                request.trace.served_by = self.store.name
                request.trace.age_seconds = now() - answer.born_at
                for chunk in replay(answer.reply, in_pieces=request.streamed):
                    yield chunk
                return
            async with aclosing(self.inner.stream(request)) as chunks:
                async for chunk in chunks:
                    yield chunk

    def snapshot(self) -> Mapping[str, float]:
        """Flights that asked with the lease, that got another process' answer,
        that asked without a lease, and that wait now.
        """
        return {
            "led": self.led,
            "followed": self.followed,
            "alone": self.alone,
            "waiting": self.waiting,
        }

    async def aclose(self) -> None:
        """Leases that could not be given back run out."""
        async with AsyncExitStack() as closing:
            closing.push_async_callback(super().aclose)
            await self._abandoned.aclose()

    @asynccontextmanager
    async def _flight(self, request: Request) -> AsyncIterator[Answer | None]:
        """Another process' answer; or None, while it is for us to ask."""
        if request.cache.no_cache or not reusable(request):
            yield None
            return
        lease = Lease(self._leases, exact_key(request))
        arrived_at = now()
        turn = await self._await_turn(lease, request)
        if turn is Turn.MINE:
            self.led += 1
            async with lease.held():
                yield None
            return
        answer = None
        if turn is Turn.OVER:
            answer = await self._look_up(request, arrived_at)
        self.followed += answer is not None
        self.alone += answer is None
        try:
            yield answer
        finally:
            if turn is Turn.ANOTHERS:
                self._abandoned.start(lease, lease.abandon)

    async def _await_turn(self, lease: Lease, request: Request) -> Turn:
        """Ours, or that it is over; another's where we wait no longer."""
        patient_until, heard_at = now() + self._patience_seconds, -inf
        draws = chance(self._seed, "shared flight", request.request_id)
        self.waiting += 1
        try:
            while True:
                turn = Turn.ANOTHERS
                try:
                    turn, heard_at = await lease.take(), now()
                except ConnectionError:
                    if now() - heard_at >= self._leases.lease_seconds:
                        return turn
                left = min(patient_until, request.due) - now()
                if turn is not Turn.ANOTHERS or left <= 0:
                    return turn
                pause = self._poll_seconds * (_LONGEST_PAUSE - draws.random())
                await asyncio.sleep(min(pause, left))
        finally:
            self.waiting -= 1

    async def _look_up(
        self, request: Request, arrived_at: float
    ) -> Answer | None:
        """The answer that was made meanwhile. An older one is no answer: we
        would not be here if it were good enough.
        """
        answer = await self._guarded.find(request)
        if answer is None or answer.born_at < arrived_at - _JUST_NOW_SECONDS:
            return None
        young = now() - answer.born_at <= request.cache.max_age_seconds
        return answer if young else None
