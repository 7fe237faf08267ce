"""Answer from a store, and ask the model only where it has nothing.

On a hit the model is not asked at all: no permit, no token, no task. The
answer is replayed as a stream, in pieces where pieces were wanted, at the pace
that was chosen, with the usage that it once had; `trace.served_by` names the
store.

`Cached` never writes. What is kept, and when, is the business of `CacheFill`,
which stands inside single flight:

    Cached(SingleFlight(CacheFill(model, store)), store)

An answer that is old, or soon will be, can be served at once and asked anew
behind the reader's back (`freshness.py`): a task that belongs to this layer,
one for each question and a bounded number of them. Whoever asks can say no to
all that, or to answers above an age (`Request.cache`).

A store that fails or is slow takes nobody along (`guarded_store.py`).

When it does not help: where no two requests are alike, each pays for a look-up
and gains nothing; and p99 moves only once nearly all requests are hits. And
where a store finds similar questions, what is asked anew is the question as it
came now: the old answer stays until its time.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import AsyncExitStack, aclosing
from dataclasses import replace
from math import inf

from optimizations.arguments import positive
from optimizations.caching.background import Background
from optimizations.caching.freshness import Freshness, Verdict
from optimizations.caching.guarded_store import GuardedStore
from optimizations.caching.keys import exact_key
from optimizations.caching.store import Answer, Store, reusable
from optimizations.caching.time_limit import STORE_SECONDS
from optimizations.clock import chance, now
from optimizations.llm import (
    LLM,
    Chunk,
    Layer,
    Reply,
    Request,
    Trace,
)
from optimizations.tokens import split_tokens

ALWAYS_FRESH = Freshness()

_YOUNGER = 0.9  # times the age: whatever else has it is as old
_REFRESH_PAUSE_SECONDS = 1.0


class Cached(Layer):
    """Answers from `store` what it can, else asks `inner`. Closing it closes
    the store too.

    `tokens_per_second` is the pace of a replay, by default at once. At most
    `max_refreshes` answers are asked anew at a time, each for at most
    `refresh_seconds`; the chance in `freshness` is drawn by `seed` and the
    request's id.
    """

    def __init__(
        self,
        inner: LLM,
        store: Store,
        *,
        freshness: Freshness = ALWAYS_FRESH,
        tokens_per_second: float = inf,
        store_seconds: float = STORE_SECONDS,
        max_refreshes: int = 16,
        refresh_seconds: float = 60.0,
        seed: int = 0,
    ) -> None:
        super().__init__(inner)
        positive(refresh_seconds=refresh_seconds)
        if not tokens_per_second > 0:
            raise ValueError("tokens_per_second must be more than 0")
        self.store = store
        self.hits = self.misses = self.bypassed = self.stale = 0
        self.guarded = GuardedStore(store, store_seconds)
        self._freshness = freshness
        self._seconds_per_token = 1 / tokens_per_second
        self._refresh_seconds = refresh_seconds
        self._refreshes = Background(
            max_refreshes, first_pause_seconds=_REFRESH_PAUSE_SECONDS
        )
        self._seed = seed

    async def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
        answer = await self._find(request)
        if answer is not None:
            request.trace.served_by = self.store.name
            request.trace.age_seconds = now() - answer.born_at
            for chunk in replay(answer.reply, in_pieces=request.streamed):
                yield chunk
                if self._seconds_per_token and chunk.finish_reason is None:
                    await asyncio.sleep(self._seconds_per_token)
            return
        async with aclosing(self.inner.stream(request)) as chunks:
            async for chunk in chunks:
                yield chunk

    def snapshot(self) -> Mapping[str, float]:
        """What the store counts, and how it was used: `bypassed` are requests
        for which a cache was out of the question, `stale` the hits that were
        served after their time, `refreshes` what was asked anew.
        """
        store = {f"store_{k}": v for k, v in self.store.snapshot().items()}
        return store | {
            "hits": self.hits,
            "misses": self.misses,
            "bypassed": self.bypassed,
            "stale": self.stale,
            "refreshes": self._refreshes.started,
            "refresh_failures": self._refreshes.failed,
            "failures": self.guarded.failures,
            "timeouts": self.guarded.timeouts,
        }

    async def aclose(self) -> None:
        async with AsyncExitStack() as closing:
            closing.push_async_callback(self.store.aclose)
            closing.push_async_callback(super().aclose)
            await self._refreshes.aclose()

    async def _find(self, request: Request) -> Answer | None:
        """The answer to serve, which may be asked anew meanwhile."""
        if request.cache.no_cache or not reusable(request):
            self.bypassed += 1
            return None
        answer = await self.guarded.find(request)
        if answer is not None and not self._may_serve(request, answer):
            answer = None
        self.hits += answer is not None
        self.misses += answer is None
        return answer

    def _may_serve(self, request: Request, answer: Answer) -> bool:
        """Whether it is young enough; asks anew where it soon is not."""
        age = now() - answer.born_at
        verdict = self._freshness.judge(
            age,
            answer.made_in_seconds,
            lambda: chance(self._seed, "early", request.request_id).random(),
        )
        if verdict is Verdict.EXPIRED or age > request.cache.max_age_seconds:
            return False
        self.stale += age >= self._freshness.fresh_seconds
        if verdict is Verdict.SERVE_AND_REFRESH:
            self._refreshes.start(
                exact_key(request), lambda: self._refresh(request, age)
            )
        return True

    async def _refresh(self, request: Request, age_seconds: float) -> None:
        """Ask for a younger answer, which is kept on its way here. Nobody
        waits for it, so it has a bill and a time limit of its own. Who misses
        meanwhile may join its flight, so it streams as they do.
        """
        younger = replace(
            request.cache, max_age_seconds=age_seconds * _YOUNGER
        )
        anew = replace(
            request,
            request_id=f"{request.request_id}:refresh",
            idempotency_key=None,
            cache=younger,
            deadline=now() + self._refresh_seconds,
            trace=Trace(),
        )
        async with asyncio.timeout(self._refresh_seconds):
            async with aclosing(self.inner.stream(anew)) as chunks:
                async for _ in chunks:
                    pass


def replay(reply: Reply, *, in_pieces: bool) -> Iterator[Chunk]:
    """The answer as a stream again: a token or so in each chunk, or each
    choice in one.
    """
    for chunk in reply.chunks():
        pieces = split_tokens(chunk.text) if in_pieces else []
        for piece in pieces[:-1]:
            yield Chunk(piece, chunk.index)
        yield replace(chunk, text=pieces[-1]) if pieces else chunk
