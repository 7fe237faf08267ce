"""Chapter 0, measuring: before making anything faster, learn to see it.

Three steps: why an average hides what hurts, how a load test can hide a stall
that every customer feels, and what the slowest answers spend their time on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from statistics import mean

from lab import stall
from lab.percentiles import percentile
from lab.stall import Call
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
from lesson.customers import at_random, questions
from lesson.figures import counted, duration, share
from lesson.timing import Timing, timed_open_loop
from optimizations.concurrency.concurrency_limit import ConcurrencyLimit
from optimizations.mock import PROFILES, Fault, Profile
from optimizations.monitoring.histogram import LogHistogram

QUESTIONS = 1000
SLICE = 100  # so many answers a histogram, as if each were a machine's
SLOW_PERCENT = 3
SLOW_FACTOR = 10
PER_SECOND = 4.0
COARSE = replace(PROFILES["hosted"], tokens_per_chunk=16)


async def averages(context: Context) -> Outcome:
    """Many answers, of which a few take much longer."""
    slow = Fault("slow", factor=SLOW_FACTOR, share=context.knobs["slow"] / 100)
    model = context.mock(COARSE, faults=[slow])
    coming = at_random(context, QUESTIONS, per_second=PER_SECOND)
    seconds = [t.total for t in await timed_open_loop(model, coming)]
    together, p99s = LogHistogram(), []
    for begin in range(0, QUESTIONS, SLICE):
        machine = LogHistogram()
        for one in seconds[begin : begin + SLICE]:
            machine.add(one)
        p99s.append(machine.quantile(0.99) or 0)
        together.merge(machine)
    p50, p95, p99 = (together.quantile(q) or 0 for q in (0.5, 0.95, 0.99))
    worse = sum(one > mean(seconds) for one in seconds)
    rows = [
        ["mean", "nobody in particular", duration(mean(seconds))],
        ["p50", "half wait longer", duration(p50)],
        ["p95", "one in 20 waits longer", duration(p95)],
        ["p99", "one in 100 waits longer", duration(p99)],
        ["average of p99s", "no percentile at all", duration(mean(p99s))],
    ]
    return Outcome(
        Table(["figure", "of whom it speaks", "wait"], rows, texts=2),
        f"{share(worse, QUESTIONS)} wait longer than the mean. The average of "
        f"{len(p99s)} p99s ({duration(mean(p99s))}) is not the p99 "
        f"({duration(p99)}): histograms can be added up, percentiles cannot.",
        measured={"p99": p99 / p50},
    )


CALLS = 1200
STALLED_CALL = 600
STALL_BEGINS = STALLED_CALL / stall.CALLS_PER_SECOND
SLOW_SECONDS = 0.1
COUNT_FROM_DUE = "so count from when a question was due."


async def omission(context: Context) -> Outcome:
    """One service that stops for a moment, watched by two load tests."""
    coming = stall.planned(questions(context), CALLS)
    faults = [stall.stall(STALLED_CALL, context.knobs["stall"])]
    closed, opened = [
        await loop(context.mock(stall.TILL, faults=faults), coming)
        for loop in (stall.closed_loop, stall.open_loop)
    ]
    noted = [call.as_sent_seconds for call in closed]
    waited = [call.as_due_seconds for call in opened]
    ends = STALL_BEGINS + context.knobs["stall"]
    alike = _slow(noted) == _slow(waited)
    return Outcome(
        Table(
            ["load test", f"over {SLOW_SECONDS:g} s", "p50", "p99", "worst"],
            [
                ["closed loop, from sent", *_seen(noted)],
                [
                    "closed loop, from due",
                    *_seen([call.as_due_seconds for call in closed]),
                ],
                ["open loop", *_seen(waited)],
            ],
        ),
        f"During the stall the closed loop sent {_sent_until(ends, closed)}, "
        f"the open loop {_sent_until(ends, opened)}. The one notes "
        f"{counted(_slow(noted), 'slow answer')}, the other {_slow(waited)}: "
        + ("nothing was held up." if alike else COUNT_FROM_DUE),
        measured={"p99": percentile(waited, 0.99)},
        events=[
            *_around("closed loop", closed, ends),
            *_around("open loop", opened, ends),
        ],
    )


def _seen(waits: Sequence[float]) -> list[str]:
    worst = (duration(percentile(waits, share)) for share in (0.5, 0.99, 1))
    return [str(_slow(waits)), *worst]


def _slow(waits: Sequence[float]) -> int:
    return sum(wait > SLOW_SECONDS for wait in waits)


def _sent_until(ends: float, calls: Sequence[Call]) -> int:
    """How many were sent while the service stood still."""
    return sum(STALL_BEGINS < call.sent_seconds < ends for call in calls)


def _around(lane: str, calls: Sequence[Call], ends: float) -> Iterator[Event]:
    """The stall and a little more, each call when it was really sent."""
    for call in calls:
        if STALL_BEGINS - 0.5 < call.sent_seconds < ends + 1:
            slow = call.as_sent_seconds > SLOW_SECONDS
            yield Event(call.sent_seconds, lane, "#" if slow else ".")


LOADED = replace(COARSE, capacity=8)
TAIL = QUESTIONS * 99 // 100
TWICE_AS_FAST = replace(
    LOADED,
    ttft_seconds=LOADED.ttft_seconds / 2,
    prompt_tokens_per_second=LOADED.prompt_tokens_per_second * 2,
    itl_seconds=LOADED.itl_seconds / 2,
)


async def tail(context: Context) -> Outcome:
    """A busy model: where do the slowest answers spend their time?"""
    answers = await _answers(context, LOADED)
    faster = await _answers(context, TWICE_AS_FAST)
    middle = answers[QUESTIONS * 45 // 100 : QUESTIONS * 55 // 100]
    slowest, quicker = answers[TAIL:], faster[TAIL:]
    before, after = _mean_queued(slowest), _mean_queued(quicker)
    waiting = before / mean(timing.total for timing in slowest)
    gone = share(before - after, before)
    return Outcome(
        Table(
            ["answers", "waiting", "first token", "the rest", "all"],
            [
                _row("the middle tenth", middle),
                _row("slowest 1 %", slowest),
                _row("  model twice as fast", quicker),
            ],
        ),
        f"The slowest spend {share(waiting, 1)} of their time waiting for a "
        "slot. A model twice as fast holds one half as long, and takes "
        f"{gone} of the waiting away.",
        measured={"waiting": 100 * waiting},
    )


async def _answers(context: Context, profile: Profile) -> list[Timing]:
    """How each answer went, the quickest first."""
    model = ConcurrencyLimit(
        context.mock(profile),
        profile.capacity,
        max_waiting=QUESTIONS,
        max_wait_seconds=600,
    )
    rate = context.knobs["rate"]
    coming = at_random(context, QUESTIONS, per_second=rate)
    timings = await timed_open_loop(model, coming)
    return sorted(timings, key=lambda timing: timing.total)


def _mean_queued(answers: Sequence[Timing]) -> float:
    return mean(answer.queued for answer in answers)


def _row(name: str, answers: Sequence[Timing]) -> list[str]:
    """Means of the parts of some answers: they add up."""
    queued = _mean_queued(answers)
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
            f"""An average is the wait of nobody: a few long answers lift it
            and are not seen in it. Percentiles say how many wait how long;
            {QUESTIONS // SLICE} histograms hold them.""",
            "optimizations.monitoring.histogram:LogHistogram.quantile",
            Clock.SIMULATED,
            averages,
            """there are few samples: then p99 is just the slowest of them.""",
            Prediction(
                f"{SLOW_PERCENT} % take {SLOW_FACTOR} times as long. How many "
                "times the median is the p99?",
                "p99",
                "times",
                f"{SLOW_PERCENT} % are more than lie beyond the p99: so it "
                "is one of them.",
            ),
            Knob("slow", SLOW_PERCENT, 0, 10, "% of slow answers"),
            begins="rank, seen",
        ),
        Step(
            "The stall that a load test hides",
            """Many load tests send a question when the last is answered. If
            the service stops, so do they, and the stall is one bad sample.
            Customers do not wait for each other. Here one service stops for a
            moment, and two load tests watch.""",
            "lab.traffic:open_loop",
            Clock.SIMULATED,
            omission,
            """customers really do come one after the other, as in a batch
            job.""",
            Prediction(
                f"It stops for {stall.STALL_SECONDS:g} s. The p99 of an open "
                "loop?",
                "p99",
                "s",
                f"{stall.CALLS_PER_SECOND} come in each second of the stall; "
                f"{CALLS} in all.",
            ),
            Knob("stall", stall.STALL_SECONDS, 0, 10, "seconds that it stops"),
            begins="for arrival",
            legend="  . answered at once   # waited   (gap) nothing was sent",
        ),
        Step(
            "What a tail is made of",
            """The slowest answers are not the typical one, only slower. Take
            one apart: waiting for a slot, reading the question until the first
            token, saying the rest. Random arrivals at a model that is busy,
            not overloaded.""",
            "optimizations.concurrency.concurrency_limit:ConcurrencyLimit.around",
            Clock.SIMULATED,
            tail,
            """nothing waits: then the tail is long answers; limit their
            length.""",
            Prediction(
                f"{PER_SECOND:g} questions a second for {LOADED.capacity} "
                "slots: what share of the slowest answers' time is waiting?",
                "waiting",
                "%",
                "Random arrivals bunch up; a slot is busy for a whole answer.",
            ),
            Knob("rate", PER_SECOND, 0.5, 4.5, "questions a second"),
            begins="async with",
        ),
    ),
)
