"""Load balancing: several replicas answer as one model.

One replica is too slow, too small, or down. A balancer sends each request to
one of several: it asks which are `available` (a breaker may say no), leaves
out those that this request has tried, and lets its policy choose among the
rest.

It does not retry: that would multiply with the retries above it. A replica
that *refuses* (an open breaker, a full queue) has cost nothing, so the next is
asked at once. A replica that *fails* has cost an attempt, and whether there is
another is for `Retry` to say, which stands outside and has the budget. The
request's trace remembers whom it tried, so that a second attempt, made after
the first or beside it, reaches somebody else while there is anybody else.

Where no replica is available, all are asked all the same. Envoy calls this
panic, and here it is cheap: a replica that really cannot answer refuses at no
cost, and says when to come back; the earliest of these is what the caller is
told.

When it does not help: if all replicas share one bottleneck (a provider's
quota, a database), they fail together. A stream stays on the replica it began
on; once its first chunk has been passed on, no other can take over.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from random import Random

from optimizations.balancing.load import Load
from optimizations.balancing.policies import PeakEwma, Policy
from optimizations.balancing.verdict import Outcome, judge
from optimizations.clock import chance
from optimizations.errors import LLMError, NoReplica, Refused
from optimizations.llm import LLM, Chunk, Request


@dataclass(slots=True, eq=False)
class Replica:
    """One of several models that could answer, and what is known of it."""

    llm: LLM
    load: Load = field(default_factory=Load)
    was_available: bool = True

    def available(self) -> bool:
        """Whether it may be asked. One that comes back starts afresh: judged
        by how it failed, it would be left waiting long after it is well.
        """
        available = self.llm.available
        if available and not self.was_available:
            self.load.forget()
        self.was_available = available
        return available


class Balanced(LLM):
    """Spreads requests over `replicas`. Raises `NoReplica` where each of them
    refused.

    `rng` draws the policy's lots; the one by default is seeded, so that each
    run is like the last. In a fleet, give each process its own.
    """

    def __init__(
        self,
        replicas: Sequence[LLM],
        policy: Policy | None = None,
        *,
        rng: Random | None = None,
    ) -> None:
        if not replicas:
            raise ValueError("replicas must be at least one model")
        self.replicas = tuple(Replica(llm) for llm in replicas)
        self.refused = 0
        self._policy = policy or PeakEwma()
        self._rng = rng or chance("balancer")

    @property
    def inners(self) -> Sequence[LLM]:
        return [replica.llm for replica in self.replicas]

    @property
    def available(self) -> bool:
        return any(replica.llm.available for replica in self.replicas)

    def snapshot(self) -> Mapping[str, float]:
        figures: dict[str, float] = {"refused": self.refused}
        for number, replica in enumerate(self.replicas):
            figures[f"replica_{number}_available"] = replica.llm.available
            figures[f"replica_{number}_in_flight"] = replica.load.in_flight
            figures[f"replica_{number}_begun"] = replica.load.begun
            figures[f"replica_{number}_failures"] = replica.load.failures
            figures[f"replica_{number}_seconds"] = replica.load.seconds
        return figures

    async def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
        refusals: list[Refused] = []
        for replica in self._route(request):
            begun = False
            try:
                async with aclosing(_ask(replica, request)) as chunks:
                    async for chunk in chunks:
                        begun = True
                        yield chunk
                return
            except Refused as refusal:
                if begun:
                    raise
                refusals.append(refusal)
        self.refused += 1
        raise NoReplica(
            f"none of {len(refusals)} replicas takes the request",
            retry_after=_earliest(refusals),
        )

    def _route(self, request: Request) -> Iterator[Replica]:
        """Whom to ask, one after the other, each at most once."""
        left = list(self.replicas)
        while left:
            open_ = [replica for replica in left if replica.available()]
            tried = request.trace.tried
            fresh = [replica for replica in open_ if replica.llm not in tried]
            chosen = self._policy.choose(fresh or open_ or left, self._rng)
            left.remove(chosen)
            tried.append(chosen.llm)
            yield chosen


async def _ask(
    replica: Replica, request: Request
) -> AsyncGenerator[Chunk, None]:
    """One attempt at one replica, which its load is told about."""
    ticket = replica.load.begin()
    failed, rest_seconds = False, 0.0
    try:
        async with aclosing(replica.llm.stream(request)) as chunks:
            async for chunk in chunks:
                if chunk.is_token:
                    replica.load.answered(ticket)
                yield chunk
    except LLMError as error:
        failed = judge(error) is not Outcome.NEITHER
        rest_seconds = error.retry_after or 0.0
        raise
    finally:
        replica.load.end(ticket, failed=failed, rest_seconds=rest_seconds)


def _earliest(refusals: Sequence[Refused]) -> float | None:
    told = [r.retry_after for r in refusals if r.retry_after is not None]
    return min(told, default=None)
