"""Answer from a store, and fill it: the two halves of a cache around a model.

`Cached` looks up. On a hit the model is not asked at all: no permit, no token,
no task. The answer is replayed as a stream, in pieces where pieces were
wanted, with the usage that it once had, and `trace.served_by` names the store.

`CacheFill` keeps. It stands *inside* single flight, next to the model, and
drains along with its reader. When the stream has ended and was whole, it
stores the answer, and only then hands on the end. So an answer is stored once,
however many wait for it, and before its flight leaves the table: whoever comes
later finds it in one or the other.

    Cached(SingleFlight(CacheFill(model, store)), store)

What a cache must never keep is decided by `cacheable` and here: an error, an
answer cut short, a stream that was left, a tool call.

When it does not help: where no two requests are alike, each pays for a look-up
and gains nothing; and p99 moves only once nearly all requests are hits. A
store that fails or is slow must not take the chatbot along: its failure is a
miss.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import AsyncExitStack, aclosing

from optimizations.caching.store import Store, cacheable, reusable
from optimizations.llm import LLM, Chunk, Draft, Layer, Reply, Request
from optimizations.tokens import split_tokens

_REPEATABLE = {"role"}  # of `extra`: what a replay may leave out


class Cached(Layer):
    """Answers from `store` what it can, else asks `inner`. Closing it closes
    the store too.

    `any_temperature` lets requests at a temperature above 0 share an answer.
    """

    def __init__(
        self, inner: LLM, store: Store, *, any_temperature: bool = False
    ) -> None:
        super().__init__(inner)
        self.store = store
        self.hits = self.misses = self.bypassed = self.store_errors = 0
        self._any_temperature = any_temperature

    async def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
        reply = await self._find(request)
        if reply is not None:
            request.trace.served_by = self.store.name
            for chunk in replay(reply, in_pieces=request.streamed):
                yield chunk
            return
        async with aclosing(self.inner.stream(request)) as chunks:
            async for chunk in chunks:
                yield chunk

    def snapshot(self) -> Mapping[str, float]:
        """What the store counts, and how it was used: `bypassed` are requests
        for which a cache was out of the question.
        """
        store = {f"store_{k}": v for k, v in self.store.snapshot().items()}
        return store | {
            "hits": self.hits,
            "misses": self.misses,
            "bypassed": self.bypassed,
            "failures": self.store_errors,
        }

    async def aclose(self) -> None:
        async with AsyncExitStack() as closing:
            closing.push_async_callback(self.store.aclose)
            await super().aclose()

    async def _find(self, request: Request) -> Reply | None:
        if not reusable(request, any_temperature=self._any_temperature):
            self.bypassed += 1
            return None
        try:
            reply = await self.store.find(request)
        except Exception:  # whatever it is, the model can still answer
            self.store_errors += 1
            reply = None
        self.hits += reply is not None
        self.misses += reply is None
        return reply


class CacheFill(Layer):
    """Keeps in each of `stores` the answers of `inner` that may be kept."""

    def __init__(
        self, inner: LLM, *stores: Store, any_temperature: bool = False
    ) -> None:
        super().__init__(inner)
        self.stores = stores
        self.kept = self.not_kept = self.store_errors = 0
        self._any_temperature = any_temperature

    async def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
        draft, repeatable = Draft(request), True
        async with aclosing(self.inner.stream(request)) as chunks:
            async for chunk in chunks:
                draft.add(chunk)
                repeatable = repeatable and chunk.extra.keys() <= _REPEATABLE
                yield chunk
        # Only a stream read to its own end comes here: an error, a
        # cancellation or a reader who left goes past.
        if repeatable and draft.finished:
            await self._keep(request, draft.reply())
        else:
            self.not_kept += 1

    def snapshot(self) -> Mapping[str, float]:
        return {
            "kept": self.kept,
            "not_kept": self.not_kept,
            "failures": self.store_errors,
        }

    async def _keep(self, request: Request, reply: Reply) -> None:
        if not cacheable(
            request, reply, any_temperature=self._any_temperature
        ):
            self.not_kept += 1
            return
        self.kept += 1
        for store in self.stores:
            try:
                await store.keep(request, reply)
            except Exception:  # the reader has its answer all the same
                self.store_errors += 1


def replay(reply: Reply, *, in_pieces: bool) -> Iterator[Chunk]:
    """The chunks of a whole answer: a token or so each, or one per choice.
    The usage rides on the very last.
    """
    last = len(reply.choices) - 1
    for index, choice in enumerate(reply.choices):
        pieces = split_tokens(choice.text) if in_pieces else [choice.text]
        for piece in pieces[:-1]:
            yield Chunk(piece, index)
        yield Chunk(
            pieces[-1] if pieces else "",
            index,
            choice.finish_reason,
            reply.usage if index == last else None,
        )
