"""Traffic: when requests come, what they ask, and how they are sent.

Two programs that send "ten requests a second" can measure opposite things. A
*closed loop* sends the next request when one has ended, so a slow system is
asked less, and its stalls hide. An *open loop* sends at times that were fixed
beforehand, as customers do, and counts each latency from the moment the
request was due. Use the open loop for latency, the closed loop for work that
only has to get done.

Arrivals are plain iterators of seconds, questions plain iterators of texts.
Both take a seed, so that every strategy meets the same customers, who ask the
same things at the same moments.

When it does not help: a real log has what no formula has (mornings, one
customer who asks forty times). Poisson arrivals are a service's kindest day.
The shapes come from vLLM's and AIPerf's load generators, the open loop and
its bookkeeping from wrk2 ("coordinated omission").
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import accumulate, islice
from random import Random
from typing import TypeVar

from lab.questions import Bank
from lab.wording import reword
from optimizations.clock import chance, now
from optimizations.concurrency.gather import gather_bounded
from optimizations.llm import Message, Request

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


# ---- What they ask: endless ----


def zipf(count: int, *, exponent: float = 1.0) -> list[float]:
    """Shares of `count` things of which the k-th is asked for `1 / k **
    exponent` as often as the first; they add up to 1.

    >>> [round(share, 2) for share in zipf(3)]
    [0.55, 0.27, 0.18]
    """
    if count < 1:
        raise ValueError(f"count must be from 1, not {count}")
    if not 0 <= exponent < math.inf:
        raise ValueError(f"exponent must be finite, from 0, not {exponent}")
    weights = [rank**-exponent for rank in range(1, count + 1)]
    total = math.fsum(weights)
    return [weight / total for weight in weights]


def zipf_questions(
    bank: Bank,
    *,
    seed: object,
    exponent: float = 1.0,
    phrasing_exponent: float = 0.5,
    near_miss_share: float = 0.0,
    reworded_share: float = 0.0,
) -> Iterator[str]:
    """Questions as customers ask them: few intents make most of the traffic,
    each in many phrasings, of which some are commoner too.

    Each seed makes other intents popular. `near_miss_share` of the questions
    come from the bank's near misses, if it has any; `reworded_share` of all
    get a greeting, lose their question mark, and the like.
    """
    if not (0 <= near_miss_share <= 1 and 0 <= reworded_share <= 1):
        raise ValueError(
            "shares must be within 0..1, "
            f"not {near_miss_share} and {reworded_share}"
        )
    draws = chance("questions", seed)
    popular = _popular(bank, draws, exponent, phrasing_exponent)
    traps = [t for pair in bank.near_misses for t in (pair.first, pair.second)]
    while True:
        trapped = traps and draws.random() < near_miss_share
        text = draws.choice(traps) if trapped else next(popular)
        reworded = draws.random() < reworded_share
        yield reword(text, draws) if reworded else text


def _popular(
    bank: Bank, draws: Random, exponent: float, phrasing_exponent: float
) -> Iterator[str]:
    asked = [list(intent.phrasings) for intent in bank.intents]
    draws.shuffle(asked)
    for phrasings in asked:
        draws.shuffle(phrasings)
    sums = {
        count: list(accumulate(zipf(count, exponent=phrasing_exponent)))
        for count in {len(texts) for texts in asked}
    }
    popularity = list(accumulate(zipf(len(asked), exponent=exponent)))
    while True:
        [texts] = draws.choices(asked, cum_weights=popularity)
        [text] = draws.choices(texts, cum_weights=sums[len(texts)])
        yield text


def conversations(
    texts: Iterable[str],
    *,
    tenant: str = "shop",
    system: str = "",
    max_tokens: int = 512,
    streamed: bool = False,
) -> Iterator[Request]:
    """A request of its own for each text, with ids r0, r1, …; `system` is the
    prompt that stands in front of each, if any.
    """
    front = (Message("system", system),) if system else ()
    for number, text in enumerate(texts):
        yield Request(
            (*front, Message("user", text)),
            model="mock",
            tenant=tenant,
            request_id=f"r{number}",
            max_tokens=max_tokens,
            streamed=streamed,
        )


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


async def closed_loop(
    send: Send[T], requests: Sequence[Request], *, workers: int
) -> list[T]:
    """`workers` senders, each of which sends its next request when its last
    has ended. A request is due when its turn comes. Results in order.
    """
    if workers < 1:
        raise ValueError(f"workers must be from 1, not {workers}")

    async def take_turn(request: Request) -> T:
        return await _run(send, request, now())

    jobs = (partial(take_turn, request) for request in requests)
    return await gather_bounded(jobs, min(workers, max(len(requests), 1)))


async def _run(send: Send[T], request: Request, due: float) -> T:
    request.trace.sent_at = due  # latency counts from here
    return await send(request, due)  # any awaitable becomes a coroutine


def _positive(name: str, value: float) -> float:
    if not 0 < value < math.inf:
        raise ValueError(f"{name} must be above 0 and finite, not {value}")
    return value
