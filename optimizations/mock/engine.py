"""The engine of the simulated model: what all that runs on it shares.

An attempt *arrives*, and meets the fault that its moment has for it. It waits
for one of `capacity` slots, first come, first served. Then it *begins*: its
prompt is looked up in the prefix cache, and from there on each sequence slows
all others. Streams and batches both go through here, so each feels the other.

When it does not help: it counts sequences, where a real engine counts their
memory; a long conversation takes a slot like a short one.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from random import Random

from optimizations.clock import chance, now
from optimizations.errors import BadRequest, UpstreamError
from optimizations.messages import Request
from optimizations.mock.faults import Fault, FaultSchedule
from optimizations.mock.generation import Generation
from optimizations.mock.prefix import PrefixCache
from optimizations.mock.profile import Profile

_KNOWN_REQUESTS = 100_000


@dataclass(frozen=True, slots=True)
class Arrival:
    """One attempt at a request: the fault that it met, and its own chance."""

    request: Request
    fault: Fault | None
    rng: Random


class Engine:
    """Make it inside a running loop: its fault windows count from then."""

    def __init__(
        self,
        profile: Profile,
        name: str,
        answer: Callable[[Request], str],
        faults: Iterable[Fault],
        seed: int,
    ) -> None:
        self.running = self.waiting = self.peak = 0  # slots
        self.companions = 0  # sequences that share the slot of another one
        self._profile = profile
        self._name = name
        self._answer = answer
        self._faults = FaultSchedule(faults)
        self._seed = seed
        self._made_at = asyncio.get_running_loop().time()
        self._slots = asyncio.Semaphore(profile.capacity)
        self._prefixes = PrefixCache(
            profile.prefix_block_tokens, profile.prefix_blocks
        )
        self._attempts: OrderedDict[tuple[str, str], int] = OrderedDict()

    def arrive(self, request: Request) -> Arrival:
        """Let an attempt in. Raises where its fault lets no answer begin."""
        if request.max_tokens < 1:
            raise BadRequest(f"max_tokens from 1, not {request.max_tokens}")
        request.trace.attempts += 1
        request.trace.served_by = self._name
        rng = self._chance(request)
        fault = self._faults.meet(now() - self._made_at, rng)
        if fault is not None:
            fault.before_the_answer()
        return Arrival(request, fault, rng)

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """One of the sequences that run at once, first come, first served;
        refuses when the queue is full.
        """
        if self._slots.locked() and self.waiting >= self._profile.queue:
            raise UpstreamError(
                "the model's queue is full",
                status=503,
                code="overloaded",
                retry_after=1.0,
            )
        self.waiting += 1
        try:
            await self._slots.acquire()
        finally:
            self.waiting -= 1
        self.running += 1
        self.peak = max(self.peak, self.running)
        try:
            yield
        finally:
            self.running -= 1
            self._slots.release()

    def begin(self, arrival: Arrival) -> Generation:
        """It has a slot: look at the prompt."""
        return Generation(
            arrival.request,
            self._answer(arrival.request),
            self._prefixes.read(arrival.request),
            self._profile,
            arrival.fault,
            arrival.rng,
            load=lambda: self.running + self.companions,
        )

    def _chance(self, request: Request) -> Random:
        """That of this attempt at this request. Remembers a bounded number of
        requests.
        """
        asked = request.tenant, request.request_id
        attempt = self._attempts.pop(asked, 0) + 1
        self._attempts[asked] = attempt
        if len(self._attempts) > _KNOWN_REQUESTS:
            self._attempts.popitem(last=False)
        return chance(self._seed, *asked, attempt)
