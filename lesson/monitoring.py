"""Chapter 5, monitoring: what is not measured is found out by customers.

Two steps: what one record of each request tells (latency, tokens, errors, the
process itself, and how this run compares with earlier ones), and a live view
with an alert that fires when users suffer, and not before.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from copy import copy
from dataclasses import replace
from functools import partial
from math import inf
from platform import node

from lesson.chapter import (
    Chapter,
    Clock,
    Context,
    Knob,
    Outcome,
    Prediction,
    Step,
    Table,
)
from lesson.customers import at_random, in_turn
from lesson.figures import duration, money, share, times
from lesson.models import http_model
from lesson.timing import timed_open_loop
from optimizations.clock import now
from optimizations.llm import LLM
from optimizations.mock import PROFILES, Fault
from optimizations.mock.profile import GPT_4O_MINI
from optimizations.monitoring.alerts import (
    BURNS,
    Alert,
    AlertState,
    BurnRate,
    Rule,
)
from optimizations.monitoring.dashboard import View, layers_of
from optimizations.monitoring.history import History, Run, Trend, sparkline
from optimizations.monitoring.metrics import Metrics, Quantiles
from optimizations.monitoring.record import Monitored, Record
from optimizations.monitoring.resources import (
    LoopLag,
    ResourceMeter,
    Resources,
)
from optimizations.sliding_window import SlidingWindow

REQUESTS = 150
AT_ONCE = 8
FAILING_PERCENT = 10


async def records(context: Context) -> Outcome:
    """Ask a server that sometimes fails; everything comes from records."""
    metrics, meter = Metrics(), ResourceMeter()
    failing = context.knobs["failing"] / 100
    fault = f"0-inf error status=500 share={failing}"
    async with (
        http_model(context, max_tokens=32, faults=[fault]) as model,
        LoopLag() as lag,
    ):
        monitored = Monitored(model, [metrics], price=GPT_4O_MINI)
        await in_turn(
            context, monitored, REQUESTS, at_once=AT_ONCE, max_tokens=32
        )
        used, late = meter.sample(), lag.worst_seconds
    seen = metrics.snapshot()
    total, errors = seen.total, seen.total.requests - seen.total.answers
    rows = [
        ["requests", f"{total.requests}, of them {errors} failed"],
        ["first token", _quantiles(seen.ttft)],
        ["whole answer", _quantiles(seen.e2e)],
        ["tokens out", f"{total.completion_tokens}, {money(total.dollars)}"],
        ["this process", _process(used, late)],
        ["first token, all runs", _trend(context, seen.ttft)],
    ]
    return Outcome(
        Table(["what", "this run"], rows, texts=2),
        f"All {total.requests} are in the percentiles, and {errors} of them "
        "as answers that never came: left out, they would make an outage look "
        "like a fast day.",
        measured={"failed": errors},
    )


def _process(used: Resources, late_seconds: float) -> str:
    return (
        f"{used.rss_bytes / 2**20:.0f} MiB, {used.cpu_percent:.0f} % CPU, "
        f"event loop late by {duration(late_seconds)}"
    )


def _quantiles(latency: Quantiles) -> str:
    p50, p95 = latency.p50, latency.p95
    if p50 is None or p95 is None:
        return "too few to say"
    return f"p50 {duration(p50)}, p95 {duration(p95)}"


def _trend(context: Context, latency: Quantiles) -> str:
    """Add this run to the history, and compare it with the earlier ones."""
    if latency.p50 is None:
        return "nothing to compare"
    history = History(context.state_folder / "history.jsonl")
    label = f"lesson on {node()}, {context.knobs['failing']:g} % failing"
    figures = {"first token p50": latency.p50}
    try:
        history.append(Run(time.time(), label, figures))
        trend = history.trend(label, "first token p50", last=12)
    except OSError as error:
        return f"not kept: {error.strerror}"
    return _in_words(trend) if trend else "nothing to compare"


def _in_words(trend: Trend) -> str:
    runs = len(trend.values)
    change = trend.change_percent
    if change is None:
        return f"{runs}: this is the first; run it again"
    row = sparkline(trend.values, marks="_.-=^")
    return f"{runs} ({row}): {change:+.0f} % against the median before"


PER_SECOND = 4.0
QUESTIONS = 2400  # ten minutes of them
HICCUP_SECONDS = 2
HICCUP = Fault("error", start=60, end=60 + HICCUP_SECONDS)
OUTAGE_BEGINS, OUTAGE_ENDS = 300.0, 420.0
OBJECTIVE = 0.99
BURN = BURNS[0]
SHORTENED = 12  # times, the windows of the alert
LONG_SECONDS = BURN.long_seconds / SHORTENED
COARSE = replace(PROFILES["hosted"], tokens_per_chunk=10)
BARE_WINDOW_SECONDS = 10
BARE = Rule("more than 5 % of the last 10 s fail", above=0.05, min_samples=20)


async def outage(context: Context) -> Outcome:
    """Ten minutes of traffic: a hiccup, then two minutes of outage."""
    failing = context.knobs["failing"] / 100
    fault = Fault("error", OUTAGE_BEGINS, OUTAGE_ENDS, failing)
    bare, burn = Rings(), Rings()
    metrics, window = Metrics(), SlidingWindow(BARE_WINDOW_SECONDS)
    threshold = Alert(BARE, on_change=bare.note)
    budget = BurnRate(
        OBJECTIVE, burns=[BURN], scale=1 / SHORTENED, on_change=burn.note
    )
    chatbot = Monitored(
        context.mock(COARSE, faults=[HICCUP, fault]),
        [metrics, budget, partial(_add, window)],
        price=GPT_4O_MINI,
    )
    frames = []
    async with asyncio.TaskGroup() as group:
        coming = at_random(context, QUESTIONS, per_second=PER_SECOND)
        traffic = group.create_task(timed_open_loop(chatbot, coming))
        while not traffic.done():
            await asyncio.sleep(1)
            good, bad = window.totals(now())
            threshold.update(bad / max(good + bad, 1), good + bad)
            alerts = [threshold, *budget.check()]
            if now() % 30 < 1:
                frames.append(_view(chatbot, metrics, alerts))
    return Outcome(
        Table(
            ["alert", "rang", "in the outage, after"],
            [
                bare.row("bare threshold"),
                burn.row(f"burn rate, {BURN.factor:g} times"),
            ],
        ),
        f"The bare threshold woke somebody {times(len(bare.before))} before "
        f"the outage, for a hiccup of {HICCUP_SECONDS} s; the burn rate "
        f"{times(len(burn.before))}: it rings when a share of the budget is "
        "gone and more is going.",
        measured={"fires": burn.during[0] if burn.during else inf},
        frames=frames,
    )


def _add(window: SlidingWindow, record: Record) -> None:
    if record.good is not None:
        window.add(record.good, now())


class Rings:
    """When an alert fired, in seconds from the begin of the outage."""

    def __init__(self) -> None:
        self.before: list[float] = []
        self.during: list[float] = []

    def note(self, alert: Alert) -> None:
        """Called at each change of the alert's state."""
        if alert.state is AlertState.FIRING:
            at = now() - OUTAGE_BEGINS
            (self.before if at < 0 else self.during).append(at)

    def row(self, name: str) -> list[str]:
        count = len(self.before) + len(self.during)
        first = duration(self.during[0]) if self.during else "did not ring"
        return [name, times(count), first]


