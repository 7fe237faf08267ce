"""Caching: which cache saves how much waiting and money, at what risk.

Customers ask an invented shop: few intents make most of the traffic, each in
several phrasings. An exact cache finds a question asked in the same words, one
that matches by meaning finds more, and now and then the wrong one: that share
is a figure here, never hidden. What no cache changes is how long the slowest
wait, for those are the ones it did not know.

In conversations each prompt carries all that was said, so it is never the same
twice, and a cache of answers finds only first questions. There the provider's
own prefix cache helps: it knows how the prompt begins, and bills less for it.

What an answer says may change. An answer that was given before the last such
change and served after it is *stale*: that share is a figure, too. A TTL keeps
it small and pays with hits.

A look-up in this process counts as 0 s here, one in Redis as a stated round
trip, one by letters or by meaning as a stated search; what they really take is
measured below the table.
"""

from __future__ import annotations

from collections.abc import Callable
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
    STALE,
    TOKENS,
)
from benchmark.simulated.seed_run import FACTS_SECONDS
from benchmark.stood_in import Delayed, NearFirst
from benchmark.studies import (
    cost,
    hit_ratio,
    look_up_time,
    peers,
    stampede,
    thresholds,
)
from benchmark.studies.stampede import HOSTED
from benchmark.suite import Strategy, Suite, Trial
from lab.conversations import conversations, single_turns
from lab.popularity import zipf_questions
from lab.questions import Bank
from lab.traffic import Arrival, arrivals, poisson
from optimizations.caching.cache_fill import CacheFill
from optimizations.caching.cached import Cached
from optimizations.caching.memory.lru import LRUCache
from optimizations.caching.memory.s3_fifo import S3FIFOCache
from optimizations.caching.memory.ttl import TTLCache
from optimizations.caching.similar.fuzzy import FuzzyStore
from optimizations.caching.similar.semantic import SemanticStore
from optimizations.caching.store import MemoryStore, Store
from optimizations.clock import chance
from optimizations.llm import LLM
from optimizations.mock import Profile

FORGETFUL = replace(HOSTED, prefix_blocks=0)
REQUESTS_PER_SECOND = 3.0  # well below what the provider's slots can do
NEAR_MISS_SHARE = 0.1  # of questions that look like another one and are not
NEAR_MISS_PAIRS = 8
REWORDED_SHARE = 0.5  # a greeting more, a question mark less
BOUND_ENTRIES = 32  # full soon: of LRU and of S3-FIFO
TTL_SECONDS = 10.0  # shorter than the shortest run
TURNS = 4  # of a conversation, on average
THINK_SECONDS = 20.0  # between two of them
REDIS_SECONDS = 0.001  # one round trip within a data centre
FUZZY_SECONDS = 0.001  # to compare letters
EMBEDDING_SECONDS = 0.005  # to embed a question and search
SYSTEM = "You answer the customers of Ottlebrook, a shop for lamps."


def memory(trial: Trial) -> Store:
    return MemoryStore({}, name="dict")


def lru(trial: Trial) -> Store:
    return MemoryStore(LRUCache(BOUND_ENTRIES), name="LRU")


def s3_fifo(trial: Trial) -> Store:
    return MemoryStore(S3FIFOCache(BOUND_ENTRIES), name="S3-FIFO")


def ttl(trial: Trial) -> Store:
    return MemoryStore(TTLCache(TTL_SECONDS), name="TTL")


def redis(trial: Trial) -> Store:
    return Delayed(MemoryStore({}, name="Redis"), REDIS_SECONDS)


def two_tier(trial: Trial) -> Store:
    return NearFirst(lru(trial), redis(trial))


def fuzzy(trial: Trial) -> Store:
    return Delayed(FuzzyStore(), FUZZY_SECONDS)


def semantic(trial: Trial) -> Store:
    return Delayed(SemanticStore(embedder()), EMBEDDING_SECONDS)


def unchecked(trial: Trial) -> Store:
    store = SemanticStore(embedder(), second_check=None)
    return Delayed(store, EMBEDDING_SECONDS)


