"""A simulated model: the provider that everything here is tried against, free,
offline, and the same in each run.

It makes you wait as a model server does. A request queues for one of
`capacity` slots; its prompt is read (what the prefix cache knows goes faster);
then token follows token, the more slowly the more sequences run. It bills into
a ledger, and goes wrong as its fault schedule says. On a virtual clock the
waiting is exact and costs nothing; behind `optimizations.server` the same
model answers over a real socket.

Its *text* depends only on what is asked. Its *timing and faults* depend on
(seed, request_id, attempt), so no result depends on which task happened to run
first.

A slow reader does not slow it: like a real server it generates on schedule,
and what was due meanwhile is there at once.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Callable,
    Iterable,
    Mapping,
    Sequence,
)
from contextlib import aclosing, asynccontextmanager
from random import Random

from optimizations.clock import chance, now
from optimizations.errors import BadRequest, LLMError, UpstreamError
from optimizations.llm import LLM, Chunk, Reply, Request
from optimizations.mock.answers import invent
from optimizations.mock.batch import answer_together
from optimizations.mock.faults import Fault, FaultSchedule
from optimizations.mock.generation import Generation, for_each_choice
from optimizations.mock.ledger import Ledger
from optimizations.mock.prefix import PrefixCache
from optimizations.mock.profile import Profile, find_profile

_KNOWN_REQUESTS = 100_000


class MockModel(LLM):
    """A model server in a box. Make it inside a running loop: its fault
    windows count from then.
    """

    def __init__(
        self,
        profile: Profile | str = "hosted",
        *,
        name: str = "mock",
        answer: Callable[[Request], str] = invent,
        faults: Iterable[Fault] = (),
        seed: int = 0,
        ledger: Ledger | None = None,
    ) -> None:
        self.profile = (
            find_profile(profile) if isinstance(profile, str) else profile
        )
        self.name = name
        self.ledger = ledger or Ledger(self.profile.price)
        self.calls = self.running = self.waiting = self.peak = 0
        self.batched = 0  # sequences that share the slot of another one
        self._answer = answer
        self._faults = FaultSchedule(faults)
        self._seed = seed
        self._made_at = asyncio.get_running_loop().time()
        self._slots = asyncio.Semaphore(self.profile.capacity)
        self._prefixes = PrefixCache(
            self.profile.prefix_block_tokens, self.profile.prefix_blocks
        )
        self._attempts: OrderedDict[tuple[str, str], int] = OrderedDict()

    def snapshot(self) -> Mapping[str, float]:
        return {
            "calls": self.calls,
            "running": self.running,
            "waiting": self.waiting,
            "peak": self.peak,
            "answers": self.ledger.answers,
            "wasted_tokens": self.ledger.wasted_tokens,
            "dollars": self.ledger.dollars,
        }

    async def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
        self.calls += 1
        draws, fault = self._arrive(request)
        async with self.ledger.claim(request) as reply:
            if reply is not None and reply.usage is not None:
                for chunk in for_each_choice(
                    reply.text,
                    request.choices,
                    reply.finish_reason,
                    reply.usage,
                ):
                    yield chunk
                return
            async with (
                self._slot(),
                aclosing(self._generate(request, fault, draws)) as chunks,
            ):
                async for chunk in chunks:
                    yield chunk

    async def complete_many(
        self, requests: Sequence[Request]
    ) -> list[Reply | LLMError]:
        """Its batch endpoint: one call, one slot, an answer or an error for
        each request.
        """
        return await answer_together(self, requests)

    def _arrive(self, request: Request) -> tuple[Random, Fault | None]:
        """The draws of this attempt, and the fault that it meets. Raises where
        that lets no answer begin.
        """
        if request.max_tokens < 1:
            raise BadRequest(f"max_tokens from 1, not {request.max_tokens}")
        request.trace.attempts += 1
        request.trace.served_by = self.name
        draws = self._chance(request)
        fault = self._faults.meet(now() - self._made_at, draws)
        if fault is not None:
            fault.before_the_answer()
        return draws, fault

    def _chance(self, request: Request) -> Random:
        """The draws of this attempt at this request. Remembers a bounded
        number of requests.
        """
        asked = request.tenant, request.request_id
        attempt = self._attempts.pop(asked, 0) + 1
        self._attempts[asked] = attempt
        if len(self._attempts) > _KNOWN_REQUESTS:
            self._attempts.popitem(last=False)
        return chance(self._seed, *asked, attempt)

    @asynccontextmanager
    async def _slot(self) -> AsyncIterator[None]:
        """One of the sequences that run at once, first come, first served;
        refuses when the queue is full.
        """
        if self._slots.locked() and self.waiting >= self.profile.queue:
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

    async def _generate(
        self, request: Request, fault: Fault | None, draws: Random
    ) -> AsyncGenerator[Chunk, None]:
        """Read the prompt, then say piece after piece. Whatever ends it, what
        was said is billed.
        """
        one, due = self._begin(request, fault, draws), now()
        try:
            for seconds, piece in one.pieces(one.first_gap()):
                due += seconds
                if (delay := due - now()) > 0:
                    await asyncio.sleep(delay)
                for chunk in one.say(piece):
                    if request.streamed:
                        yield chunk
            if not request.streamed:
                for chunk in one.whole():
                    yield chunk
        finally:
            self.ledger.book(request, one.usage, one.reply)

    def _begin(
        self, request: Request, fault: Fault | None, draws: Random
    ) -> Generation:
        return Generation(
            request,
            self._answer(request),
            self._prefixes.read(request),
            self.profile,
            fault,
            draws,
            load=lambda: self.running + self.batched,
        )
