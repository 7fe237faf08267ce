"""How long an answer takes, to its first text and to its end: the one way in
which all chapters time a request.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from math import inf

from lab.traffic import Arrival, open_loop
from optimizations.clock import now
from optimizations.errors import LLMError
from optimizations.llm import LLM, Chunk, Request


@dataclass(frozen=True, slots=True)
class Timing:
    """How one request went, in seconds from when it was sent."""

    first_text: float  # infinite where none came
    total: float
    text: str
    error: LLMError | None
    queued: float = 0.0  # of that, waiting for a slot of ours

    @property
    def answered(self) -> bool:
        return self.error is None


async def timed(
    llm: LLM, request: Request, tell: Callable[[str], None] | None = None
) -> Timing:
    """Ask, and read the answer to its end."""
    timing = await timed_stream(llm.stream(request), tell)
    return replace(timing, queued=request.trace.queued_seconds)


async def timed_stream(
    stream: AsyncGenerator[Chunk, None],
    tell: Callable[[str], None] | None = None,
) -> Timing:
    """Read an answer to its end, told on as it comes; an error of the model
    is a result, too.
    """
    began, first, error = now(), inf, None
    texts = []
    try:
        async with aclosing(stream) as chunks:
            async for chunk in chunks:
                if chunk.text and first == inf:
                    first = now() - began
                texts.append(chunk.text)
                if tell is not None:
                    tell(chunk.text)
    except LLMError as raised:
        error = raised
    return Timing(first, now() - began, "".join(texts), error)


async def timed_open_loop(llm: LLM, coming: Sequence[Arrival]) -> list[Timing]:
    """Send each request when it is due, whatever became of the others; times
    count from when it was due.
    """

    async def send(request: Request, due: float) -> Timing:
        late = now() - due
        timing = await timed(llm, request)
        return replace(
            timing,
            first_text=late + timing.first_text,
            total=late + timing.total,
        )

    return await open_loop(send, coming)
