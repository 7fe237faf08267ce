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
    Iterator,
    Mapping,
)
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from random import Random

from optimizations.clock import chance, now
from optimizations.errors import BadRequest, UpstreamError
from optimizations.llm import LLM, Chunk, Draft, Request, Usage
from optimizations.mock.answers import invent
from optimizations.mock.faults import Fault, FaultSchedule
from optimizations.mock.ledger import Ledger
from optimizations.mock.prefix import PrefixCache
from optimizations.mock.profile import Profile, find_profile
from optimizations.tokens import count_prompt, split_tokens

_STEP = 8  # tokens between two looks at the load, where nobody reads along
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
        if request.max_tokens < 1:
            raise BadRequest(f"max_tokens from 1, not {request.max_tokens}")
        self.calls += 1
        request.trace.attempts += 1
        request.trace.served_by = self.name
        draws = self._chance(request)
        fault = self._faults.meet(now() - self._made_at, draws)
        if fault is not None:
            fault.before_the_answer()
        async with self.ledger.claim(request) as reply:
            if reply is not None and reply.usage is not None:
                for chunk in _chunks(
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
        prompt_tokens = count_prompt(request.messages)
        usage = Usage(
            prompt_tokens,
            0,
            cached_tokens=min(self._prefixes.read(request), prompt_tokens),
        )
        tokens = split_tokens(self._answer(request))
        reason = "stop" if len(tokens) <= request.max_tokens else "length"
        tokens = tokens[: request.max_tokens]
        draft, reply, due, said = Draft(request), None, now(), 0
        try:
            for seconds, piece in self._schedule(
                tokens, request, usage, fault, draws
            ):
                due += seconds
                if (delay := due - now()) > 0:
                    await asyncio.sleep(delay)
                said += len(piece)
                usage = replace(
                    usage, completion_tokens=said * request.choices
                )
                last = said == len(tokens)
                for chunk in _chunks(
                    "".join(piece),
                    request.choices,
                    reason if last else None,
                    usage,
                ):
                    draft.add(chunk)
                    reply = draft.reply() if draft.finished else None
                    if request.streamed:
                        yield chunk
            if reply is not None and not request.streamed:
                for chunk in _chunks(
                    reply.text, request.choices, reason, usage
                ):
                    yield chunk
        finally:
            self.ledger.book(request, usage, reply)

    def _schedule(
        self,
        tokens: list[str],
        request: Request,
        usage: Usage,
        fault: Fault | None,
        draws: Random,
    ) -> Iterator[tuple[float, list[str]]]:
        """What to say next, and how many seconds after the piece before.
        Raises where the fault breaks it off.
        """
        step = self.profile.tokens_per_chunk if request.streamed else _STEP
        trouble_at = (
            min(fault.after_tokens, max(len(tokens) - 1, 0)) if fault else -1
        )
        seconds = self._first_gap(usage, fault, draws)
        for start in range(0, max(len(tokens), 1), step):
            piece = tokens[start : start + step]
            seconds += sum(
                self._gap(fault, draws) for _ in piece[start == 0 :]
            )
            if fault is not None and start <= trouble_at < start + step:
                seconds += fault.inside_the_answer("".join(tokens[:start]))
            yield seconds, piece
            seconds = 0.0

    def _first_gap(
        self, usage: Usage, fault: Fault | None, draws: Random
    ) -> float:
        """Seconds from slot to first token: reading what the prefix cache does
        not know.
        """
        fresh = usage.prompt_tokens - usage.cached_tokens
        seconds = (
            self.profile.ttft_seconds
            + fresh / self.profile.prompt_tokens_per_second
        )
        silent = (
            fault.seconds
            if fault is not None and fault.kind == "silent"
            else 0.0
        )
        return silent + seconds * self._slowness(fault, draws)

    def _gap(self, fault: Fault | None, draws: Random) -> float:
        """Seconds from one token to the next, as many sequences running as run
        now.
        """
        if fault is not None and fault.kind == "drip":
            return fault.seconds
        crowd = 1 + self.profile.itl_growth * (self.running - 1)
        return self.profile.itl_seconds * crowd * self._slowness(fault, draws)

    def _slowness(self, fault: Fault | None, draws: Random) -> float:
        factor = (
            fault.factor if fault is not None and fault.kind == "slow" else 1.0
        )
        return (
            factor * draws.lognormvariate(0, self.profile.jitter)
            if self.profile.jitter
            else factor
        )


def _chunks(
    text: str, choices: int, reason: str | None, usage: Usage
) -> Iterator[Chunk]:
    """The same piece for each choice; the usage rides on the very last."""
    for index in range(choices):
        very_last = reason is not None and index == choices - 1
        yield Chunk(text, index, reason, usage if very_last else None)
