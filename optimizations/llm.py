"""The one interface of this project. Read this file first.

A model answers a request with a stream of chunks. An optimization is a model
wrapped around a model: it has exactly the interface of what it wraps, so
optimizations nest like the layers of an onion, and each can be taken off again
to measure what it was worth:

    replicas = [Breaker(HTTPModel(url)) for url in urls]
    chatbot = Cached(SingleFlight(RateLimited(Balanced(replicas))))

There is one primitive, `stream`. `complete` is written once, here, by draining
it; an answer that is not wanted in pieces is a stream of one chunk. Three
rules keep the onion sound:

- A stream never just ends. It ends with a `finish_reason` for each choice, or
  it raises.
- Who starts a stream closes it (`contextlib.aclosing`). Then leaving early
  gives every slot back at once, at any depth.
- Nothing that cancels (a timeout, a task group) stays open across a `yield`:
  it would cancel a slow *reader*.

The idea is old and good: Finagle calls the layers filters ("Your Server as a
Function"), Tower layers, httpx transports.
"""

from __future__ import annotations

from collections.abc import (
    AsyncGenerator,
    Callable,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import AbstractAsyncContextManager, AsyncExitStack, aclosing
from dataclasses import dataclass, field, replace
from typing import Any, Self

from optimizations.clock import now
from optimizations.errors import BadRequest, Incomplete


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation, as in OpenAI's chat format."""

    role: str
    content: str
    # name, tool calls: passed on untouched
    extra: Mapping[str, Any] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as the provider bills them; `estimated` where it did not say and
    we counted ourselves.
    """

    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int = 0  # of the prompt, what the provider knew already
    estimated: bool = False


@dataclass(slots=True)
class Trace:
    """How a request was served: the one mutable thing that travels with it.
    Layers write, observers read.
    """

    served_by: str = ""  # who gave the answer: a cache, a replica
    attempts: int = 0  # how often a model was asked
    queued_seconds: float = 0.0  # spent waiting for a permit, a slot, a token


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked. Frozen: a layer that wants another request makes one with
    `dataclasses.replace`.
    """

    messages: tuple[Message, ...]
    model: str
    tenant: str  # whose data this is: no cache, batch or flight crosses it
    request_id: str  # given by whoever asks: bills, logs, chance go by it
    max_tokens: int = 512
    temperature: float = 0.0
    # all else that changes the answer
    options: Mapping[str, Any] = field(default_factory=dict, hash=False)
    streamed: bool = True  # the caller's wish; not part of a cache key
    # on the clock of `now()`: one budget over every wait and attempt
    deadline: float | None = None
    # asked again under the same key, the provider bills once
    idempotency_key: str | None = None
    trace: Trace = field(default_factory=Trace, compare=False)

    @classmethod
    def ask(
        cls,
        text: str,
        *,
        tenant: str,
        request_id: str,
        model: str = "mock",
        **rest: Any,
    ) -> Request:
        """A conversation of one question."""
        return cls(
            (Message("user", text),),
            model=model,
            tenant=tenant,
            request_id=request_id,
            **rest,
        )

    @property
    def question(self) -> str:
        """The last message of the user, or the empty string."""
        return next(
            (m.content for m in reversed(self.messages) if m.role == "user"),
            "",
        )

    @property
    def choices(self) -> int:
        """How many answers are wanted side by side (OpenAI's `n`). Raises
        `BadRequest` where that is no number from 1.
        """
        wanted = self.options.get("n")
        if wanted is None:
            return 1
        if type(wanted) is not int or wanted < 1:
            raise BadRequest(f"n must be a whole number from 1, not {wanted}")
        return wanted


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of an answer. Any field may be empty; `extra` passes through
    what is not ours to understand.
    """

    text: str = ""
    index: int = 0  # which of the choices this belongs to
    finish_reason: str | None = None  # stop, length, ...: once for each choice
    usage: Usage | None = None
    # role, tool calls, reasoning
    extra: Mapping[str, Any] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the answers of a reply."""

    text: str
    finish_reason: str


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer: what `complete` makes of the chunks."""

    choices: tuple[Choice, ...]
    usage: Usage | None
    trace: Trace

    @property
    def text(self) -> str:
        """The first answer; with one choice, the answer."""
        return self.choices[0].text

    @property
    def finish_reason(self) -> str:
        """Why the first answer ended."""
        return self.choices[0].finish_reason


class Draft:
    """A reply in the making: takes chunks, knows when the answer is whole."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._texts: list[list[str]] = [[] for _ in range(request.choices)]
        self._reasons: dict[int, str] = {}
        self._usage: Usage | None = None

    def add(self, chunk: Chunk) -> None:
        """Take one more chunk. A choice that was not asked for is not ours."""
        if chunk.usage is not None:
            self._usage = chunk.usage
        if not 0 <= chunk.index < len(self._texts):
            return
        self._texts[chunk.index].append(chunk.text)
        if chunk.finish_reason is not None:
            self._reasons[chunk.index] = chunk.finish_reason

    @property
    def finished(self) -> bool:
        """Whether each choice has said why it ended. Only then is this an
        answer.
        """
        return len(self._reasons) == len(self._texts)

    @property
    def partial(self) -> str:
        """What there is of the first choice so far."""
        return "".join(self._texts[0])

    def reply(self) -> Reply:
        """The whole answer. Raises `Incomplete` with the part that came, where
        it is not whole.
        """
        if not self.finished:
            raise Incomplete(self.partial)
        texts = ("".join(pieces) for pieces in self._texts)
        choices = tuple(
            Choice(text, self._reasons[index])
            for index, text in enumerate(texts)
        )
        return Reply(choices, self._usage, self._request.trace)


class LLM:
    """Anything that answers requests: a provider, or a layer around one. Use
    it as an async context manager.
    """

    @property
    def inners(self) -> Sequence[LLM]:
        """What this wraps: nothing for a provider, one for a layer, several
        for a balancer.
        """
        return ()

    @property
    def available(self) -> bool:
        """False where this, or all that it wraps, would only refuse. A
        balancer asks before it chooses.
        """
        return True

    def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
        """Answer in pieces. Whoever calls this closes it: `async with
        aclosing(llm.stream(request)) as chunks`.
        """
        raise NotImplementedError

    async def complete(self, request: Request) -> Reply:
        """Answer as a whole. Raises what the stream raises, and `Incomplete`
        where it ends without saying why.
        """
        draft = Draft(request)
        async with aclosing(
            self.stream(replace(request, streamed=False))
        ) as chunks:
            async for chunk in chunks:
                draft.add(chunk)
        return draft.reply()

    def snapshot(self) -> Mapping[str, float]:
        """This layer's own numbers, for whoever exports metrics; `walk`
        reaches those of the others.
        """
        return {}

    async def aclose(self) -> None:
        """End the tasks of this layer (a subclass ends its own first), then
        close what it wraps.
        """
        async with AsyncExitStack() as closing:
            for inner in self.inners:
                closing.push_async_callback(inner.aclose)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(repr, self.inners))})"


