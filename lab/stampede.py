"""A stampede: cached answers expire, and everybody asks the model at once.

A new version of a chatbot starts with a warm cache: all answers were written
in the same second, so all expire in the same second. `stampede` sends steady
traffic through that moment and counts what reaches the model, under each of
the cures, one at a time:

- *single flight*: who asks the same at the same time shares one call
- *jitter*: the lives differ, so the answers do not expire together
- *stale while revalidate*: the old answer is served while one call renews it
- *early refresh*: a reader renews it before it expires; which one, is drawn

When it does not help to look at this: where answers are asked for less often
than they take to make. Then nobody meets anybody, and there is no stampede.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass
from math import inf

from lab.popularity import zipf
from lab.traffic import arrivals, open_loop, poisson
from optimizations.caching.cache_fill import CacheFill
from optimizations.caching.cached import ALWAYS_FRESH, Cached
from optimizations.caching.freshness import Freshness
from optimizations.caching.memory.ttl import TTLCache
from optimizations.caching.single_flight import SingleFlight
from optimizations.caching.store import Answer, MemoryStore
from optimizations.clock import chance, now
from optimizations.errors import LLMError
from optimizations.llm import LLM, Chunk, Layer, Reply, Request
from optimizations.mock import MockModel

FRESH_SECONDS = 30.0
STALE_SECONDS = 30.0
JITTER = 0.5  # of the life: answers expire after 15 to 30 s
QUESTIONS = 20
REQUESTS_PER_SECOND = 40.0


@dataclass(frozen=True, slots=True)
class Stampede:
    """What reached the model, and how long customers waited."""

    calls: list[float]  # when, in seconds after the cache was filled
    waits: list[float]  # seconds of each customer; inf: in vain

    @property
    def per_second(self) -> Mapping[int, int]:
        """Upstream calls in each second that had any."""
        return Counter(int(at) for at in self.calls)

    @property
    def peak(self) -> int:
        """The most upstream calls within one second of the clock."""
        return max(self.per_second.values(), default=0)


def _no_cure(model: LLM) -> Cached:
    return _cached(model, FRESH_SECONDS)


def _single_flight(model: LLM) -> Cached:
    return _cached(model, FRESH_SECONDS, shared=True)


def _jitter(model: LLM) -> Cached:
    return _cached(model, FRESH_SECONDS, jitter=JITTER)


def _stale_while_revalidate(model: LLM) -> Cached:
    return _cached(
        model,
        FRESH_SECONDS + STALE_SECONDS,
        freshness=Freshness(FRESH_SECONDS, stale_seconds=STALE_SECONDS),
    )


def _early_refresh(model: LLM) -> Cached:
    return _cached(
        model, FRESH_SECONDS, freshness=Freshness(FRESH_SECONDS, early=1.0)
    )


CURES: Mapping[str, Callable[[LLM], Cached]] = {
    "no cure": _no_cure,
    "single flight": _single_flight,
    "jitter": _jitter,
    "stale while revalidate": _stale_while_revalidate,
    "early refresh": _early_refresh,
}
"""Each alone; in production they go together."""


async def stampede(
    cure: str,
    model: MockModel,
    *,
    seed: int,
    requests_per_second: float = REQUESTS_PER_SECOND,
    seconds: float = 60.0,
) -> Stampede:
    """Traffic of a few popular questions, after a cache was filled at once.
    Raises `KeyError` for a cure that is not in `CURES`.
    """
    watched = _Watched(model)
    draws = chance("stampede", seed)
    names = [f"What about topic {n}?" for n in range(QUESTIONS)]
    shares = zipf(QUESTIONS)
    count = round(requests_per_second * seconds)
    asked = draws.choices(names, shares, k=count)
    coming = arrivals(
        poisson(requests_per_second, seed=seed),
        (_ask(text, f"r{number}") for number, text in enumerate(asked)),
        count,
    )
    async with CURES[cure](watched) as chatbot:
        await _warm_up(chatbot, model, names)

        async def send(request: Request, due: float) -> float:
            try:
                await chatbot.complete(request)
            except LLMError:
                return inf  # waited in vain
            return now() - due

        began = now()
        waits = await open_loop(send, coming)
    return Stampede([at - began for at in watched.calls], waits)


class _Watched(Layer):
    """Notes when the model is called."""

    def __init__(self, inner: LLM) -> None:
        super().__init__(inner)
        self.calls: list[float] = []

    def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
        self.calls.append(now())
        return self.inner.stream(request)


def _cached(
    model: LLM,
    kept_seconds: float,
    *,
    shared: bool = False,
    jitter: float = 0.0,
    freshness: Freshness = ALWAYS_FRESH,
) -> Cached:
    store = MemoryStore(TTLCache(kept_seconds, jitter=jitter))
    fill: LLM = CacheFill(model, store)
    return Cached(
        SingleFlight(fill) if shared else fill, store, freshness=freshness
    )


async def _warm_up(
    chatbot: Cached, model: MockModel, texts: list[str]
) -> None:
    """All answers at once; how long each took is known to early refresh."""

    async def made(request: Request) -> tuple[Request, Reply, float]:
        began = now()
        return request, await model.complete(request), now() - began

    requests = [_ask(text, f"warm-{n}") for n, text in enumerate(texts)]
    for request, reply, seconds in await asyncio.gather(*map(made, requests)):
        await chatbot.store.keep(request, Answer(reply, now(), seconds))


def _ask(text: str, request_id: str) -> Request:
    return Request.ask(
        text, tenant="shop", request_id=request_id, streamed=False
    )
