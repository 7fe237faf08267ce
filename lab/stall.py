"""One service that stops for a moment, and two load tests that watch it.

A *till* serves one customer after the other. Once it stops: the customer who
is served just then waits for two seconds, and so does everybody behind. Twenty
customers a second come by the clock. Two load tests send the same plan:

- `open_loop` sends each request when it is due, whatever became of the others,
  as customers come.
- `closed_loop` has one sender. It sends each request when it is due *and* the
  one before has come back; what was due meanwhile goes out late, one after the
  other. That is the loop meant wherever this project says "closed loop": it
  has a plan, so one can see by how much it fell behind. (Many tools have none:
  they wait a moment after each answer, never catch up, and leave no trace of
  what they did not send.)

Each call keeps when it was due and when it was really sent. From when it was
sent, the closed loop saw one slow answer; from when it was due, both saw the
same forty. This is *coordinated omission* (Gil Tene, wrk2).

    model = MockModel(TILL, faults=[stall(call=600)])
    calls = await closed_loop(model, planned(requests, 1200))

When it does not help: where the next request really comes from the last
answer, as in a batch job, the closed loop is right.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from math import inf

from lab import traffic
from lab.traffic import Arrival, Send, arrivals, constant
from optimizations.clock import now
from optimizations.errors import LLMError
from optimizations.llm import LLM, Request
from optimizations.mock import Fault, Profile

CALLS_PER_SECOND = 20
STALL_SECONDS = 2.0
SENDERS = 1  # of the closed loop

TILL = Profile(
    name="till",
    source="ours: one clerk who serves one customer after the other",
    ttft_seconds=0.02,
    prompt_tokens_per_second=inf,
    itl_seconds=0.0,
    itl_growth=0.0,
    capacity=1,
    queue=10_000,
    jitter=0.1,
)


@dataclass(frozen=True, slots=True)
class Call:
    """One request of a load test, in seconds since the test began; one that
    failed never ended.
    """

    due_seconds: float
    sent_seconds: float
    ended_seconds: float

    @property
    def as_sent_seconds(self) -> float:
        """What a test notes that does not know that it was late."""
        return self.ended_seconds - self.sent_seconds

    @property
    def as_due_seconds(self) -> float:
        """What the customer waited."""
        return self.ended_seconds - self.due_seconds


def planned(requests: Iterable[Request], count: int) -> list[Arrival]:
    """The first `count` requests, evenly, as a load test plans them."""
    return arrivals(constant(CALLS_PER_SECOND), requests, count)


def stall(call: int, seconds: float = STALL_SECONDS) -> Fault:
    """The call of this number, counted from 0, meets it; whoever comes while
    it lasts waits behind.
    """
    return Fault(
        "silent",
        start=max(call - 0.5, 0.0) / CALLS_PER_SECOND,
        end=(call + 0.5) / CALLS_PER_SECOND,
        seconds=seconds,
    )


async def closed_loop(llm: LLM, coming: Sequence[Arrival]) -> list[Call]:
    """One sender, who is late while it waits for an answer."""
    loop = partial(traffic.scheduled_loop, senders=SENDERS)
    return await _watched(llm, coming, loop)


async def open_loop(llm: LLM, coming: Sequence[Arrival]) -> list[Call]:
    """Each is sent when it is due."""
    return await _watched(llm, coming, traffic.open_loop)


async def _watched(
    llm: LLM,
    coming: Sequence[Arrival],
    loop: Callable[[Send[Call], Sequence[Arrival]], Awaitable[list[Call]]],
) -> list[Call]:
    start = now()

    async def send(request: Request, due: float) -> Call:
        sent, ended = now(), inf
        try:
            await llm.complete(request)
            ended = now()
        except LLMError:
            pass  # it stays among the calls: it never ended
        return Call(due - start, sent - start, ended - start)

    return await loop(send, coming)
