"""The one interface of this project. Read this file first.

A model answers a request with a stream of chunks. An optimization is a model
wrapped around a model: it has exactly the interface of what it wraps, so
optimizations nest like the layers of an onion, and each can be taken off again
to measure what it was worth:

    replicas = [Breaker(HTTPModel(url)) for url in urls]
    model = RateLimit(Balanced(replicas))
    chatbot = Cached(SingleFlight(CacheFill(model, store)), store)

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
from dataclasses import replace
from typing import Self

from optimizations.messages import (
    CacheControl,
    Choice,
    Chunk,
    Draft,
    Endings,
    Message,
    Reply,
    Request,
    Trace,
    Usage,
)

__all__ = [
    "LLM",
    "CacheControl",
    "Choice",
    "Chunk",
    "Draft",
    "Endings",
    "Guard",
    "Layer",
    "Message",
    "Observer",
    "Reply",
    "Request",
    "Trace",
    "Usage",
    "walk",
]


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


Observer = Callable[[Chunk], None]
"""Told of each chunk as it arrives."""


class Guard(Layer):
    """A layer that cares how a request begins and ends: it writes one async
    context manager instead of `stream`.

    What `around` yields, if not None, is told of each chunk. A stream whose
    reader leaves early leaves the context manager with `GeneratorExit`:
    neither a success nor the model's failure.
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
            async for chunk in chunks:
                if observe is not None:
                    observe(chunk)
                yield chunk


def walk(llm: LLM) -> Iterator[LLM]:
    """Every layer of an onion, outermost first."""
    yield llm
    for inner in llm.inners:
        yield from walk(inner)
