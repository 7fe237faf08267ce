"""A paid endpoint, used only on request: what it will cost, and a cap on it.

The estimate assumes the longest question and answers as long as allowed; the
bill can only be lower. And the cap is kept while running, not only promised
before: each request first reserves the most that it can cost, from one budget
for the whole run, however often a demonstration is run again.
"""

from __future__ import annotations

import math
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace

from lab.settings import Settings
from optimizations.errors import RateLimited
from optimizations.llm import LLM, Chunk, Layer, Message, Request, Usage
from optimizations.streaming.deadline import Deadline
from optimizations.tokens import Price, count_prompt

ENDPOINT_SECONDS = 60.0


def endpoint_price(settings: Settings) -> Price:
    """What the configured model costs."""
    return Price(
        settings.prompt_price, settings.prompt_price, settings.completion_price
    )


def estimate_dollars(
    settings: Settings,
    requests: int,
    max_tokens: int,
    questions: Iterable[str],
) -> float:
    """The most that so many requests can cost, each with the longest of these
    questions and an answer as long as allowed.
    """
    prompts = (count_prompt([Message("user", text)]) for text in questions)
    usage = Usage(max(prompts, default=0), max_tokens)
    return requests * endpoint_price(settings).nanodollars(usage) / 1e9


class Budget:
    """What may still be spent, in dollars from 0."""

    def __init__(self, max_dollars: float) -> None:
        if not 0 <= max_dollars < math.inf:
            raise ValueError(
                f"max_dollars must be 0 or more and finite, not {max_dollars}"
            )
        self._left = round(max_dollars * 1e9)  # nanodollars

    def spend(self, nanodollars: int) -> bool:
        """Take it, if there is so much; a negative amount gives back."""
        if nanodollars > self._left:
            return False
        self._left -= nanodollars
        return True


class SpendingCap(Layer):
    """Refuses the request that could cost more than the budget has left."""

    def __init__(self, inner: LLM, price: Price, budget: Budget) -> None:
        super().__init__(inner)
        self._price = price
        self._budget = budget

    async def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
        most = Usage(
            count_prompt(request.messages),
            request.max_tokens * request.choices,
        )
        reserved = self._price.nanodollars(most)
        if not self._budget.spend(reserved):
            raise RateLimited("the spending cap of this run is reached")
        async with aclosing(self.inner.stream(request)) as chunks:
            async for chunk in chunks:
                if chunk.usage is not None:  # the rest of the reservation
                    spent = self._price.nanodollars(chunk.usage)
                    self._budget.spend(spent - reserved)
                    reserved = spent
                yield chunk


@asynccontextmanager
async def endpoint_model(
    settings: Settings, max_tokens: int, budget: Budget
) -> AsyncIterator[LLM]:
    """The configured endpoint, its answers no longer than `max_tokens`, each
    left after `ENDPOINT_SECONDS`, paid from this budget.
    """
    from optimizations.http_model import HTTPModel

    model = HTTPModel(
        settings.openai_base_url,
        api_key=settings.openai_api_key,
        model=settings.openai_model,
        name="endpoint",
    )
    capped = SpendingCap(model, endpoint_price(settings), budget)
    async with within_limits(capped, max_tokens) as timed:
        yield timed


def within_limits(model: LLM, max_tokens: int) -> LLM:
    """Its answers no longer than that, and left after `ENDPOINT_SECONDS`."""
    return Deadline(_Shortened(model, max_tokens), ENDPOINT_SECONDS)


class _Shortened(Layer):
    """Asks for no longer answers than agreed to."""

    def __init__(self, inner: LLM, max_tokens: int) -> None:
        super().__init__(inner)
        self._max_tokens = max_tokens

    def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
        shorter = min(request.max_tokens, self._max_tokens)
        return self.inner.stream(replace(request, max_tokens=shorter))
