"""Chapter 2, concurrency: a chatbot mostly waits, so let it wait for many.

Two steps: an async client that asks for many answers at once over real HTTP,
and what then has to be kept in bounds: how many run, how many wait, how much
the provider allows, and whose turn it is in a conversation.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

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
from lesson.measure import Timing, duration, percentile, timed, timed_stream
from optimizations.clock import chance, now
from optimizations.concurrency.batching import Batched
from optimizations.concurrency.concurrency_limit import ConcurrencyLimit
from optimizations.concurrency.conversation import Conversation
from optimizations.concurrency.gather import gather_bounded
from optimizations.concurrency.rate_limiter import RateLimit
from optimizations.llm import LLM
from optimizations.mock import PROFILES, MockModel

HTTP_REQUESTS = 12
ANSWER_TOKENS = 32
"""Length of an answer over real HTTP, so that the step takes seconds."""


async def http(context: Context) -> Outcome:
    """The same questions one after another, and several at once."""
    count = int(context.knobs["questions"])
    texts = context.bank.questions[:count]
    rows, totals = [], []
    async with context.http_model(max_tokens=ANSWER_TOKENS) as model:
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


async def bounds(context: Context) -> Outcome:
    """A burst of questions meets a model that runs 8 and lets some wait."""
    profile = replace(SMALL, queue=int(context.knobs["queue"]))
    layers: dict[str, Callable[[MockModel], LLM]] = {
        "no limit of ours": lambda model: model,
        "8 at once, all wait": partial(
            ConcurrencyLimit, limit=8, max_waiting=BURST
        ),
        "8 at once, 16 wait": partial(
            ConcurrencyLimit, limit=8, max_waiting=16
        ),
        "120 a minute": partial(RateLimit, requests_per_minute=120),
        "in batches of 8": partial(Batched, max_size=8),
    }
    draws = chance(context.seed, "burst")
    texts = draws.choices(context.bank.questions, k=BURST)
    rows, events, refused = [], [], 0
    for name, wrap in layers.items():
        model, began = context.mock(profile), now()
        async with wrap(model) as llm:
            timings = await asyncio.gather(
                *(timed(llm, context.ask(t, n)) for n, t in enumerate(texts))
            )
        rows.append(_row(name, model, timings, now() - began))
        events += _events(name, timings)
        refused = refused or len(timings) - model.ledger.answers
    rows.append(await _conversations(context, texts))
    columns = [f"{BURST} questions", "answered", "refused", "calls", "peak"]
    return Outcome(
        Table([*columns, "done after"], rows),
        f"Without a limit of ours the model refused {rows[0][2]}; a queue "
        f"with an end refused {rows[2][2]} before they cost a call. The rate "
        f"limit took {rows[3][5]}, batches needed {rows[4][3]} calls.",
        measured={"refused": refused},
        events=events,
    )


async def _conversations(context: Context, texts: list[str]) -> list[str]:
    """Eight customers with eight questions each, one turn at a time."""
    model, began = context.mock(SMALL), now()

    async def customer(number: int) -> list[Timing]:
        talk = Conversation(model, tenant="lesson", name=f"customer-{number}")
        return [
            await timed_stream(talk.stream(text)) for text in texts[number::8]
        ]

    talks = await asyncio.gather(*(customer(number) for number in range(8)))
    turns = [turn for talk in talks for turn in talk]
    return _row("8 conversations", model, turns, now() - began)


def _row(
    name: str, model: MockModel, timings: Sequence[Timing], seconds: float
) -> list[str]:
    answered = sum(timing.answered for timing in timings)
    refused = len(timings) - answered
    counts = (answered, refused, model.calls, model.peak)
    return [name, *map(str, counts), duration(seconds)]


def _events(name: str, timings: Sequence[Timing]) -> list[Event]:
    marks = ((t.total, "." if t.answered else "x") for t in timings)
    return [Event(at, name, mark) for at, mark in sorted(marks)]


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
            endpoint_requests=3 * HTTP_REQUESTS + 1,
            endpoint_tokens=ANSWER_TOKENS,
            predict=Prediction(
                f"{HTTP_REQUESTS} questions at once instead of one after "
                "another: how many times faster is the whole?",
                "faster",
                "times",
                "The model has 16 slots, and each answer slows the others "
                "a little.",
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
            "optimizations.concurrency.concurrency_limit:ConcurrencyLimit.around",
            Clock.SIMULATED,
            bounds,
            """there is no burst: a limit that is never reached only has to be
            explained to whoever finds it.""",
            predict=Prediction(
                f"{BURST} questions come at once to a model that runs 8 and "
                "lets 16 wait. How many does it refuse?",
                "refused",
                "questions",
                "They all come in the same instant.",
            ),
            knob=Knob("queue", 16, 0, 64, "the length of the model's queue"),
            legend="  . answered   x refused",
        ),
    ),
)
