"""Chapter 1, caching: the fastest and cheapest call is the one not made.

Four steps: caches in memory (what they save, and what they keep), the moment
in which everything expires at once, a Redis that several processes share, and
a semantic cache, which finds the answer to the same question in other words,
and sometimes to another.
"""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from functools import partial

from lab.lookalikes import look_up, told
from lab.one_by_one import Run, ask_one_by_one
from lab.percentiles import percentile
from lab.shared_redis import share_redis
from lab.stampede import (
    CURES,
    QUESTIONS,
    REQUESTS_PER_SECOND,
    Stampede,
    stampede,
)
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
from lesson.figures import duration, money, share
from lesson.models import real_model
from optimizations.caching.memory.lru import LRUCache
from optimizations.caching.memory.s3_fifo import S3FIFOCache
from optimizations.caching.memory.ttl import TTLCache
from optimizations.caching.similar.embedding import WordLlamaEmbedder
from optimizations.caching.similar.learned_check import LearnedCheck
from optimizations.caching.similar.semantic import SemanticStore
from optimizations.caching.store import Answer, Store

ENTRIES = 40
TTL_SECONDS = 300.0
CHECKED, UNCHECKED = "word embeddings", "without the second check"


async def memory(context: Context) -> Outcome:
    """The same questions through no cache, a dict, and three bounded ones."""
    size = int(context.knobs["entries"])
    kinds: dict[str, MutableMapping[str, Answer] | None] = {
        "no cache": None,
        "dict": {},
        f"LRU, {size} entries": LRUCache(size),
        f"S3-FIFO, {size} entries": S3FIFOCache(size),
        f"TTL, {TTL_SECONDS:.0f} s": TTLCache(TTL_SECONDS),
    }
    runs = {
        name: await ask_one_by_one(
            cache, context.mock(), context.bank, seed=context.seed
        )
        for name, cache in kinds.items()
    }
    none, grows, lru, fifo, _ = runs.values()
    waits = [
        duration(percentile(run.waits, point))
        for point in (0.5, 0.99)
        for run in (none, grows)
    ]
    return Outcome(
        Table(
            ["cache", "hits", "answers", "memory", "p50", "p99", "cost"],
            [[name, *_cells(run)] for name, run in runs.items()],
        ),
        f"The dict took p50 from {waits[0]} to {waits[1]}, and p99 from "
        f"{waits[2]} to {waits[3]}: a miss pays in full. It keeps "
        f"{grows.entries} answers; with {size}, LRU has "
        f"{share(lru.hits, grows.hits)} of its hits, S3-FIFO "
        f"{share(fifo.hits, grows.hits)}.",
        measured={"hits": 100 * lru.hits},
        events=[
            Event(at, name, "." if hit else "#")
            for name, run in runs.items()
            for at, hit in run.moments
        ],
    )


def _cells(run: Run) -> list[str]:
    return [
        share(run.hits, 1),
        str(run.entries),
        f"{run.bytes / 1024:.0f} KiB",
        duration(percentile(run.waits, 0.5)),
        duration(percentile(run.waits, 0.99)),
        money(run.dollars),
    ]


async def expiry(context: Context) -> Outcome:
    """All answers expire in the same second, under each of the cures."""
    rate = context.knobs["rate"]
    runs = {
        cure: await stampede(
            cure,
            context.mock(),
            seed=context.seed,
            requests_per_second=rate,
        )
        for cure in CURES
    }
    none, flight = runs["no cure"], runs["single flight"]
    stale = runs["stale while revalidate"]
    slowest = max(stale.waits)
    return Outcome(
        Table(
            ["cure", "calls in the worst second", "in all", "p99", "slowest"],
            [[cure, *_stampede_cells(run)] for cure, run in runs.items()],
        ),
        f"{QUESTIONS} questions expired, and the model got {none.peak} calls "
        f"in one second; a flight shares them: {len(flight.calls)} in all. "
        "With stale answers "
        + (
            f"the slowest waited {duration(slowest)}."
            if slowest
            else "nobody waited."
        ),
        measured={"calls": none.peak},
        events=[
            Event(at, cure, "#")
            for cure, run in runs.items()
            for at in run.calls
        ],
    )


def _stampede_cells(run: Stampede) -> list[str]:
    return [
        str(run.peak),
        str(len(run.calls)),
        duration(percentile(run.waits, 0.99)),
        duration(max(run.waits)),
    ]