class Layer(LLM):
    """A model around one other. As it stands it changes nothing; a subclass
    overrides `stream`.
    """

    def __init__(self, inner: LLM) -> None:
        self.inner = inner

    @property
    def inners(self) -> Sequence[LLM]:
        return (self.inner,)

    @property
    def available(self) -> bool:
        return self.inner.available

    def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
        return self.inner.stream(request)


Observer = Callable[[Chunk, float], None]
"""Told of each chunk and of the seconds that the *model* took for it; a
reader's own pauses are not in them.
"""


class Guard(Layer):
    """A layer that cares how a request begins and ends: it writes one async
    context manager instead of `stream`.

    What `around` yields, if not None, is told of each chunk as it arrives. A
    stream whose reader leaves early leaves the context manager with
    `GeneratorExit`: neither a success nor the model's failure.
    """

    def around(
        self, request: Request
    ) -> AbstractAsyncContextManager[Observer | None]:
        """What holds while one request runs."""
        raise NotImplementedError

    async def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
        async with (
            self.around(request) as observe,
            aclosing(self.inner.stream(request)) as chunks,
        ):
            asked = now()
            async for chunk in chunks:
                if observe is not None:
                    observe(chunk, now() - asked)
                yield chunk
                asked = now()


def walk(llm: LLM) -> Iterator[LLM]:
    """Every layer of an onion, outermost first."""
    yield llm
    for inner in llm.inners:
        yield from walk(inner)
