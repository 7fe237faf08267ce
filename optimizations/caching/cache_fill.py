"""Fill stores with the answers of a model: the half of a cache that keeps.

`CacheFill` stands *inside* single flight, next to the model, and drains along
with its reader. When the stream has ended and was whole, it keeps the answer,
and only then hands on the end. So an answer is stored once, however many wait
for it, and before its flight leaves the table: whoever comes later finds it in
one or the other.

    Cached(SingleFlight(CacheFill(model, store)), store)

What must never be kept is decided by `cacheable` and here: an error, an answer
cut short, a stream that was left, a tool call. Nor what was asked before the
answer was deleted (`forget`): it may repeat the very mistake.

When it does not help: alone. Somebody has to look the answers up (`Cached`).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, replace

from optimizations.caching.guarded_store import GuardedStore
from optimizations.caching.keys import may_share
from optimizations.caching.store import Answer, Store, cacheable, reusable
from optimizations.caching.time_limit import STORE_SECONDS
from optimizations.clock import now
from optimizations.llm import LLM, Chunk, Draft, Layer, Request, Trace

_REPEATABLE = {"role"}  # of `extra`: what a replay may leave out


@dataclass(slots=True, eq=False)
class _Filling:
    """An answer on its way."""

    request: Request
    forgotten: bool = False  # somebody wants it gone
    written: asyncio.Event | None = None  # set when no store is written to


class CacheFill(Layer):
    """Keeps in each of `stores` the answers of `inner` that may be kept. The
    end of an answer waits for them, for each at most `store_seconds`.
    """

    def __init__(
        self,
        inner: LLM,
        *stores: Store,
        store_seconds: float = STORE_SECONDS,
    ) -> None:
        super().__init__(inner)
        self.stores = stores
        self.kept = self.not_kept = 0
        self.guarded = [GuardedStore(s, store_seconds) for s in stores]
        self._fillings: dict[_Filling, None] = {}  # a set that has an order

    async def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
        draft, repeatable, began = Draft(request), True, now()
        with self._filling(request) as filling:
            async with aclosing(self.inner.stream(request)) as chunks:
                async for chunk in chunks:
                    draft.add(chunk)
                    repeatable &= _repeatable(chunk)
                    yield chunk
            # Only a stream read to its own end comes here: an error, a
            # cancellation or a reader who left goes past.
            kept = False
            if filling and repeatable and draft.finished:
                reply = replace(draft.reply(), trace=Trace())
                answer = Answer(reply, now(), now() - began)
                kept = await self._keep(answer, filling)
        self.kept += kept
        self.not_kept += not kept

    async def forget(self, request: Request) -> None:
        """Do not keep the answers on their way that a store might find for
        this request; wait for those that are just being written, so that
        whoever deletes afterwards deletes them too.
        """
        on_their_way = [
            filling
            for filling in self._fillings
            if may_share(filling.request, request)
        ]
        for filling in on_their_way:
            filling.forgotten = True
        for filling in on_their_way:
            if filling.written is not None:
                await filling.written.wait()

    def snapshot(self) -> Mapping[str, float]:
        """`kept` are the answers that a store took without complaint."""
        return {
            "kept": self.kept,
            "not_kept": self.not_kept,
            "failures": sum(store.failures for store in self.guarded),
            "timeouts": sum(store.timeouts for store in self.guarded),
        }

    @contextmanager
    def _filling(self, request: Request) -> Iterator[_Filling | None]:
        """None where the answer may not be kept anyway."""
        if not reusable(request):
            yield None
            return
        filling = _Filling(request)
        self._fillings[filling] = None
        try:
            yield filling
        finally:
            del self._fillings[filling]

    async def _keep(self, answer: Answer, filling: _Filling) -> bool:
        """Whether a store has it, and nobody wanted it gone meanwhile."""
        if not cacheable(filling.request, answer.reply):
            return False
        took, filling.written = False, asyncio.Event()
        try:
            for store in self.guarded:
                if filling.forgotten:
                    break
                took |= await store.keep(filling.request, answer)
        finally:
            filling.written.set()
        return took and not filling.forgotten


def _repeatable(chunk: Chunk) -> bool:
    """Whether a replay of the text tells all of it. Providers send empty lists
    along, of tool calls or annotations that there are not.
    """
    return all(
        name in _REPEATABLE or not value for name, value in chunk.extra.items()
    )
