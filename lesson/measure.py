"""What the demonstrations of all chapters measure and write alike."""

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

    @property
    def answered(self) -> bool:
        return self.error is None


async def timed(
    llm: LLM, request: Request, tell: Callable[[str], None] | None = None
) -> Timing:
    """Ask, and read the answer to its end."""
    return await timed_stream(llm.stream(request), tell)


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


def percentile(seconds: Sequence[float], share: float) -> float:
    """The smallest value that at least this share does not exceed."""
    ordered = sorted(seconds)
    rank = -(-len(ordered) * share // 1)  # rounded up
    return ordered[max(int(rank) - 1, 0)] if ordered else inf


def duration(seconds: float) -> str:
    """Three digits, in the unit that suits.

    >>> duration(0.00123), duration(1.234), duration(inf)
    ('1.23 ms', '1.23 s', 'never')
    """
    if seconds == inf:
        return "never"
    if seconds >= 1:
        return f"{seconds:.3g} s" if seconds < 1000 else f"{seconds:.0f} s"
    if seconds >= 0.001:
        return f"{seconds * 1000:.3g} ms"
    return f"{seconds * 1e6:.3g} µs" if seconds else "0"


def share(part: float, whole: float) -> str:
    """A part of a whole in percent; "none" of nothing.

    >>> share(1, 3), share(0, 0)
    ('33 %', 'none')
    """
    return f"{part / whole:.0%}".replace("%", " %") if whole else "none"


def times(count: int) -> str:
    """How often, in words.

    >>> times(0), times(1), times(2), times(3)
    ('not at all', 'once', 'twice', '3 times')
    """
    words = {0: "not at all", 1: "once", 2: "twice"}
    return words.get(count, f"{count} times")


def money(dollars: float) -> str:
    """Dollars, in cents where they are few.

    >>> money(0.0123), money(12.3)
    ('1.230 ct', '$12.30')
    """
    return f"{dollars * 100:.3f} ct" if dollars < 1 else f"${dollars:.2f}"


def figure(value: float, unit: str) -> str:
    """A measured or predicted figure, with its unit.

    >>> figure(0.42, "s"), figure(55, "%"), figure(3, "calls")
    ('420 ms', '55 %', '3 calls')
    """
    if unit == "s":
        return duration(value)
    return f"{value:.3g} {unit}" if value < 1000 else f"{value:.0f} {unit}"