def _view(chatbot: LLM, metrics: Metrics, alerts: Sequence[Alert]) -> View:
    """What the dashboard shows now; the alerts go on changing."""
    return View(
        f"Live view, second {now():.0f}",
        metrics.snapshot(),
        layers_of(chatbot),
        [copy(alert) for alert in alerts],
    )


CHAPTER = Chapter(
    5,
    "monitoring",
    "What is not measured is found out by customers",
    (
        Step(
            "One record of each request",
            """Latency, tokens, errors and cost all come from one frozen record
            that is written when a request ends, however it ends. Beside it
            stands the process itself: a chatbot that is out of processor or
            blocks its event loop looks just like a slow model.""",
            "optimizations.monitoring.record:Monitored.stream",
            Clock.MEASURED,
            records,
            """figures are collected that nobody acts on. Start from what users
            feel, and from what it costs.""",
            Prediction(
                f"The server fails {FAILING_PERCENT} % of the requests. Of "
                f"{REQUESTS}, how many do the records show as failed?",
                "failed",
                "requests",
                "Chance decides for each request on its own.",
            ),
            Knob("failing", FAILING_PERCENT, 0, 100, "% that fail"),
            begins="async for chunk",
        ),
        Step(
            "A live view, and an alert that fires",
            f"""An alert on a bare threshold rings at each peak. This one asks
            how fast the error budget of a promise ({share(OBJECTIVE, 1)}
            answered) is spent, over {BURN.long_seconds / 60:g} minutes (it
            matters) and {BURN.short_seconds / 60:g} (it still goes on), here
            shortened {SHORTENED} times. A hiccup, then an outage.""",
            "optimizations.monitoring.alerts:BurnRate.check",
            Clock.SIMULATED,
            outage,
            """there are so few requests that one failure is a large share:
            then probe the service yourself.""",
            Prediction(
                "Everything fails from one moment on. After how many seconds "
                "does the burn rate ring?",
                "fires",
                "s",
                f"Of its long window, here {duration(LONG_SECONDS)}, "
                f"{share(BURN.factor * (1 - OBJECTIVE), 1)} must have failed.",
            ),
            Knob("failing", 100, 1, 100, "% that fail in the outage"),
            begins="long, samples",
        ),
    ),
)