async def redis(context: Context) -> Outcome:
    """This process asks; another one finds the answer; then Redis dies."""
    async with real_model(context) as model:
        stages = await share_redis(
            context.settings.redis_url,
            model,
            context.bank.questions[0],
            customers=int(context.knobs["customers"]),
        )
    first, again, other, *killed = stages
    return Outcome(
        Table(
            ["what happened", "answered by", "took"],
            [[s.what, s.answered_by, duration(s.seconds)] for s in stages],
        ),
        f"Another process was answered by {other.answered_by}, with what this "
        f"one had paid for, in {duration(other.seconds)} instead of "
        f"{duration(first.seconds)}."
        + "".join(
            f" With Redis killed, the {s.answered_by} answered."
            for s in killed
        ),
        measured={"hit": again.seconds},
    )


async def semantic(context: Context) -> Outcome:
    """Half of the phrasings are cached: what is found of other questions?"""
    threshold = context.knobs["threshold"]
    words = WordLlamaEmbedder()
    check = LearnedCheck(words)
    by_words = partial(SemanticStore, words, threshold=threshold)
    stores: dict[str, Callable[[], Store]] = {
        CHECKED: partial(by_words, second_check=check),
        UNCHECKED: partial(by_words, second_check=None),
    }
    found = {
        name: await look_up(make(), context.bank, seed=context.seed)
        for name, make in stores.items()
    }
    rows = [
        [
            name,
            share(one.reworded, 1),
            share(one.paraphrased, 1),
            share(one.wrong, 1),
            share(one.near_misses, bool(context.bank.near_misses)),
        ]
        for name, one in found.items()
    ]
    checked, unchecked = found[CHECKED], found[UNCHECKED]
    without = "".join(
        f"Without the check {hit}. " for hit in unchecked.examples[:1]
    )
    columns = ["looked up by", "reworded", "paraphrased", "wrong"]
    return Outcome(
        Table([*columns, "near misses"], rows),
        without
        + f"With it {share(checked.paraphrased, 1)} of the paraphrases are "
        f"found, not {share(unchecked.paraphrased, 1)}.",
        measured={"near misses": 100 * unchecked.near_misses}
        if context.bank.near_misses
        else {},
        details=told(found),
    )


CHAPTER = Chapter(
    1,
    "caching",
    "The cheapest call is the one not made",
    (
        Step(
            "Caches in memory: what they save and keep",
            """Customers ask the same few things over and over, and many things
            once. A dict keeps all for ever; the others let something go.""",
            "optimizations.caching.cached:Cached.stream",
            Clock.SIMULATED,
            memory,
            """answers depend on who asks, on the time, or on chance.""",
            predict=Prediction(
                f"What share does an LRU of {ENTRIES} entries answer?",
                "hits",
                "%",
                "A quarter never comes again; of the others some are popular.",
            ),
            knob=Knob("entries", ENTRIES, 1, 1000, "entries of the caches"),
            begins="answer = await",
            legend="  . answered by the cache   # by the model   one question "
            "follows the last: a quick lane ends sooner",
        ),
        Step(
            "The stampede: everything expires at once",
            """A cache that was filled in one second expires in one second:
            then all who ask, ask the model. Four cures, each alone, and
            none.""",
            "optimizations.caching.freshness:Freshness.judge",
            Clock.SIMULATED,
            expiry,
            """an answer is asked for less often than it takes to make.""",
            predict=Prediction(
                "How many calls has the worst second, without a cure?",
                "calls",
                "calls",
                f"{REQUESTS_PER_SECOND:g} customers a second ask one of "
                f"{QUESTIONS} questions, and an answer takes a second or so.",
            ),
            knob=Knob(
                "rate", REQUESTS_PER_SECOND, 1, 100, "customers a second"
            ),
            begins="if age_seconds >=",
            legend="  # a call that reached the model",
        ),
        Step(
            "One Redis for several processes",
            """A cache in memory dies with its process. Redis is one cache for
            all of them, a round trip away: a real one is shared, then
            killed.""",
            "optimizations.caching.redis.redis_store:RedisStore.find",
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
            """By meaning, a question is found with a greeting more (reworded),
            at times in other words, rightly (paraphrased) or not (wrong), and
            so is what looks alike (near miss). A second check compares what an
            embedding is blind to.""",
            "optimizations.caching.similar.near:NearStore._matches",
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
            knob=Knob("threshold", 0.5, 0.3, 1, "the least similarity"),
        ),
    ),
)
