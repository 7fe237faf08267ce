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
store that fails must not take the chatbot along, nor one that is slow: what it
has not found after `store_seconds` is a miss, what it has not kept is not
kept, and both are counted.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import AsyncExitStack, aclosing
from dataclasses import replace

from optimizations.caching.store import Store, cacheable, reusable
from optimizations.caching.time_limit import positive, within
from optimizations.llm import LLM, Chunk, Draft, Layer, Reply, Request
from optimizations.tokens import split_tokens

STORE_SECONDS = 0.25
"""A reader hardly notices it, and it is more than a store on the same network
needs when all is well.
"""

_REPEATABLE = {"role"}  # of `extra`: what a replay may leave out


class Cached(Layer):
    """Answers from `store` what it can, else asks `inner`. Closing it closes
    the store too.

    `any_temperature` lets requests at a temperature above 0 share an answer.
    """

    def __init__(
        self,
        inner: LLM,
        store: Store,
        *,
        any_temperature: bool = False,
        store_seconds: float = STORE_SECONDS,
    ) -> None:
        super().__init__(inner)
        positive(store_seconds=store_seconds)
        self.store = store
        self.hits = self.misses = self.bypassed = 0
        self.store_errors = self.store_timeouts = 0
        self._any_temperature = any_temperature
        self._store_seconds = store_seconds

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
            "timeouts": self.store_timeouts,
        }

    async def aclose(self) -> None:
        async with AsyncExitStack() as closing:
            closing.push_async_callback(self.store.aclose)
            await super().aclose()

    async def _find(self, request: Request) -> Reply | None:
        if not reusable(request, any_temperature=self._any_temperature):
            self.bypassed += 1
            return None
        reply = None
        try:
            reply = await within(self._store_seconds, self.store.find(request))
        except TimeoutError:
            self.store_timeouts += 1
        except Exception:  # whatever it is, the model can still answer
            self.store_errors += 1
        self.hits += reply is not None
        self.misses += reply is None
        return reply


class CacheFill(Layer):
    """Keeps in each of `stores` the answers of `inner` that may be kept. The
    end of an answer waits for them, for each at most `store_seconds`.
    """

    def __init__(
        self,
        inner: LLM,
        *stores: Store,
        any_temperature: bool = False,
        store_seconds: float = STORE_SECONDS,
    ) -> None:
        super().__init__(inner)
        positive(store_seconds=store_seconds)
        self.stores = stores
        self.kept = self.not_kept = 0
        self.store_errors = self.store_timeouts = 0
        self._any_temperature = any_temperature
        self._store_seconds = store_seconds

    async def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
        draft, repeatable = Draft(request), True
        async with aclosing(self.inner.stream(request)) as chunks:
            async for chunk in chunks:
                draft.add(chunk)
                repeatable = repeatable and chunk.extra.keys() <= _REPEATABLE
                yield chunk
        # Only a stream read to its own end comes here: an error, a
        # cancellation or a reader who left goes past.
        kept = (
            repeatable
            and draft.finished
            and await self._keep(request, draft.reply())
        )
        self.kept += kept
        self.not_kept += not kept

    def snapshot(self) -> Mapping[str, float]:
        return {
            "kept": self.kept,
            "not_kept": self.not_kept,
            "failures": self.store_errors,
            "timeouts": self.store_timeouts,
        }

    async def _keep(self, request: Request, reply: Reply) -> bool:
        """Whether a store took it."""
        if not cacheable(
            request, reply, any_temperature=self._any_temperature
        ):
            return False
        kept = False
        for store in self.stores:
            try:
                await within(self._store_seconds, store.keep(request, reply))
                kept = True
            except TimeoutError:
                self.store_timeouts += 1
            except Exception:  # the reader has its answer all the same
                self.store_errors += 1
        return kept


def replay(reply: Reply, *, in_pieces: bool) -> Iterator[Chunk]:
    """The answer as a stream again: a token or so in each chunk, or each
    choice in one.
    """
    for chunk in reply.chunks():
        pieces = split_tokens(chunk.text) if in_pieces else []
        for piece in pieces[:-1]:
            yield Chunk(piece, chunk.index)
        yield replace(chunk, text=pieces[-1]) if pieces else chunk
