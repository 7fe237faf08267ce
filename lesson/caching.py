"""Chapter 1, caching: the fastest and cheapest call is the one not made.

Three steps: caches in memory (a hit costs nothing, if somebody asked the same
before), a Redis that several processes share, and a semantic cache, which
finds the answer to the same question in other words, and sometimes to another.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections import Counter
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass, replace
from functools import partial
from random import Random

from lab.parts import redis_server
from lab.settings import ROOT
from lesson.chapter import (
    Chapter,
    Clock,
    Context,
    Event,
    Knob,
    Outcome,
    Prediction,
    Step,
    Table,
)
from lesson.measure import duration, money, percentile, share, timed
from optimizations.caching.cached import Cached, CacheFill
from optimizations.caching.embedding import HashingEmbedder, WordLlamaEmbedder
from optimizations.caching.fuzzy import FuzzyStore
from optimizations.caching.lru import LRUCache
from optimizations.caching.redis_store import RedisStore
from optimizations.caching.semantic import SemanticStore
from optimizations.caching.single_flight import SingleFlight
from optimizations.caching.store import MemoryStore, Store
from optimizations.caching.ttl import TTLCache
from optimizations.clock import chance, now
from optimizations.llm import LLM, Reply

QUESTIONS = 400
LRU_ENTRIES = 40
TTL_SECONDS = 300.0
PAUSE_SECONDS = 2.0  # between one question and the next


def popular(texts: tuple[str, ...], count: int, draws: Random) -> list[str]:
    """Questions as customers ask them: a few very often, most of them rarely
    (Zipf: the n-th most popular comes up in proportion to 1/n).
    """
    ranked = draws.sample(texts, len(texts))
    weights = [1 / rank for rank in range(1, len(ranked) + 1)]
    return draws.choices(ranked, weights, k=count)


def cached(model: LLM, *stores: Store) -> LLM:
    """Look up in each store, nearest first; on a miss ask once, then fill."""
    llm: LLM = SingleFlight(CacheFill(model, *stores))
    for store in reversed(stores):
        llm = Cached(llm, store)
    return llm


async def memory(context: Context) -> Outcome:
    """The same questions through no cache, a dict, an LRU and a TTL cache."""
    size = int(context.knobs["entries"])
    kinds: dict[str, MutableMapping[str, Reply] | None] = {
        "no cache": None,
        "dict, grows for ever": {},
        f"LRU, {size} entries": LRUCache(max_entries=size),
        f"TTL, {TTL_SECONDS:.0f} s": TTLCache(ttl_seconds=TTL_SECONDS),
    }
    runs = {
        name: await _ask_popular(context, entries)
        for name, entries in kinds.items()
    }
    rows = [
        [
            name,
            share(run.hits, 1),
            "-" if entries is None else str(len(entries)),
            duration(run.p50),
            duration(run.p95),
            money(run.dollars),
        ]
        for (name, run), entries in zip(
            runs.items(), kinds.values(), strict=True
        )
    ]
    none, grows, lru, _ = runs.values()
    return Outcome(
        Table(["cache", "hits", "entries", "p50", "p95", "cost"], rows),
        f"The dict took the median from {duration(none.p50)} to "
        f"{duration(grows.p50)}; p95 stayed at a miss, which pays in full.",
        measured={"hits": 100 * lru.hits},
        events=[
            Event(at, name, mark)
            for name, run in runs.items()
            for at, mark in run.marks
        ],
    )


@dataclass(frozen=True, slots=True)
class Run:
    """How one cache did on the popular questions."""

    hits: float  # a share
    p50: float  # seconds
    p95: float
    dollars: float
    marks: list[tuple[float, str]]


async def _ask_popular(
    context: Context, entries: MutableMapping[str, Reply] | None
) -> Run:
    draws = chance(context.seed, "popular questions")
    questions = popular(context.bank.questions, QUESTIONS, draws)
    model = context.mock()
    llm = model if entries is None else cached(model, MemoryStore(entries))
    began, seconds, marks = now(), [], []
    for number, text in enumerate(questions):
        calls = model.calls
        request = context.ask(text, number, streamed=False)
        seconds.append((await timed(llm, request)).total)
        mark = "." if model.calls == calls else "#"
        marks.append((now() - began, mark))
        await asyncio.sleep(PAUSE_SECONDS)
    return Run(
        1 - model.calls / len(questions),
        percentile(seconds, 0.5),
        percentile(seconds, 0.95),
        model.ledger.dollars,
        marks,
    )


async def redis(context: Context) -> Outcome:
    """This process asks; another one finds the answer; then Redis dies."""
    question = context.bank.questions[0]
    namespace = f"module12:lesson:{os.getpid()}"
    customers = int(context.knobs["customers"])
    rows: list[list[str]] = []
    async with (
        redis_server(context.settings.redis_url) as server,
        cached(
            context.mock("quick", name="model"),
            RedisStore(server.url, namespace=namespace, ttl_seconds=60),
        ) as chatbot,
    ):

        async def ask(what: str, number: int, times: int = 1) -> float:
            requests = [
                context.ask(question, 1000 * number + n) for n in range(times)
            ]
            asking = (timed(chatbot, request) for request in requests)
            timings = await asyncio.gather(*asking)
            median = percentile([timing.total for timing in timings], 0.5)
            served_by = requests[0].trace.served_by
            rows.append([what, served_by, duration(median)])
            return median

        await ask("asked for the first time", 0)
        hit = await ask(f"asked again, {customers} at once", 1, customers)
        rows.append(await _second_process(server.url, namespace, question))
        if server.pid is not None:  # a user's own is not ours to kill
            server.kill()
            await ask("Redis killed, asked again", 2)
    return Outcome(
        Table(["what happened", "answered by", "took"], rows),
        "The second process found what the first had paid for. Without its "
        "Redis the chatbot loses the hit, and nothing else.",
        measured={"hit": hit},
    )


async def _second_process(
    url: str, namespace: str, question: str
) -> list[str]:
    """Ask from a process of its own: it prints who answered, how fast."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "lab.second_process"),
        *(url, namespace, question),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        output, _ = await asyncio.wait_for(process.communicate(), 20)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    served_by, seconds = output.decode().split("\t")
    return ["asked by another process", served_by, duration(float(seconds))]


