"""Chapter 1, caching: the fastest and cheapest call is the one not made.

Three steps: caches in memory (a hit costs nothing, if somebody asked the same
before), a Redis that several processes share, and a semantic cache, which
finds the answer to the same question in other words, and sometimes to another.
"""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass
from functools import partial
from itertools import islice

from lab.lookalikes import look_up
from lab.parts import redis_server
from lab.popularity import zipf_questions
from lab.second_process import ask_from_another_process
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
from optimizations.caching.cache_fill import CacheFill
from optimizations.caching.cached import Cached
from optimizations.caching.embedding import HashingEmbedder, WordLlamaEmbedder
from optimizations.caching.fuzzy import FuzzyStore
from optimizations.caching.lru import LRUCache
from optimizations.caching.redis_store import RedisStore
from optimizations.caching.semantic import SemanticStore
from optimizations.caching.single_flight import SingleFlight
from optimizations.caching.store import Answer, MemoryStore, Store
from optimizations.caching.ttl import TTLCache
from optimizations.clock import now
from optimizations.llm import LLM

QUESTIONS = 400
LRU_ENTRIES = 40
TTL_SECONDS = 300.0
PAUSE_SECONDS = 2.0  # between one question and the next


def cached(model: LLM, *stores: Store) -> LLM:
    """Look up in each store, nearest first; on a miss ask once, then fill."""
    llm: LLM = SingleFlight(CacheFill(model, *stores))
    for store in reversed(stores):
        llm = Cached(llm, store)
    return llm


async def memory(context: Context) -> Outcome:
    """The same questions through no cache, a dict, an LRU and a TTL cache."""
    size = int(context.knobs["entries"])
    kinds: dict[str, MutableMapping[str, Answer] | None] = {
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
        f"{duration(grows.p50)}, and p95 from {duration(none.p95)} to "
        f"{duration(grows.p95)}: a miss pays in full.",
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
    context: Context, entries: MutableMapping[str, Answer] | None
) -> Run:
    asked = zipf_questions(context.bank, seed=context.seed)
    model = context.mock()
    llm = model if entries is None else cached(model, MemoryStore(entries))
    began, seconds, marks = now(), [], []
    for number, text in enumerate(islice(asked, QUESTIONS)):
        calls = model.calls
        request = context.ask(text, number, streamed=False)
        seconds.append((await timed(llm, request)).total)
        mark = "." if model.calls == calls else "#"
        marks.append((now() - began, mark))
        await asyncio.sleep(PAUSE_SECONDS)
    return Run(
        1 - model.calls / QUESTIONS,
        percentile(seconds, 0.5),
        percentile(seconds, 0.95),
        model.ledger.dollars,
        marks,
    )


KILLED = " Killed, Redis took its hits along and nothing else."


async def redis(context: Context) -> Outcome:
    """This process asks; another one finds the answer; then Redis dies."""
    question = context.bank.questions[0]
    namespace = f"module12:lesson:{os.getpid()}"
    customers = int(context.knobs["customers"])
    async with (
        redis_server(context.settings.redis_url) as server,
        context.real_model() as model,
        cached(
            model,
            store := RedisStore(
                server.url, namespace=namespace, ttl_seconds=60
            ),
        ) as chatbot,
    ):
        await store.ready()  # connecting is not what is shown here
        ask = partial(_ask_at_once, context, chatbot, question)
        who, first = await ask(1)
        rows = [["asked for the first time", who, duration(first)]]
        who, hit = await ask(customers)
        rows.append([f"asked again, {customers} at once", who, duration(hit)])
        who, seconds = await ask_from_another_process(
            server.url, namespace, question
        )
        rows.append(["asked by another process", who, duration(seconds)])
        if server.pid is not None:  # a user's own is not ours to kill
            server.kill()
            who, seconds = await ask(1)
            rows.append(["Redis killed, asked again", who, duration(seconds)])
    return Outcome(
        Table(["what happened", "answered by", "took"], rows),
        f"Another process was answered by {rows[2][1]}, with what this one "
        f"had paid for, in {rows[2][2]} instead of {rows[0][2]}."
        + (KILLED if server.pid is not None else ""),
        measured={"hit": hit},
    )


async def _ask_at_once(
    context: Context, chatbot: LLM, question: str, times: int
) -> tuple[str, float]:
    """Who answered so many customers, and after how many seconds (median).
    Raises what the model raised.
    """
    requests = [context.ask(question, number) for number in range(times)]
    asking = (timed(chatbot, request) for request in requests)
    timings = await asyncio.gather(*asking)
    for error in filter(None, (timing.error for timing in timings)):
        raise error
    sources = Counter(request.trace.served_by for request in requests)
    said = [f"{who} {count}" for who, count in sources.items()]
    who = ", ".join(said if len(sources) > 1 else sources)
    return who, percentile([timing.total for timing in timings], 0.5)


async def semantic(context: Context) -> Outcome:
    """Half of the phrasings are cached; what is found of the others, of the
    same with a greeting, and of near misses, which must not be found?
    """
    threshold = context.knobs["threshold"]
    words = WordLlamaEmbedder()
    by_words = partial(SemanticStore, words, threshold=threshold)
    stores: dict[str, Callable[[], Store]] = {
        "exact text": lambda: MemoryStore(LRUCache(max_entries=10_000)),
        "fuzzy matching of letters": FuzzyStore,
        "character n-grams": partial(SemanticStore, HashingEmbedder()),
        "word embeddings": by_words,
        "  without the second check": partial(by_words, second_check=None),
    }
    rows, near_misses = [], 0.0
    for name, make in stores.items():
        found = await look_up(make(), context.bank, seed=context.seed)
        cells = (found.reworded, found.paraphrased, found.wrong)
        near_misses = found.near_misses
        has_pairs = bool(context.bank.near_misses)
        shown = [share(c, 1) for c in cells] + [share(near_misses, has_pairs)]
        rows.append([name, *shown])
    columns = ["looked up by", "reworded", "paraphrased", "wrong"]
    return Outcome(
        Table([*columns, "near misses"], rows),
        f"Similarity alone answers {rows[-1][4]} of the near misses wrongly, "
        f"and the second check {rows[-2][4]}. Its price: {rows[-2][2]} of the "
        f"paraphrases are found instead of {rows[-1][2]}.",
        measured={"near misses": 100 * near_misses},
    )


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
                f"What share does an LRU of {LRU_ENTRIES} entries answer?",
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
            endpoint_requests=2,
        ),
        Step(
            "The same question in other words",
            """By letters (fuzzy) or meaning (embeddings) a question is found
            with a greeting more (reworded), at times in other words, and so is
            one that only looks alike (near miss). A second check compares
            numbers, names, negations.""",
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
