"""Chapter 0, measuring: before making anything faster, learn to see it.

Three steps: why an average hides what hurts, how a load test can hide a stall
that every customer feels, and what the slowest answers spend their time on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from statistics import mean

from lab.conversations import single_turns
from lab.popularity import zipf_questions
from lab.traffic import arrivals, constant, poisson
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
from lesson.measure import (
    duration,
    percentile,
    share,
    timed,
    timed_open_loop,
)
from optimizations.concurrency.concurrency_limit import ConcurrencyLimit
from optimizations.llm import LLM, Request
from optimizations.mock import PROFILES, Fault, Profile

QUESTIONS = 1000
SLOW_PERCENT = 3
COARSE = replace(PROFILES["hosted"], tokens_per_chunk=16)


async def averages(context: Context) -> Outcome:
    """A thousand answers, of which a few take ten times as long."""
    slow = Fault("slow", factor=10, share=context.knobs["slow"] / 100)
    model = context.mock(COARSE, faults=[slow])
    times = poisson(4, seed=context.seed)
    coming = arrivals(times, _requests(context), QUESTIONS)
    timings = await timed_open_loop(model, coming)
    seconds = [timing.total for timing in timings]
    minutes = [seconds[n : n + 100] for n in range(0, QUESTIONS, 100)]
    averaged = mean(percentile(minute, 0.99) for minute in minutes)
    p50, p95, p99 = (percentile(seconds, q) for q in (0.5, 0.95, 0.99))
    worse = sum(one > mean(seconds) for one in seconds)
    rows = [
        ["mean", "nobody in particular", duration(mean(seconds))],
        ["p50", "half wait longer", duration(p50)],
        ["p95", "one in 20 waits longer", duration(p95)],
        ["p99", "one in 100 waits longer", duration(p99)],
        ["ten p99s, averaged", "no percentile at all", duration(averaged)],
    ]
    return Outcome(
        Table(["figure", "of whom it speaks", "wait"], rows, texts=2),
        f"{share(worse, QUESTIONS)} wait longer than the mean. And a p99 of "
        f"p99s is none: averaged it says {duration(averaged)}, in truth it is "
        f"{duration(p99)}.",
        measured={"p99": p99},
    )


def _requests(context: Context) -> Iterator[Request]:
    texts = zipf_questions(context.bank, seed=context.seed)
    return single_turns(texts, streamed=True)


CALLS_PER_SECOND = 20
CALLS = 1200
STALL_SECONDS = 2.0
STALL_BEGINS = 30.0
TILL = Profile(
    name="till",
    source="ours: one clerk who serves one customer after the other",
    ttft_seconds=0.02,
    prompt_tokens_per_second=float("inf"),
    itl_seconds=0.0,
    itl_growth=0.0,
    capacity=1,
    queue=CALLS,
    jitter=0.0,
)


async def omission(context: Context) -> Outcome:
    """One service that stops for a moment, watched by two load tests."""
    stall = Fault(
        "silent",
        start=STALL_BEGINS,
        end=STALL_BEGINS + 0.5 / CALLS_PER_SECOND,  # one question meets it
        seconds=context.knobs["stall"],
    )
    requests = list(islice(_requests(context), CALLS))
    closed = await _one_after_the_other(
        context.mock(TILL, faults=[stall]), requests
    )
    later = context.mock(TILL, faults=[stall])
    coming = arrivals(constant(CALLS_PER_SECOND), requests, CALLS)
    opened = [t.total for t in await timed_open_loop(later, coming)]
    rows, events = [], []
    for name, seconds in (("closed loop", closed), ("open loop", opened)):
        slow = sum(one > 1 for one in seconds)
        worst = [percentile(seconds, part) for part in (0.5, 0.99, 1)]
        rows.append([name, str(slow), *map(duration, worst)])
        marks = ("#" if one > 0.1 else "." for one in seconds[500:700])
        events += [
            Event(number / CALLS_PER_SECOND, name, mark)
            for number, mark in enumerate(marks)
        ]
    return Outcome(
        Table(["load test", "over 1 s", "p50", "p99", "worst"], rows),
        f"The stall is the same. The closed loop sent nothing meanwhile, and "
        f"saw {rows[0][1]} slow answer; the customers who came by the clock "
        f"met {rows[1][1]}. So latency counts from when a question was due.",
        measured={"p99": percentile(opened, 0.99)},
        events=events,
    )


async def _one_after_the_other(
    llm: LLM, requests: Sequence[Request]
) -> list[float]:
    """Send the next when the last has come back: the usual load test."""
    seconds = []
    for request in requests:
        timing = await timed(llm, request)
        seconds.append(timing.total)
        await asyncio.sleep(max(1 / CALLS_PER_SECOND - timing.total, 0))
    return seconds


LOADED = replace(COARSE, capacity=8)
LOADED_PER_SECOND = 4.0


async def tail(context: Context) -> Outcome:
    """A busy model: where do the slowest answers spend their time?"""
    model = ConcurrencyLimit(
        context.mock(LOADED), LOADED.capacity, max_waiting=1000
    )
    rate = context.knobs["rate"]
    times = poisson(rate, seed=context.seed)
    coming = arrivals(times, _requests(context), QUESTIONS)
    timings = await timed_open_loop(model, coming)
    answers = sorted(
        (
            Parts(arrival.request.trace.queued_seconds, t.first_text, t.total)
            for arrival, t in zip(coming, timings, strict=True)
        ),
        key=lambda parts: parts.total,
    )
    middle = answers[len(answers) * 45 // 100 : len(answers) * 55 // 100]
    slowest = answers[len(answers) * 99 // 100 :]
    rows = [_row("the middle tenth", middle), _row("slowest 1 %", slowest)]
    waiting = mean(a.queued for a in slowest) / mean(a.total for a in slowest)
    return Outcome(
        Table(["answers", "waiting", "first token", "the rest", "all"], rows),
        f"The slowest spend {share(waiting, 1)} of their time waiting for a "
        "slot, which no faster model takes away: less load does, or another "
        "replica.",
        measured={"waiting": 100 * waiting},
    )


@dataclass(frozen=True, slots=True)
class Parts:
    """Where the time of one answer went, in seconds."""

    queued: float
    first_text: float
    total: float


def _row(name: str, answers: Sequence[Parts]) -> list[str]:
    """Means of the parts of some answers: they add up."""
    queued = mean(answer.queued for answer in answers)
    first = mean(answer.first_text for answer in answers)
    total = mean(answer.total for answer in answers)
    parts = (queued, first - queued, total - first, total)
    return [name, *map(duration, parts)]


CHAPTER = Chapter(
    0,
    "measuring",
    "Measure first",
    (
        Step(
            "Averages lie",
            """An average is the wait of nobody: a few answers that take very
            long lift it, and are not seen in it. Percentiles say how many wait
            how long. A thousand questions, of which some take ten times as
            long.""",
            "optimizations.monitoring.histogram:LogHistogram.quantile",
            Clock.SIMULATED,
            averages,
            """there are few samples: of fifty answers, p99 is just the
            slowest.""",
            Prediction(
                f"{SLOW_PERCENT} in 100 take ten times as long. The p99 is?",
                "p99",
                "s",
                "Three in a hundred are more than one in a hundred.",
            ),
            Knob("slow", SLOW_PERCENT, 0, 50, "% of slow answers"),
        ),
        Step(
            "The stall that a load test hides",
            """Most load tests send a question when the last is answered. If
            the service stops, so do they, and the stall is one bad sample.
            Customers do not wait for each other. Here one service stops for a
            moment, and two load tests watch.""",
            "lab.traffic:open_loop",
            Clock.SIMULATED,
            omission,
            """customers really do come one after the other, as in a batch job
            that asks the next question itself.""",
            Prediction(
                f"It stops for {STALL_SECONDS:g} s in a minute. The p99 of an "
                "open loop?",
                "p99",
                "s",
                f"{CALLS_PER_SECOND} come in each second of the stall; "
                f"{CALLS} in all.",
            ),
            Knob("stall", STALL_SECONDS, 0, 10, "seconds that it stops"),
            legend="  . answered at once   # waited (ten seconds of the test)",
        ),
        Step(
            "What a tail is made of",
            """The slowest answers are not the typical one, only slower. Take
            one apart: waiting for a slot, reading the question until the first
            token, saying the rest. Random arrivals at a model that is busy,
            not overloaded.""",
            "optimizations.concurrency.concurrency_limit:Permits.hold",
            Clock.SIMULATED,
            tail,
            """nothing waits: then the tail is long answers, and a limit on
            their length helps.""",
            Prediction(
                "What share of the slowest answers' time is waiting?",
                "waiting",
                "%",
                "Random arrivals bunch up; a slot is busy for a whole answer.",
            ),
            Knob("rate", LOADED_PER_SECOND, 0.5, 6, "questions a second"),
        ),
    ),
)
