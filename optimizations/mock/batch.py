"""The simulated model's batch endpoint: many prompts in one call, one slot for
all of them.

The prompts are read together, so the base of the time to first token is paid
once. Then the sequences go on in lockstep: at each step the slowest holds up
the others, and every further sequence makes the step a little longer, for this
batch and for all that runs beside it. Nothing is returned before the last has
ended. Each request is billed under its own name; an error is its own as well.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING

from optimizations.errors import LLMError
from optimizations.llm import Reply, Request
from optimizations.mock.faults import Fault
from optimizations.mock.generation import Generation

if TYPE_CHECKING:
    from optimizations.mock.model import MockModel


async def answer_together(
    model: MockModel, requests: Sequence[Request]
) -> list[Reply | LLMError]:
    """What `MockModel.complete_many` does."""
    model.calls += 1
    members = [_Member(request) for request in requests]
    # A key that is given twice is answered, and billed, once.
    firsts: dict[tuple[str, str], _Member] = {}
    for member in members:
        member.arrive(model)
        firsts.setdefault(member.key, member)
    async with AsyncExitStack() as claims:
        # In one order for all batches, or two could wait for each other.
        for _, member in sorted(firsts.items()):
            claim = model.ledger.claim(member.request)
            reply = await claims.enter_async_context(claim)
            member.outcome = member.outcome or reply
        todo = [one for one in firsts.values() if one.outcome is None]
        if todo:
            async with model._slot():
                await _speak(model, todo)
    return [firsts[member.key].outcome_for(member) for member in members]


async def _speak(model: MockModel, members: Sequence[_Member]) -> None:
    """Read all prompts, then say piece after piece in lockstep. Whatever ends
    it, what was said is billed.
    """
    for member in members:
        member.begin(model)
    unread = sum(member.generation.fresh_tokens for member in members)
    first_gap = max(
        member.generation.first_gap(unread - member.generation.fresh_tokens)
        for member in members
    )
    speaking = list(members)
    sharing = 0  # of those, all but the one whom the slot counts
    whole = False
    try:
        while speaking:
            model.batched += len(speaking) - 1 - sharing
            sharing = len(speaking) - 1
            steps = [member.step(first_gap) for member in speaking]
            await asyncio.sleep(max(steps))
            first_gap = 0.0
            speaking = [member for member in speaking if member.goes_on()]
        whole = True
    finally:
        model.batched -= sharing
        for member in members:
            member.bill(model, whole)


class _Member:
    """One request of a batch, and what came of it."""

    def __init__(self, request: Request) -> None:
        self.request = replace(request, streamed=False)
        self.outcome: Reply | LLMError | None = None
        self.draws: Random
        self.fault: Fault | None
        self.generation: Generation
        self.pieces: Iterator[tuple[float, list[str]]]

    @property
    def key(self) -> tuple[str, str]:
        """The same for two that the provider answers only once."""
        name = self.request.idempotency_key or f"without a key: {id(self)}"
        return self.request.tenant, name

    def arrive(self, model: MockModel) -> None:
        """Meet the faults that let no answer begin."""
        try:
            self.draws, self.fault = model._arrive(self.request)
        except LLMError as error:
            self.outcome = error

    def begin(self, model: MockModel) -> None:
        """It has a slot: look at the prompt."""
        self.generation = model._begin(self.request, self.fault, self.draws)
        self.pieces = self.generation.pieces(0.0)
        self.piece: list[str] = []

    def step(self, first_gap: float) -> float:
        """Seconds that the next piece takes; none where it breaks off."""
        try:
            seconds, self.piece = next(self.pieces)
        except LLMError as error:
            self.outcome = error
            return first_gap
        return first_gap + seconds

    def goes_on(self) -> bool:
        """Say the piece: whether there is more to say."""
        if self.outcome is None:
            for _ in self.generation.say(self.piece):
                pass
            self.outcome = self.generation.reply
        return self.outcome is None

    def bill(self, model: MockModel, whole: bool) -> None:
        """As an answer, if the batch was returned."""
        reply = self.generation.reply if whole else None
        model.ledger.book(self.request, self.generation.usage, reply)

    def outcome_for(self, other: _Member) -> Reply | LLMError:
        """This one's outcome, with the other's trace."""
        assert self.outcome is not None
        if isinstance(self.outcome, LLMError):
            return self.outcome
        return replace(self.outcome, trace=other.request.trace)
