"""A paid endpoint, used only on request: what it will cost, and a cap on it.

The estimate assumes that every answer is as long as allowed, so the bill can
only be lower; and the cap is kept while running, not only promised before:
each request first reserves the most that it can cost.
"""

from __future__ import annotations

import math
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace

from lab.settings import Settings
from optimizations.errors import RateLimited
from optimizations.llm import LLM, Chunk, Layer, Request, Usage
from optimizations.tokens import Price, count_prompt

_PROMPT_TOKENS = (
    60  # a question of the bank with what the format adds, rounded up
)


def endpoint_price(settings: Settings) -> Price:
    """What the configured model costs."""
    return Price(
        settings.prompt_price, settings.prompt_price, settings.completion_price
    )


def estimate_dollars(
    settings: Settings, requests: int, max_tokens: int
) -> float:
    """The most that so many requests with answers so long can cost."""
    usage = Usage(_PROMPT_TOKENS, max_tokens)
    return requests * endpoint_price(settings).nanodollars(usage) / 1e9


class SpendingCap(Layer):
    """Refuses the request that could take the bill over `max_dollars`."""

    def __init__(self, inner: LLM, price: Price, max_dollars: float) -> None:
        if not 0 <= max_dollars < math.inf:
            raise ValueError("max_dollars must be 0 or more, and finite")
        super().__init__(inner)
        self._price = price
        self._left = round(max_dollars * 1e9)  # nanodollars

    async def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
        most = Usage(
            count_prompt(request.messages),
            request.max_tokens * request.choices,
        )
        reserved = self._price.nanodollars(most)
        if reserved > self._left:
            raise RateLimited("the spending cap of this run is reached")
        self._left -= reserved
        async with aclosing(self.inner.stream(request)) as chunks:
            async for chunk in chunks:
                if chunk.usage is not None:  # the rest of the reservation
                    spent = self._price.nanodollars(chunk.usage)
                    self._left += reserved - spent
                    reserved = spent
                yield chunk


@asynccontextmanager
async def endpoint_model(
    settings: Settings, max_tokens: int
) -> AsyncIterator[LLM]:
    """The configured endpoint, its answers no longer than `max_tokens`."""
    from optimizations.http_model import HTTPModel

    model = HTTPModel(
        settings.openai_base_url,
        api_key=settings.openai_api_key,
        model=settings.openai_model,
        name="endpoint",
    )
    capped = SpendingCap(model, endpoint_price(settings), settings.max_dollars)
    async with _Shortened(capped, max_tokens) as short:
        yield short


class _Shortened(Layer):
    """Asks for no longer answers than agreed to."""

    def __init__(self, inner: LLM, max_tokens: int) -> None:
        super().__init__(inner)
        self._max_tokens = max_tokens

    def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
        shorter = min(request.max_tokens, self._max_tokens)
        return self.inner.stream(replace(request, max_tokens=shorter))
