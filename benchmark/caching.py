"""Caching: which cache saves how much waiting and money, at what risk.

Customers ask an invented shop: few intents make most of the traffic, each in
several phrasings. An exact cache finds a question asked in the same words, one
that matches by meaning finds more, and now and then the wrong one: that share
is a figure here, never hidden. What no cache changes is how long the slowest
wait, for those are the ones it did not know.

In conversations each prompt carries all that was said, so it is never the same
twice, and a cache of answers finds only first questions. There the provider's
own prefix cache helps: it knows how the prompt begins, and bills less for it.

A look-up in this process counts as 0 s here, one in Redis as a stated round
trip, one by meaning as a stated embedding; what they really take is measured
below the table.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import islice

from benchmark.look_ups import embedder, measure
from benchmark.results.metrics import (
    BILL,
    FALSE_HITS,
    HITS,
    MEAN,
    P50,
    P95,
    P99,
    TOKENS,
)
from benchmark.suite import Strategy, Suite, Trial
from lab.conversations import conversations, single_turns
from lab.popularity import zipf_questions
from lab.traffic import Arrival, arrivals, poisson
from optimizations.caching.cache_fill import CacheFill
from optimizations.caching.cached import Cached
from optimizations.caching.lru import LRUCache
from optimizations.caching.semantic import SemanticStore
from optimizations.caching.store import Answer, MemoryStore, Store
from optimizations.caching.ttl import TTLCache
from optimizations.llm import LLM, Request
from optimizations.mock import PROFILES, Profile

# in long strides, which are cheap to simulate: nobody reads along here
HOSTED = replace(PROFILES["hosted"], tokens_per_chunk=32)
FORGETFUL = replace(HOSTED, prefix_blocks=0)
REQUESTS_PER_SECOND = 3.0  # well below what the provider's slots can do
NEAR_MISS_SHARE = 0.1  # of questions that look like another one and are not
REWORDED_SHARE = 0.5  # a greeting more, a question mark less
LRU_ENTRIES = 64
TTL_SECONDS = 60.0
TURNS = 4  # of a conversation, on average
THINK_SECONDS = 20.0  # between two of them
REDIS_SECONDS = 0.001  # one round trip within a data centre
EMBEDDING_SECONDS = 0.005  # to embed a question and search
SYSTEM = "You answer the customers of Ottlebrook, a shop for lamps."


class Delayed:
    """A store that is as far away as we say: a simulated round trip before
    each look-up.
    """

    def __init__(self, store: Store, seconds: float) -> None:
        self.name = store.name
        self._store = store
        self._seconds = seconds

    async def find(self, request: Request) -> Answer | None:
        await asyncio.sleep(self._seconds)
        return await self._store.find(request)

    async def keep(self, request: Request, answer: Answer) -> None:
        await self._store.keep(request, answer)

    async def delete(self, request: Request) -> None:
        await self._store.delete(request)

    def snapshot(self) -> Mapping[str, float]:
        return self._store.snapshot()

    async def aclose(self) -> None:
        await self._store.aclose()


def memory(trial: Trial) -> Store:
    return MemoryStore({}, name="dict")


def lru(trial: Trial) -> Store:
    return MemoryStore(LRUCache(LRU_ENTRIES), name="LRU")


def ttl(trial: Trial) -> Store:
    return MemoryStore(TTLCache(TTL_SECONDS), name="TTL")


def redis(trial: Trial) -> Store:
    return Delayed(MemoryStore({}, name="Redis"), REDIS_SECONDS)


def semantic(trial: Trial) -> Store:
    return Delayed(SemanticStore(embedder()), EMBEDDING_SECONDS)


def workload(trial: Trial) -> list[Arrival]:
    """Poisson arrivals, Zipf questions, a share of near misses."""
    times = poisson(REQUESTS_PER_SECOND, seed=trial.seed)
    texts = zipf_questions(
        trial.bank,
        seed=trial.seed,
        near_miss_share=NEAR_MISS_SHARE,
        reworded_share=REWORDED_SHARE,
    )
    requests = single_turns(texts, system=SYSTEM)
    return arrivals(times, requests, trial.requests)


def talk(trial: Trial) -> list[Arrival]:
    """The same customers in conversations: as many turns a second, each with
    all that was said before.
    """
    talks = conversations(
        poisson(REQUESTS_PER_SECOND / TURNS, seed=trial.seed),
        zipf_questions(trial.bank, seed=trial.seed),
        trial.answer,
        turns=TURNS,
        think_seconds=THINK_SECONDS,
        seed=trial.seed,
        system=SYSTEM,
    )
    return list(islice(talks, trial.requests))


def cached(
    *stores: Callable[[Trial], Store], profile: Profile = HOSTED
) -> Callable[[Trial], LLM]:
    """Each store in front of the next, the model behind them all."""

    def make(trial: Trial) -> LLM:
        made = [store(trial) for store in stores]
        onion: LLM = trial.model(profile)
        if made:
            onion = CacheFill(onion, *made)
        for store in reversed(made):
            onion = Cached(onion, store)
        return onion

    return make


SINGLE, TALKS = "single questions", "in conversations"

SUITE = Suite(
    name="caching",
    setting=f"Poisson arrivals, {REQUESTS_PER_SECOND:g} a second, Zipf "
    f"questions, {NEAR_MISS_SHARE * 100:g} % near misses, "
    f"{REWORDED_SHARE * 100:g} % reworded; LRU of {LRU_ENTRIES}, TTL "
    f"{TTL_SECONDS:g} s; a look-up in Redis takes {REDIS_SECONDS * 1e3:g} ms, "
    f"by meaning {EMBEDDING_SECONDS * 1e3:g} ms",
    workload=workload,
    strategies=(
        *(
            Strategy(
                name, make, SINGLE, streamed=True, full_only=name == "Redis"
            )
            for name, make in (
                ("no cache", cached()),
                ("dict", cached(memory)),
                ("LRU", cached(lru)),
                ("TTL", cached(ttl)),
                ("Redis", cached(redis)),
            )
        ),
        *(
            Strategy(
                name, cached(*stores), SINGLE, streamed=True, may_mistake=True
            )
            for name, stores in (
                ("semantic", (semantic,)),
                ("hybrid", (memory, semantic)),
            )
        ),
        *(
            Strategy(
                name,
                make,
                TALKS,
                streamed=True,
                workload=talk,
                full_only=name == "dict + prefix",
            )
            for name, make in (
                ("no cache", cached(profile=FORGETFUL)),
                ("dict", cached(memory, profile=FORGETFUL)),
                ("prefix cache", cached()),
                ("dict + prefix", cached(memory)),
            )
        ),
    ),
    columns=(HITS, FALSE_HITS, P50, P95, P99, TOKENS, BILL),
    headline=MEAN,
    judged=(MEAN, P99, BILL),
    measure=measure,
    quick_requests=140,
)