async def semantic(context: Context) -> Outcome:
    """Half the phrasings of each intent are cached, the others are asked;
    then the near misses, which look alike and must not share an answer.
    """
    threshold = context.knobs["threshold"]
    words = WordLlamaEmbedder()
    stores: dict[str, Callable[[], Store]] = {
        "exact text": lambda: MemoryStore(LRUCache(max_entries=10_000)),
        "fuzzy matching of letters": FuzzyStore,
        "character n-grams": partial(SemanticStore, HashingEmbedder()),
        "word embeddings": partial(SemanticStore, words, threshold=threshold),
        "  without the second check": partial(
            SemanticStore, words, threshold=threshold, second_check=None
        ),
    }
    rows, false = [], 0.0
    for name, make in stores.items():
        right, wrong = await _ask_paraphrases(context, make())
        false = await _ask_near_misses(context, make())
        cells = (share(part, 1) for part in (right, wrong, false))
        rows.append([name, *cells])
    return Outcome(
        Table(["looked up by", "right hits", "wrong", "near misses"], rows),
        f"Similarity alone answers {rows[-1][3]} of the near misses wrongly. "
        f"The second check brings that to {rows[-2][3]}, at a price: right "
        f"hits fall from {rows[-1][1]} to {rows[-2][1]}.",
        measured={"near misses": 100 * false},
    )


async def _ask_paraphrases(
    context: Context, store: Store
) -> tuple[float, float]:
    """The shares of paraphrases that got their own answer, and another's."""
    bank, asked = context.bank, Counter[bool]()
    model = context.mock("instant")
    llm = CacheFill(model, store)
    known = [text for intent in bank.intents for text in intent.phrasings[::2]]
    for number, text in enumerate(known):
        await llm.complete(context.ask(text, number))
    others = set(bank.questions) - set(known)
    for number, text in enumerate(sorted(others)):
        request = context.ask(text, number)
        reply = await store.find(request)
        if reply is not None:
            asked[reply.text == bank.answer(request)] += 1
    return asked[True] / len(others), asked[False] / len(others)


async def _ask_near_misses(context: Context, store: Store) -> float:
    """The share of pairs where the second gets the answer to the first; a
    customer of its own for each pair, so that no other pair is in the way.
    """
    llm = CacheFill(context.mock("instant"), store)
    hits = 0
    for number, pair in enumerate(context.bank.near_misses):
        tenant = f"customer-{number}"
        first = context.ask(pair.first, number)
        await llm.complete(replace(first, tenant=tenant))
        second = context.ask(pair.second, number)
        found = await store.find(replace(second, tenant=tenant))
        hits += found is not None
    return hits / max(len(context.bank.near_misses), 1)


CHAPTER = Chapter(
    1,
    "caching",
    "The cheapest call is the one not made",
    (
        Step(
            "Caches in memory: dict, LRU, TTL",
            """Customers ask the same few things over and over. A cache keeps
            the answer: a dict for ever, an LRU the most recently used, a TTL
            as long as it may be true. Some questions come far more often.""",
            "optimizations.caching.cached:Cached.stream",
            Clock.SIMULATED,
            memory,
            """answers depend on who asks, on the time, or on chance.""",
            predict=Prediction(
                f"What share of questions does an LRU of {LRU_ENTRIES} answer?",
                "hits",
                "%",
                "The most popular question comes up twice as often as the "
                "second, three times as often as the third, and so on.",
            ),
            knob=Knob("entries", LRU_ENTRIES, 1, 400, "entries of the LRU"),
            legend="  . answered by the cache   # answered by the model",
        ),
        Step(
            "One Redis for several processes",
            """A cache in memory dies with its process, and each process fills
            its own. Redis is one cache for all of them, a round trip away. A
            real server is started here, shared, and then killed.""",
            "optimizations.caching.redis_store:RedisStore.find",
            Clock.MEASURED,
            redis,
            """there is one process only: its own memory is far nearer.""",
            predict=Prediction(
                "How long does an answer from Redis take?",
                "hit",
                "s",
                "One round trip to a process on the same machine.",
            ),
            knob=Knob("customers", 1, 1, 200, "customers asking at once"),
        ),
        Step(
            "The same question in other words",
            """Fuzzy matching compares letters, embeddings compare meaning:
            both find a question in other words, and also one that only looks
            alike. So a second check compares numbers, names and negations.""",
            "optimizations.caching.near:NearStore.find",
            Clock.SIMULATED,
            semantic,
            """a wrong answer costs more than a call: medicine, money, law.""",
            predict=Prediction(
                "Without the check, what share of the near misses hits?",
                "near misses",
                "%",
                "They differ in one to three words, and embeddings compare "
                "whole sentences.",
            ),
            knob=Knob("threshold", 0.65, 0.3, 1, "the least similarity"),
        ),
    ),
)
