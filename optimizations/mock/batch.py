"""The simulated model's batch endpoint: many prompts in one call, one slot for
all of them.

The prompts are read together, so the base of the time to first token is paid
once. Then the sequences go on in lockstep: at each step the slowest holds up
the others, and every further sequence makes the step a little longer, for this
batch and for all that runs beside it. Nothing is returned before the last has
ended. Each request is billed under its own name; an error is its own as well.

When it does not help: a provider's batch endpoint may take hours, at half the
price; this one is a call that is waited for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace

from optimizations.errors import LLMError
from optimizations.messages import Reply, Request
from optimizations.mock.engine import Arrival, Engine
from optimizations.mock.generation import Generation
from optimizations.mock.ledger import Ledger


async def answer_together(
    engine: Engine, ledger: Ledger, requests: Sequence[Request]
) -> list[Reply | LLMError]:
    """An answer or an error for each request, in their order."""
    members = [_arrive(engine, request) for request in requests]
    # A key that is given twice is answered, and billed, once.
    firsts: dict[tuple[str, str], _Member] = {}
    for member in members:
        firsts.setdefault(member.key, member)
    async with AsyncExitStack() as claims:
        # In one order for all batches, or two could wait for each other.
        for _, member in sorted(firsts.items()):
            claim = ledger.claim(member.request)
            reply = await claims.enter_async_context(claim)
            member.outcome = member.outcome or reply
        todo = [one for one in firsts.values() if one.outcome is None]
        if todo:
            async with engine.slot():
                await _speak(engine, ledger, todo)
    return [firsts[member.key].outcome_for(member) for member in members]


@dataclass(eq=False, slots=True)
class _Member:
    """One request of a batch, and what came of it."""

    request: Request
    arrival: Arrival | None  # None: not let in, and `outcome` says why
    outcome: Reply | LLMError | None = None

    @property
    def key(self) -> tuple[str, str]:
        """The same for two that the provider answers only once."""
        name = self.request.idempotency_key or f"without a key: {id(self)}"
        return self.request.tenant, name

    def outcome_for(self, other: _Member) -> Reply | LLMError:
        """This one's outcome, with the other's trace."""
        assert self.outcome is not None
        if isinstance(self.outcome, LLMError):
            return self.outcome
        return replace(self.outcome, trace=other.request.trace)


def _arrive(engine: Engine, request: Request) -> _Member:
    request = replace(request, streamed=False)
    try:
        return _Member(request, engine.arrive(request))
    except LLMError as error:
        return _Member(request, None, error)


async def _speak(
    engine: Engine, ledger: Ledger, members: Sequence[_Member]
) -> None:
    """Read all prompts, then say piece after piece in lockstep. Whatever ends
    it, what was said is billed.
    """
    sequences = [
        _Sequence(member, engine.begin(member.arrival))
        for member in members
        if member.arrival is not None
    ]
    unread = sum(one.generation.fresh_tokens for one in sequences)
    first_gap = max(
        one.generation.first_gap(unread - one.generation.fresh_tokens)
        for one in sequences
    )
    speaking = sequences
    companions = 0  # all but the one whom the slot counts
    whole = False
    try:
        while speaking:
            engine.companions += len(speaking) - 1 - companions
            companions = len(speaking) - 1
            steps = [one.step() for one in speaking]
            await asyncio.sleep(first_gap + max(steps))
            first_gap = 0.0
            speaking = [one for one in speaking if one.goes_on()]
        whole = True
    finally:
        engine.companions -= companions
        for one in sequences:
            reply = one.generation.reply if whole else None
            ledger.book(one.member.request, one.generation.usage, reply)


class _Sequence:
    """One answer of the batch, while it is said."""

    def __init__(self, member: _Member, generation: Generation) -> None:
        self.member = member
        self.generation = generation
        self._pieces = generation.pieces(0.0)
        self._piece: list[str] = []

    def step(self) -> float:
        """Seconds that the next piece takes; none where it breaks off."""
        try:
            seconds, self._piece = next(self._pieces)
        except LLMError as error:
            self.member.outcome = error
            return 0.0
        return seconds

    def goes_on(self) -> bool:
        """Say the piece: whether there is more to say."""
        if self.member.outcome is None:
            for _ in self.generation.say(self._piece):
                pass
            self.member.outcome = self.generation.reply
        return self.member.outcome is None
