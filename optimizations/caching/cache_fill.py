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

When it does not help: alone. Somebody has to look the answers up (`Cached`). A
store that fails or is slow must not take the chatbot along: what it has not
kept after `store_seconds` is not kept, and counted, and for a second nothing
more is handed to it.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import aclosing, contextmanager
from dataclasses import replace

from optimizations.caching.cooldown import Cooldown
from optimizations.caching.keys import exact_key, same_partition
from optimizations.caching.store import Answer, Store, cacheable, reusable
from optimizations.caching.time_limit import STORE_SECONDS, positive, within
from optimizations.clock import now
from optimizations.llm import LLM, Chunk, Draft, Layer, Request, Trace

_REPEATABLE = {"role"}  # of `extra`: what a replay may leave out
_STORE_PAUSE_SECONDS = 1.0


class _Filling:
    """An answer on its way; `void` once it may no longer be kept."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self.void = False


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
        self._cooldowns = {
            id(store): Cooldown(_STORE_PAUSE_SECONDS) for store in stores
        }
        self._fillings: dict[str, list[_Filling]] = {}  # as they began

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
        for fillings in self._fillings.values():
            for filling in fillings:
                filling.void |= same_partition(filling.request, request)

    def snapshot(self) -> Mapping[str, float]:
        return {
            "kept": self.kept,
            "not_kept": self.not_kept,
            "failures": self.store_errors,
            "timeouts": self.store_timeouts,
        }

    @contextmanager
    def _filling(self, request: Request) -> Iterator[_Filling | None]:
        """Something to void while the answer is made; None where it may not
        be kept anyway.
        """
        if not reusable(request, any_temperature=self._any_temperature):
            yield None
            return
        key, filling = exact_key(request), _Filling(request)
        self._fillings.setdefault(key, []).append(filling)
        try:
            yield filling
        finally:
            self._fillings[key].remove(filling)
            if not self._fillings[key]:
                del self._fillings[key]

    async def _keep(self, answer: Answer, filling: _Filling) -> bool:
        """Whether a store took it without complaint."""
        if not cacheable(
            filling.request,
            answer.reply,
            any_temperature=self._any_temperature,
        ):
            return False
        if filling.void:
            return False
        self._void_earlier(filling)
        return any([await self._put(s, answer, filling) for s in self.stores])

    def _void_earlier(self, filling: _Filling) -> None:
        """Who asked later has the newer answer, whoever ends first."""
        fillings = self._fillings[exact_key(filling.request)]
        for earlier in fillings[: fillings.index(filling)]:
            earlier.void = True

    async def _put(
        self, store: Store, answer: Answer, filling: _Filling
    ) -> bool:
        """Whether the store took it, and nobody wanted it gone meanwhile."""
        cooldown = self._cooldowns[id(store)]
        if not cooldown.may_ask():
            return False
        request = filling.request
        try:
            await within(self._store_seconds, store.keep(request, answer))
            cooldown.worked()
        except TimeoutError:
            cooldown.failed()
            self.store_timeouts += 1
            return False
        except Exception:  # the reader has its answer all the same
            self.store_errors += 1
            return False
        finally:
            if filling.void:  # even one that was late may have come through
                await self._take_back(store, request)
        return not filling.void

    async def _take_back(self, store: Store, request: Request) -> None:
        try:
            await within(self._store_seconds, store.delete(request))
        except Exception:  # nobody is there to hear of it
            self.store_errors += 1
