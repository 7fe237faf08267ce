"""Chapter 2, concurrency: a chatbot mostly waits, so let it wait for many.

Two steps: an async client that asks for many answers at once over real HTTP,
and what then has to be kept in bounds: how many run, how many wait, how much
the provider allows, and whose turn it is in a conversation.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from lab.percentiles import percentile
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
from lesson.figures import duration
from lesson.models import http_model
from lesson.timing import Timing, timed, timed_stream
from optimizations.clock import chance, now
from optimizations.concurrency.batching import Batched
from optimizations.concurrency.concurrency_limit import ConcurrencyLimit
from optimizations.concurrency.conversation import Conversation
from optimizations.concurrency.gather import gather_bounded
from optimizations.concurrency.rate_limiter import RateLimit
from optimizations.llm import LLM
from optimizations.mock import PROFILES, MockModel

HTTP_REQUESTS = 12
QUICK = PROFILES["quick"]
ANSWER_TOKENS = 32
"""Length of an answer over real HTTP, so that the step takes seconds."""


async def http(context: Context) -> Outcome:
    """The same questions one after another, and several at once."""
    count = int(context.knobs["questions"])
    texts = context.bank.questions[:count]
    rows, totals = [], []
    async with http_model(context, max_tokens=ANSWER_TOKENS) as model:
        await model.complete(context.ask("warm up", 0, max_tokens=1))
        for limit in sorted({1, min(4, count), count}):
            requests = [
                context.ask(text, 100 * limit + n, max_tokens=ANSWER_TOKENS)
                for n, text in enumerate(texts)
            ]
            began = now()
            timings = await gather_bounded(
                (partial(timed, model, request) for request in requests),
                limit=limit,
            )
            totals.append(now() - began)
            rows.append(
                [
                    "one after another" if limit == 1 else f"{limit} at once",
                    duration(totals[-1]),
                    duration(percentile([t.total for t in timings], 0.5)),
                    str(sum(t.answered for t in timings)),
                ]
            )
    faster = totals[0] / totals[-1]
    return Outcome(
        Table(["sent", "all done after", "one takes (p50)", "answered"], rows),
        f"All at once, the whole took {rows[-1][1]} instead of {rows[0][1]}, "
        f"and a single answer {rows[-1][2]} instead of {rows[0][2]}.",
        measured={"faster": faster},
    )


BURST = 64
SMALL = replace(PROFILES["hosted"], name="small", capacity=8, queue=16)
PER_MINUTE = 120

Wrap = Callable[[MockModel], LLM]
LAYERS: dict[str, Wrap] = {
    (UNLIMITED := "no limit of ours"): lambda model: model,
    f"{SMALL.capacity} at once, all wait": partial(
        ConcurrencyLimit, limit=SMALL.capacity, max_waiting=BURST
    ),
    (BOUNDED := f"{SMALL.capacity} at once, {SMALL.queue} wait"): partial(
        ConcurrencyLimit, limit=SMALL.capacity, max_waiting=SMALL.queue
    ),
    (RATED := f"{PER_MINUTE} a minute"): partial(
        RateLimit, requests_per_minute=PER_MINUTE
    ),
    (BATCHED := f"in batches of {SMALL.capacity}"): partial(
        Batched, max_size=SMALL.capacity
    ),
}


@dataclass(frozen=True, slots=True)
class Run:
    """How one way to meet the burst did."""

    timings: Sequence[Timing]
    calls: int  # to the model
    peak: int  # of those running at once
    seconds: float

    @property
    def answered(self) -> int:
        return sum(timing.answered for timing in self.timings)

    @property
    def refused(self) -> int:
        return len(self.timings) - self.answered

    def row(self, name: str) -> list[str]:
        counts = (self.answered, self.refused, self.calls, self.peak)
        return [name, *map(str, counts), duration(self.seconds)]


async def bounds(context: Context) -> Outcome:
    """A burst of questions meets a model that runs a few and lets some
    wait.
    """
    draws = chance(context.seed, "burst")
    texts = draws.choices(context.bank.questions, k=BURST)
    runs = {
        name: await _burst(context, texts, wrap)
        for name, wrap in LAYERS.items()
    }
    talks = await _conversations(context, texts)
    rows = [run.row(name) for name, run in runs.items()]
    columns = [f"{BURST} questions", "answered", "refused", "calls", "peak"]
    refused, bounded = runs[UNLIMITED].refused, runs[BOUNDED]
    return Outcome(
        Table(
            [*columns, "done after"],
            [*rows, talks.row(f"{CUSTOMERS} conversations")],
        ),
        f"Without a limit of ours the model refused {refused}; a queue with "
        f"an end refused {bounded.refused}, and only {bounded.calls} cost a "
        f"call. The rate limit took {duration(runs[RATED].seconds)}, batches "
        f"needed {runs[BATCHED].calls} calls.",
        measured={"refused": refused},
        events=[
            Event(timing.total, name, "." if timing.answered else "x")
            for name, run in runs.items()
            for timing in run.timings
        ],
    )


async def _burst(context: Context, texts: list[str], wrap: Wrap) -> Run:
    """All at once, through one layer."""
    profile = replace(SMALL, queue=int(context.knobs["queue"]))
    model, began = context.mock(profile), now()
    async with wrap(model) as llm:
        timings = await asyncio.gather(
            *(timed(llm, context.ask(t, n)) for n, t in enumerate(texts))
        )
    return Run(timings, model.calls, model.peak, now() - began)


CUSTOMERS = 8


async def _conversations(context: Context, texts: list[str]) -> Run:
    """Each customer asks a share of them, one turn at a time."""
    model, began = context.mock(SMALL), now()

    async def customer(number: int) -> list[Timing]:
        talk = Conversation(model, tenant="lesson", name=f"customer-{number}")
        mine = texts[number::CUSTOMERS]
        return [await timed_stream(talk.stream(text)) for text in mine]

    talks = await asyncio.gather(*map(customer, range(CUSTOMERS)))
    turns = [turn for talk in talks for turn in talk]
    return Run(turns, model.calls, model.peak, now() - began)


CHAPTER = Chapter(
    2,
    "concurrency",
    "Waiting for many at once, within bounds",
    (
        Step(
            "Many requests at once over HTTP",
            """A request to a model is nearly all waiting. `asyncio` lets one
            thread wait for many: the same questions are sent one after
            another, then several at once, by one client with one pool of
            connections.""",
            "optimizations.concurrency.gather:gather_bounded",
            Clock.MEASURED,
            http,
            """the provider is already full: more at once only makes each
            wait longer, and some fail.""",
            begins="async def work",
            endpoint_requests=3 * HTTP_REQUESTS + 1,
            endpoint_tokens=ANSWER_TOKENS,
            predict=Prediction(
                f"{HTTP_REQUESTS} questions at once instead of one after "
                "another: how many times faster is the whole?",
                "faster",
                "times",
                f"The model has {QUICK.capacity} slots, and each answer slows "
                "the others a little.",
            ),
            knob=Knob("questions", HTTP_REQUESTS, 2, 32, "how many"),
        ),
        Step(
            "Limits, batches, conversations",
            """Without bounds a burst becomes somebody's outage. A limit on how
            many run protects the model; a queue with an end (backpressure)
            protects those who wait; a rate limit keeps to what the provider
            allows; and within a conversation one turn waits for the one
            before.""",
            "optimizations.concurrency.concurrency_limit:Permits._acquire",
            Clock.SIMULATED,
            bounds,
            """there is no burst: a limit that is never reached only has to be
            explained to whoever finds it.""",
            predict=Prediction(
                f"{BURST} questions come at once to a model that runs "
                f"{SMALL.capacity} and lets {SMALL.queue} wait. How many does "
                "it refuse?",
                "refused",
                "questions",
                "They all come in the same instant.",
            ),
            knob=Knob(
                "queue",
                SMALL.queue,
                0,
                BURST,
                "the length of the model's queue",
            ),
            begins="if len(self._waiting)",
            legend="  . answered   x refused",
        ),
    ),
)
