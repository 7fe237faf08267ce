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

Of two answers to one question the one that was asked for later stays, whoever
ends first: the earlier is not kept any more, or overwritten.

When it does not help: alone. Somebody has to look the answers up (`Cached`).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, field, replace

from optimizations.caching.guarded_store import GuardedStore
from optimizations.caching.keys import exact_key, same_partition
from optimizations.caching.store import Answer, Store, cacheable, reusable
from optimizations.caching.time_limit import STORE_SECONDS
from optimizations.clock import now
from optimizations.llm import LLM, Chunk, Draft, Layer, Request, Trace

_REPEATABLE = {"role"}  # of `extra`: what a replay may leave out


@dataclass(slots=True, eq=False)
class _Filling:
    """An answer on its way, and why it may no longer be kept."""

    request: Request
    forgotten: bool = False  # somebody wants it gone
    superseded: bool = False  # who asked later has an answer


@dataclass(slots=True)
class _Question:
    """The answers on their way to one question, as they began; one of them is
    written at a time.
    """

    fillings: list[_Filling] = field(default_factory=list)
    writing: asyncio.Lock = field(default_factory=asyncio.Lock)


class CacheFill(Layer):
    """Keeps in each of `stores` the answers of `inner` that may be kept. The
    end of an answer waits for them, for each at most `store_seconds`, and as
    long for another answer to the same question.
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
        self._guarded = [GuardedStore(s, store_seconds) for s in stores]
        self._questions: dict[str, _Question] = {}

    async def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
        draft, repeatable, began = Draft(request), True, now()
        with self._filling(request) as filling:
            async with aclosing(self.inner.stream(request)) as chunks:
                async for chunk in chunks:
                    draft.add(chunk)
                    repeatable &= chunk.extra.keys() <= _REPEATABLE
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

    def forget(self, request: Request) -> None:
        """Do not keep the answers on their way that a store might find for
        this request: all of its partition, since a store may take similar
        words for the same.
        """
        for question in self._questions.values():
            for filling in question.fillings:
                filling.forgotten |= same_partition(filling.request, request)

    def snapshot(self) -> Mapping[str, float]:
        """`kept` are the answers that a store took without complaint."""
        return {
            "kept": self.kept,
            "not_kept": self.not_kept,
            "failures": sum(store.failures for store in self._guarded),
            "timeouts": sum(store.timeouts for store in self._guarded),
        }

    @contextmanager
    def _filling(self, request: Request) -> Iterator[_Filling | None]:
        """None where the answer may not be kept anyway."""
        if not reusable(request):
            yield None
            return
        key, filling = exact_key(request), _Filling(request)
        question = self._questions.setdefault(key, _Question())
        question.fillings.append(filling)
        try:
            yield filling
        finally:
            question.fillings.remove(filling)
            if not question.fillings:
                del self._questions[key]

    async def _keep(self, answer: Answer, filling: _Filling) -> bool:
        """Whether a store has it, and nobody wanted it gone meanwhile."""
        if not cacheable(filling.request, answer.reply):
            return False
        question = self._questions[exact_key(filling.request)]
        if not filling.forgotten:
            place = question.fillings.index(filling)
            for earlier in question.fillings[:place]:
                earlier.superseded = True
        async with question.writing:
            if filling.forgotten or filling.superseded:
                return False
            try:
                took = [
                    await store.keep(filling.request, answer)
                    for store in self._guarded
                ]
            finally:
                if filling.forgotten:  # even a late one may have come through
                    await self._take_back(filling.request)
        return any(took) and not filling.forgotten

    async def _take_back(self, request: Request) -> None:
        for store in self._guarded:
            try:
                await store.delete(request)
            except Exception:  # nobody is there to hear of it
                store.failures += 1
