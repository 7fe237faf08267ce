"""A simulated model: the provider that everything here is tried against, free,
offline, and the same in each run.

It makes you wait as a model server does. A request queues for one of
`capacity` slots; its prompt is read (*prefill*: what the prefix cache knows
goes faster); then token follows token (*decode*), the more slowly the more
sequences run. It bills into a ledger, and goes wrong as its fault schedule
says. On a virtual clock the waiting is exact and costs nothing; behind
`optimizations.server` the same model answers over a real socket.

Its *text* depends only on what is asked. Its *timing and faults* depend on
(seed, request_id, attempt), so no result depends on which task happened to run
first. A slow reader does not slow it: like a real server it generates on
schedule, and what was due meanwhile is there at once.

When it does not help: to judge answers, for they mean nothing; or to plan
capacity to the percent, for its speed is a preset and not your provider's.
"""

from __future__ import annotations

import asyncio
from collections.abc import (
    AsyncGenerator,
    Callable,
    Iterable,
    Mapping,
    Sequence,
)
from contextlib import aclosing

from optimizations.clock import now
from optimizations.errors import LLMError
from optimizations.llm import LLM, Chunk, Reply, Request
from optimizations.mock.answers import invent
from optimizations.mock.batch import answer_together
from optimizations.mock.engine import Arrival, Engine
from optimizations.mock.faults import Fault
from optimizations.mock.ledger import Ledger
from optimizations.mock.profile import Profile, find_profile


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
        self.engine = Engine(self.profile, name, answer, faults, seed)
        self.calls = 0

    @property
    def running(self) -> int:
        """Slots taken now."""
        return self.engine.running

    @property
    def waiting(self) -> int:
        """Requests that wait for a slot."""
        return self.engine.waiting

    @property
    def peak(self) -> int:
        """The most slots that were ever taken."""
        return self.engine.peak

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
        arrival = self.engine.arrive(request)
        async with self.ledger.claim(request) as reply:
            if reply is not None:
                for chunk in reply.chunks():
                    yield chunk
                return
            async with (
                self.engine.slot(),
                aclosing(self._generate(arrival)) as chunks,
            ):
                async for chunk in chunks:
                    yield chunk

    async def complete_many(
        self, requests: Sequence[Request]
    ) -> list[Reply | LLMError]:
        """Its batch endpoint: one call, one slot, an answer or an error for
        each request.
        """
        self.calls += 1
        return await answer_together(self.engine, self.ledger, requests)

    async def _generate(self, arrival: Arrival) -> AsyncGenerator[Chunk, None]:
        """Read the prompt, then say piece after piece. Whatever ends it, what
        was said is billed.
        """
        request, one = arrival.request, self.engine.begin(arrival)
        due = now()
        try:
            for seconds, piece in one.pieces(one.first_gap()):
                due += seconds
                if (delay := due - now()) > 0:
                    await asyncio.sleep(delay)
                for chunk in one.say(piece):
                    if request.streamed:
                        yield chunk
            if not request.streamed and one.reply is not None:
                for chunk in one.reply.chunks():
                    yield chunk
        finally:
            self.ledger.book(request, one.usage, one.reply)
