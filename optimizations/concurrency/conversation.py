"""Conversations: one turn at a time within each, many of them side by side.

Two messages sent in quick succession must not both be answered from the same
history, or the second answer knows nothing of the first. So within a
conversation turns take turns, first come first served, while any number of
conversations go on beside each other.

A turn counts once it has been answered whole. If the answer fails, or the
reader leaves halfway, the history is as before the turn, and the user may ask
again. A history longer than `max_history_tokens` forgets its oldest turns,
question and answer together, never the system prompt, and says how many in
`forgotten_turns`. It forgets down to half at a time: a prompt that lost one
turn each time would begin differently each time, and the provider's prefix
cache would never hit again.

When it does not help: what was forgotten is gone (summarise it, or store it,
before), and all of it lives in this process. A turn streams as the model does;
the next one begins when its stream is closed.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import Any

from optimizations.concurrency.concurrency_limit import Permits
from optimizations.errors import BadRequest, Overloaded
from optimizations.llm import LLM, Chunk, Draft, Message, Reply, Request
from optimizations.tokens import TokenCounter, count_prompt, count_tokens


class Conversation:
    """Asks `llm` with the history of all turns so far. `rest` are fields of
    each `Request`: model, max_tokens, options.

    Bounded by `max_history_tokens` (question included), and `max_waiting`
    turns that wait for the one before.
    """

    def __init__(
        self,
        llm: LLM,
        *,
        tenant: str,
        name: str,
        system: str = "",
        history: Sequence[Message] = (),
        max_history_tokens: int = 4000,
        max_waiting: int = 8,
        max_wait_seconds: float = 60.0,
        count: TokenCounter = count_tokens,
        model: str = "mock",
        **rest: Any,
    ) -> None:
        if max_history_tokens < 1:
            raise ValueError(
                f"max_history_tokens from 1, not {max_history_tokens}"
            )
        self.tenant = tenant
        self.name = name
        self.history = tuple(history)  # of whole turns, without the prompt
        self.forgotten_turns = 0
        self._llm = llm
        self._system = (Message("system", system),) if system else ()
        self._max_history_tokens = max_history_tokens
        self._count = count
        self._fields = {"model": model, **rest}
        self._turn = Permits(
            1, max_waiting=max_waiting, max_wait_seconds=max_wait_seconds
        )
        self._asked = 0

    @property
    def busy(self) -> bool:
        """Whether a turn is under way."""
        return self._turn.running > 0

    async def stream(
        self, text: str, **changes: Any
    ) -> AsyncGenerator[Chunk, None]:
        """Say something; the answer in pieces. Whoever calls this closes it.
        `changes` are fields of this turn's `Request`: deadline, request_id.

        Raises what the model raises, `Overloaded` where too many turns wait,
        `BadRequest` where the text alone is too long.
        """
        async with self._turn.hold():
            kept, request = self._ask(text, changes)
            draft = Draft(request)
            try:
                async with aclosing(self._llm.stream(request)) as chunks:
                    async for chunk in chunks:
                        draft.add(chunk)
                        yield chunk
            except GeneratorExit:
                if draft.finished:  # the reader had all, and looked no further
                    self._remember(kept, request, draft.reply())
                raise
            self._remember(kept, request, draft.reply())

    async def complete(self, text: str, **changes: Any) -> Reply:
        """Say something; the whole answer."""
        async with self._turn.hold():
            kept, request = self._ask(text, changes)
            reply = await self._llm.complete(request)
            self._remember(kept, request, reply)
            return reply

    def _ask(
        self, text: str, changes: Mapping[str, Any]
    ) -> tuple[tuple[Message, ...], Request]:
        """What is kept of the history, and the request of this turn."""
        question = Message("user", text)
        fixed = count_prompt((*self._system, question), self._count)
        room = self._max_history_tokens - fixed
        if room < 0:
            raise BadRequest(
                f"system prompt and question have {fixed} tokens, "
                f"{self._max_history_tokens} are allowed"
            )
        kept = self.history
        if count_prompt(kept, self._count) > room:
            while count_prompt(kept, self._count) > room / 2:
                kept = kept[2:]
        self._asked += 1
        fields: dict[str, Any] = {
            "request_id": f"{self.name}/{self._asked}",
            **self._fields,
            **changes,
            "messages": (*self._system, *kept, question),
            "tenant": self.tenant,
        }
        return kept, Request(**fields)

    def _remember(
        self, kept: Sequence[Message], request: Request, reply: Reply
    ) -> None:
        answer = Message("assistant", reply.text)
        self.forgotten_turns += (len(self.history) - len(kept)) // 2
        self.history = (*kept, request.messages[-1], answer)


class Conversations:
    """Many conversations, found by tenant and name; `settings` are those of
    each `Conversation`.

    Keeps `max_conversations`. One more pushes out the one that rested longest;
    one with a turn under way stays.
    """

    def __init__(
        self, llm: LLM, *, max_conversations: int = 10_000, **settings: Any
    ) -> None:
        if max_conversations < 1:
            raise ValueError(
                f"max_conversations from 1, not {max_conversations}"
            )
        self._llm = llm
        self._max_conversations = max_conversations
        self._settings = settings
        self._known: OrderedDict[tuple[str, str], Conversation] = OrderedDict()

    async def stream(
        self, tenant: str, name: str, text: str, **changes: Any
    ) -> AsyncGenerator[Chunk, None]:
        """Say something in this conversation; begins it where it is new."""
        talk = self._find(tenant, name)
        async with aclosing(talk.stream(text, **changes)) as chunks:
            async for chunk in chunks:
                yield chunk

    async def complete(
        self, tenant: str, name: str, text: str, **changes: Any
    ) -> Reply:
        """Say something in this conversation; the whole answer."""
        return await self._find(tenant, name).complete(text, **changes)

    def history(self, tenant: str, name: str) -> tuple[Message, ...]:
        """All that was said and is remembered: nothing in a new one."""
        talk = self._known.get((tenant, name))
        return talk.history if talk is not None else ()

    def _find(self, tenant: str, name: str) -> Conversation:
        """Used at once, so that nobody pushes it out in between."""
        key = tenant, name
        if key not in self._known:
            if len(self._known) >= self._max_conversations:
                self._push_out()
            self._known[key] = Conversation(
                self._llm, tenant=tenant, name=name, **self._settings
            )
        self._known.move_to_end(key)
        return self._known[key]

    def _push_out(self) -> None:
        for key, talk in self._known.items():
            if not talk.busy:
                del self._known[key]
                return
        raise Overloaded("every conversation has a turn under way")
