"""Retry: ask once more when an attempt failed that may succeed a little later,
and never so often that retrying becomes the outage.

Most failures of a provider are brief, so a second attempt is the cheapest cure
there is. It is also how a small outage grows: three attempts each, and a
provider that just managed its load gets three times as much. So there is a
*budget* shared by all requests: each request deposits a fifth of a retry, a
retry takes a whole one, and when the purse is empty, errors pass as they are.
Load never rises above 1.2 times, plus a small floor for quiet services.

Between attempts it waits for a time drawn from 0 up to a doubling bound (full
jitter), because callers that failed together would else come back together. If
the provider said when (`Retry-After`), it waits at least that long, unless a
balancer below can still turn to somebody else. It never waits past the
request's deadline: it gives up at once instead.

A question is a POST, which may not simply be sent twice. Here it may: nothing
was passed on yet, and each attempt carries the same idempotency key, so the
provider bills one answer.

When it does not help: after the first chunk the text is with the reader, and
a second answer would begin anew, so whatever happens then passes as it is.
Budgets come from Finagle, full jitter from Amazon's back-off simulator.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from dataclasses import replace
from math import inf
from random import Random

from optimizations.arguments import at_least_one
from optimizations.clock import chance, now
from optimizations.errors import LLMError
from optimizations.fingerprint import digest
from optimizations.llm import LLM, Chunk, Layer, Request, walk


class RetryBudget:
    """A purse of retries: `share` of one is put in for each request, and
    `floor` of them come back every minute while there are fewer than that.

    Holds at most `max_saved`, so a quiet week saves up no storm. In t seconds
    with n requests it pays for at most share·n + floor·(1 + t/60) retries.
    """

    def __init__(
        self,
        share: float = 0.2,
        *,
        floor: float = 10.0,
        max_saved: float = 100.0,
        clock: Callable[[], float] = now,
    ) -> None:
        if not (0 <= share <= 1 and 0 <= floor <= max_saved < inf):
            raise ValueError(
                "needs a share within 0..1 and 0 <= floor <= max_saved, "
                f"finite; not {share}, {floor}, {max_saved}"
            )
        self._share = share
        self._floor = floor
        self._max_saved = max_saved
        self._clock = clock
        self._saved = floor
        self._counted_at: float | None = None

    @property
    def saved(self) -> float:
        """How many retries it would pay for now."""
        at = self._clock()
        if self._counted_at is not None and self._saved < self._floor:
            earned = self._floor * (at - self._counted_at) / 60
            self._saved = min(self._floor, self._saved + earned)
        self._counted_at = at
        return self._saved

    def deposit(self) -> None:
        """One more request."""
        self._saved = min(self._max_saved, self.saved + self._share)

    def withdraw(self) -> bool:
        """Pay for one retry, or say no."""
        if self.saved < 1:
            return False
        self._saved -= 1
        return True


def full_jitter(
    retry: int, base_seconds: float, cap_seconds: float, rng: Random
) -> float:
    """Seconds before the n-th retry, n from 1: anything up to a bound that
    doubles each time.
    """
    bound = base_seconds * 2.0 ** min(retry - 1, 60)
    return rng.uniform(0, min(cap_seconds, bound))


class Retry(Layer):
    """Up to `attempts` at each request, as far as the `budget` goes.

    `afford` is asked before each further attempt; let it debit a rate limit,
    which admits a request once, and say no where that has no room.
    """

    def __init__(
        self,
        inner: LLM,
        attempts: int = 3,
        *,
        budget: RetryBudget | None = None,
        base_seconds: float = 0.5,
        cap_seconds: float = 8.0,
        max_retry_after_seconds: float = 120.0,
        afford: Callable[[Request], bool] = lambda request: True,
        seed: int = 0,
    ) -> None:
        super().__init__(inner)
        at_least_one(attempts=attempts)
        if not 0 < base_seconds <= cap_seconds < inf:
            raise ValueError(
                "needs 0 < base_seconds <= cap_seconds, both finite, "
                f"not {base_seconds} and {cap_seconds}"
            )
        if not 0 <= max_retry_after_seconds < inf:
            raise ValueError(
                "max_retry_after_seconds must be finite and not negative"
            )
        self.budget = budget or RetryBudget()
        self.retries = 0
        self.given_up = 0  # retryable, but out of attempts, budget or time
        self._attempts = attempts
        self._base_seconds = base_seconds
        self._cap_seconds = cap_seconds
        self._max_retry_after_seconds = max_retry_after_seconds
        self._afford = afford
        self._seed = seed

    def snapshot(self) -> Mapping[str, float]:
        return {
            "retries": self.retries,
            "given_up": self.given_up,
            "budget": self.budget.saved,
        }

    async def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
        self.budget.deposit()
        if request.idempotency_key is None:
            key = idempotency_key(request)
            request = replace(request, idempotency_key=key)
        retry = 0
        while True:
            begun = False
            try:
                async with aclosing(self.inner.stream(request)) as chunks:
                    async for chunk in chunks:
                        begun = True
                        yield chunk
                return
            except LLMError as error:
                if begun or not error.retryable:
                    raise
                retry += 1
                pause_seconds = self._pause_seconds(request, retry, error)
                if pause_seconds is None or not self._pay(request):
                    self.given_up += 1
                    raise
                self.retries += 1
            await asyncio.sleep(pause_seconds)

    def _pause_seconds(
        self, request: Request, retry: int, error: LLMError
    ) -> float | None:
        """How long to wait before the n-th retry; None where it would be one
        too many, or too late.
        """
        rng = chance(self._seed, "retry", request.request_id, retry)
        pause = full_jitter(retry, self._base_seconds, self._cap_seconds, rng)
        # Not a number and less than nothing are no advice at all.
        told = error.retry_after or 0.0
        if told > 0 and not _somebody_else(self.inner, request):
            pause += told
        else:
            told = 0.0
        possible = (
            retry < self._attempts
            and told <= self._max_retry_after_seconds
            and now() + pause < request.due
        )
        return pause if possible else None

    def _pay(self, request: Request) -> bool:
        """Pay for a retry out of both purses, or out of neither: the budget
        is looked into first, and taken from last.
        """
        return (
            self.budget.saved >= 1
            and self._afford(request)
            and self.budget.withdraw()
        )


def idempotency_key(request: Request) -> str:
    """The same for the same request and for no other, should an id be used
    twice for different questions. Fits into a header however long the id is.
    Raises `BadRequest` for options that JSON cannot say.
    """
    asked = (
        request.request_id,
        request.tenant,
        request.messages,
        request.model,
        request.max_tokens,
        request.temperature,
        request.options,
    )
    return digest(asked)


def _somebody_else(llm: LLM, request: Request) -> bool:
    """Whether a balancer below has a replica that this request did not try."""
    return any(
        replica.available and replica not in request.trace.tried
        for layer in walk(llm)
        if len(layer.inners) > 1
        for replica in layer.inners
    )
