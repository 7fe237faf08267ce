"""Traffic: when requests come, and how they are sent.

Two programs that send "ten requests a second" can measure opposite things. A
*closed loop* sends the next request when one has ended, so a slow system is
asked less, and its stalls hide. An *open loop* sends at times that were fixed
beforehand, as customers do, and counts each latency from the moment the
request was due. Use the open loop for latency, the closed loop for work that
only has to get done.

Arrivals are plain iterators of seconds; what is asked stands in `popularity`
and `conversations`. All take a seed, so that every strategy meets the same
customers, who ask the same things at the same moments.

When it does not help: a real log has what no formula has (mornings, one
customer who asks forty times). Poisson arrivals are a service's kindest day.
The shapes come from vLLM's and AIPerf's load generators, the open loop and
its bookkeeping from wrk2 ("coordinated omission").
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import (
    Awaitable,
    Callable,
    Coroutine,
    Iterable,
    Iterator,
    Sequence,
)
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any, TypeVar

from optimizations.clock import chance, now
from optimizations.concurrency.gather import gather_bounded
from optimizations.llm import Request

T = TypeVar("T")

Send = Callable[[Request, float], Awaitable[T]]
"""Sends a request that was due at this time of the clock `now()`."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """One request, and how many seconds after the start it is due."""

    due_seconds: float
    request: Request


# ---- When they come: endless, rising, in seconds after the start ----


def constant(requests_per_second: float) -> Iterator[float]:
    """One at a time, evenly: `1 / rate` apart, the first at 0."""
    gap = 1 / _positive("requests_per_second", requests_per_second)
    count = 0
    while True:
        yield count * gap
        count += 1


def poisson(requests_per_second: float, *, seed: object) -> Iterator[float]:
    """Independent customers: exponential gaps, the same chance at each
    moment.
    """
    return gamma_bursts(requests_per_second, variation=1.0, seed=seed)


def gamma_bursts(
    requests_per_second: float, *, variation: float, seed: object
) -> Iterator[float]:
    """Gaps from a gamma distribution. `variation` is their standard deviation
    over their mean: 1 is Poisson, 3 comes in bursts, 0.3 is nearly even.
    """
    rate = _positive("requests_per_second", requests_per_second)
    shape = 1 / _positive("variation", variation) ** 2
    draws = chance("arrivals", seed)
    seconds = 0.0
    while True:
        seconds += draws.gammavariate(shape, 1 / (rate * shape))
        yield seconds


def arrivals(
    times: Iterable[float], requests: Iterable[Request], count: int
) -> list[Arrival]:
    """The first `count` requests, each due at its time."""
    return [
        Arrival(seconds, request)
        for seconds, request in islice(
            zip(times, requests, strict=False), count
        )
    ]


# ---- How they are sent ----


async def open_loop(send: Send[T], coming: Sequence[Arrival]) -> list[T]:
    """Send each request when it is due, whatever became of those before it.
    Results come in order of arrival.
    """
    start = now()
    async with asyncio.TaskGroup() as group:
        tasks = []
        for arrival in coming:
            due = start + arrival.due_seconds
            if (wait := due - now()) > 0:
                await asyncio.sleep(wait)
            tasks.append(group.create_task(_run(send, arrival.request, due)))
    return [task.result() for task in tasks]


async def scheduled_loop(
    send: Send[T], coming: Sequence[Arrival], *, senders: int
) -> list[T]:
    """A closed loop with a plan: each of the `senders` takes the next request,
    and waits until it is due. While all wait for an answer, nothing is sent;
    what was due meanwhile goes out late, and is late. Results in order.
    """
    start = now()

    async def take_turn(arrival: Arrival) -> T:
        due = start + arrival.due_seconds
        if (wait := due - now()) > 0:
            await asyncio.sleep(wait)
        return await _run(send, arrival.request, due)

    jobs = (partial(take_turn, arrival) for arrival in coming)
    return await _side_by_side(jobs, senders, len(coming))


async def closed_loop(
    send: Send[T], requests: Sequence[Request], *, senders: int
) -> list[T]:
    """`senders` side by side, each of which sends its next request when its
    last has ended. A request is due when its turn comes. Results in order.
    """

    async def take_turn(request: Request) -> T:
        return await _run(send, request, now())

    jobs = (partial(take_turn, request) for request in requests)
    return await _side_by_side(jobs, senders, len(requests))


async def _side_by_side(
    jobs: Iterable[Callable[[], Coroutine[Any, Any, T]]],
    senders: int,
    count: int,
) -> list[T]:
    if senders < 1:
        raise ValueError(f"senders must be from 1, not {senders}")
    return await gather_bounded(jobs, min(senders, max(count, 1)))


async def _run(send: Send[T], request: Request, due: float) -> T:
    request.trace.sent_at = due  # latency counts from here
    return await send(request, due)  # any awaitable becomes a coroutine


def _positive(name: str, value: float) -> float:
    if not 0 < value < math.inf:
        raise ValueError(f"{name} must be above 0 and finite, not {value}")
    return value
