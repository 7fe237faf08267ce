"""Keep to what the provider allows: so many requests, so many tokens a minute.

Sent too fast, requests come back as 429, and each retry makes it worse. Here a
request waits in a queue until its time slot comes, and tokens are reserved
before the answer exists: by the worst case (prompt plus `max_tokens`), else a
hundred requests that start together all see room. When the answer is there,
the budget gets back what it did not use. A request that was refused further
inside, before any model was asked, gets back all.

Bad news comes at once: a request whose slot lies past its deadline is refused
on arrival, one that is larger than the budget ever gets is told that it can
never pass. A retry debits the same budget, without waiting; when that cannot
pay, there is no retry. All attempts at a request are settled together, when it
is over: each that was sent costs a request and its prompt.

When it does not help: it counts in this process only; ten of them send ten
times the limit. Where the model is merely busy, limit what runs instead. A
`max_tokens` far above what is ever said makes slots look far away, and refuses
requests that could have passed. A stream waits before its first chunk only.
Two budgets, RPM and TPM, is how OpenAI and others limit; `slot_queue` and
`token_bucket` hold the idea.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from math import inf

from optimizations.arguments import positive
from optimizations.clock import now
from optimizations.concurrency.slot_queue import Cost, SlotQueue
from optimizations.concurrency.token_bucket import Budget, TokenBucket
from optimizations.errors import Refused
from optimizations.llm import LLM, Chunk, Guard, Observer, Request
from optimizations.tokens import TokenCounter, count_prompt, count_tokens


class RateLimiter:
    """What one provider key allows; `inf` tokens are no limit. The budget
    holds what comes in within `burst_seconds`, at least one request: in any t
    seconds, at most `(burst_seconds + t) / 60` of a minute's limit is sent.
    """

    def __init__(
        self,
        *,
        requests_per_minute: float = 500,
        tokens_per_minute: float = inf,
        burst_seconds: float = 10,
        max_waiting: int = 1000,
        max_wait_seconds: float = 60,
        count: TokenCounter = count_tokens,
    ) -> None:
        if not (0 < requests_per_minute < inf and tokens_per_minute > 0):
            raise ValueError(
                "requests_per_minute must be positive and finite, "
                "tokens_per_minute positive, "
                f"not {requests_per_minute} and {tokens_per_minute}"
            )
        positive(burst_seconds=burst_seconds)
        requests, tokens = requests_per_minute / 60, tokens_per_minute / 60
        burst = max(1.0, requests * burst_seconds)
        buckets = [TokenBucket(requests, burst)]
        if tokens < inf:
            buckets.append(TokenBucket(tokens, tokens * burst_seconds))
        self.queue = SlotQueue(
            Budget(*buckets),
            max_waiting=max_waiting,
            max_wait_seconds=max_wait_seconds,
        )
        self.count = count
        self._counts_tokens = tokens < inf
        # of each request under way, by its trace: all its attempts share it
        self._meters: dict[int, _Meter] = {}

    def cost(self, request: Request) -> Cost:
        """What this request may use at most."""
        tokens = count_prompt(request.messages, self.count)
        return self._cost(1, tokens + request.max_tokens * request.choices)

    @asynccontextmanager
    async def admit(self, request: Request) -> AsyncIterator[Observer]:
        """Wait for the request's slot; at the end, replace what all of its
        attempts had reserved by what they really used.
        """
        cost, trace = self.cost(request), request.trace
        asked = now()
        await self.queue.acquire(*cost, due=lambda: request.due)
        trace.queued_seconds += now() - asked
        meter = self._meters[id(trace)] = _Meter(request, self.count)
        try:
            yield meter.read
        except Refused:
            meter.refused = True
            raise
        finally:
            if self._meters.get(id(trace)) is meter:
                del self._meters[id(trace)]
            used = self._cost(*meter.used())
            reserved = (meter.reserved * amount for amount in cost)
            self.queue.correct(
                *(u - r for u, r in zip(used, reserved, strict=True))
            )

    def afford(self, request: Request) -> bool:
        """Pay for a further attempt at a request that was admitted before.
        Never waits: False is a no.
        """
        if not self.queue.try_acquire(*self.cost(request)):
            return False
        if (meter := self._meters.get(id(request.trace))) is not None:
            meter.reserved += 1
        return True

    def _cost(self, requests: float, tokens: float) -> Cost:
        return (requests, tokens) if self._counts_tokens else (requests,)


class RateLimit(Guard):
    """Sends each request when its turn has come. Hand a `limiter` in where
    others debit it too: another layer under the same key, or a retry.
    """

    def __init__(
        self,
        inner: LLM,
        limiter: RateLimiter | None = None,
        *,
        requests_per_minute: float = 500,
        tokens_per_minute: float = inf,
    ) -> None:
        super().__init__(inner)
        self.limiter = limiter or RateLimiter(
            requests_per_minute=requests_per_minute,
            tokens_per_minute=tokens_per_minute,
        )

    def around(
        self, request: Request
    ) -> AbstractAsyncContextManager[Observer]:
        return self.limiter.admit(request)

    def snapshot(self) -> Mapping[str, float]:
        queue = self.limiter.queue
        levels = queue.budget.levels(now())
        left = zip(("requests_left", "tokens_left"), levels, strict=False)
        return {
            "admitted": queue.admitted,
            "refused": queue.refused,
            "waiting": queue.waiting,
            **dict(left),
        }


class _Meter:
    """What one request has used so far, in all attempts at it. The provider's
    own count of the answer, once it comes, replaces ours.
    """

    def __init__(self, request: Request, count: TokenCounter) -> None:
        self.refused = False
        self.reserved = 1  # attempts
        self._trace = request.trace
        self._attempts_before = request.trace.attempts
        self._count = count
        self._prompt_tokens = count_prompt(request.messages, count)
        self._completion_tokens = 0
        self._reported: int | None = None

    def read(self, chunk: Chunk) -> None:
        """One more chunk of the answer."""
        self._completion_tokens += self._count(chunk.text)
        if chunk.usage is not None:
            usage = chunk.usage
            self._reported = usage.prompt_tokens + usage.completion_tokens

    def used(self) -> tuple[float, float]:
        """Requests and tokens: nothing, where no model was asked. An attempt
        that gave no answer used its prompt.
        """
        sent = self._sent()
        if sent == 0:
            return 0, 0
        last = self._prompt_tokens + self._completion_tokens
        if self._reported is not None:
            last = self._reported
        return sent, (sent - 1) * self._prompt_tokens + last

    def _sent(self) -> int:
        """How many of the attempts that were paid for reached a model, if it
        counts them.
        """
        asked = self._trace.attempts - self._attempts_before
        if asked == 0:
            return 0 if self.refused else self.reserved
        return min(asked, self.reserved)