def workload(trial: Trial) -> list[Arrival]:
    """Poisson arrivals, Zipf questions, a share of near misses."""
    times = poisson(REQUESTS_PER_SECOND, seed=trial.seed)
    texts = zipf_questions(
        _with_few_near_misses(trial),
        seed=trial.seed,
        near_miss_share=NEAR_MISS_SHARE,
        reworded_share=REWORDED_SHARE,
    )
    requests = single_turns(texts, system=SYSTEM)
    return arrivals(times, requests, trial.requests)


def _with_few_near_misses(trial: Trial) -> Bank:
    """So few that one often meets the other of its pair in the cache."""
    known = trial.bank.near_misses
    draws = chance("near misses", trial.seed)
    few = draws.sample(known, min(NEAR_MISS_PAIRS, len(known)))
    return Bank(trial.bank.intents, few)


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
EXACT: dict[str, tuple[Callable[[Trial], Store], ...]] = {
    "no cache": (),
    "dict": (memory,),
    "LRU": (lru,),
    "S3-FIFO": (s3_fifo,),
    "TTL": (ttl,),
    "Redis": (redis,),
    "two-tier": (two_tier,),
}
SIMILAR: dict[str, tuple[Callable[[Trial], Store], ...]] = {
    "fuzzy": (fuzzy,),
    "semantic": (semantic,),
    "unchecked": (unchecked,),
    "hybrid": (memory, fuzzy, semantic),
}
SAYS_LITTLE_NEW = ("Redis", "two-tier", "dict + prefix")


def adapted(suite: Suite, bank: Bank) -> Suite:
    """Says what is in this run, and nothing else."""
    names = {strategy.name for strategy in suite.strategies}
    told = [suite.setting]
    if bank.near_misses:
        told.append(
            f"{NEAR_MISS_SHARE * 100:g} % near misses, of {NEAR_MISS_PAIRS} "
            "pairs"
        )
    told += [
        f"{REWORDED_SHARE * 100:g} % reworded",
        f"what each answer says changes every {FACTS_SECONDS:g} s, at a time "
        "of its own",
        f"LRU and S3-FIFO of {BOUND_ENTRIES}, TTL {TTL_SECONDS:g} s",
    ]
    if "Redis" in names:
        told.append(
            "Redis is stood in for by memory and a round trip of "
            f"{REDIS_SECONDS * 1e3:g} ms, two-tier has an LRU before it"
        )
    told += [
        f"a search by letters takes {FUZZY_SECONDS * 1e3:g} ms, by meaning "
        f"{EMBEDDING_SECONDS * 1e3:g} ms",
        "unchecked is semantic without the second check",
        "hybrid is dict, then fuzzy, then semantic",
    ]
    untested = (
        "no near misses in these questions: false hits are only those among "
        "ordinary ones"
    )
    return replace(
        suite,
        setting="; ".join(told),
        warnings=() if bank.near_misses else (untested,),
    )


SUITE = Suite(
    name="caching",
    setting=f"Poisson arrivals, {REQUESTS_PER_SECOND:g} a second; Zipf "
    "questions",
    workload=workload,
    strategies=(
        *(
            Strategy(
                name,
                cached(*stores),
                SINGLE,
                streamed=True,
                may_mistake=name in SIMILAR,
                full_only=name in SAYS_LITTLE_NEW,
            )
            for name, stores in (EXACT | SIMILAR).items()
        ),
        *(
            Strategy(
                name,
                make,
                TALKS,
                streamed=True,
                workload=talk,
                full_only=name in SAYS_LITTLE_NEW,
            )
            for name, make in (
                ("no cache", cached(profile=FORGETFUL)),
                ("dict", cached(memory, profile=FORGETFUL)),
                ("prefix cache", cached()),
                ("dict + prefix", cached(memory)),
            )
        ),
    ),
    columns=(HITS, FALSE_HITS, STALE, P50, P95, P99, TOKENS, BILL),
    headline=MEAN,
    judged=(MEAN, P99, BILL),
    measure=measure,
    quick_requests=100,
    studies=(
        hit_ratio.STUDY,
        thresholds.STUDY,
        stampede.STUDY,
        look_up_time.STUDY,
        cost.STUDY,
        peers.STUDY,
    ),
    adapted=adapted,
)
