"""Three clocks for a stream, because one cannot tell slow from dead.

A total of 30 s kills a long answer that flows well; a total of 10 minutes
leaves a dead one on the screen for 10 minutes. What a healthy stream never
does is fall silent. So each silence has its own clock, and whoever is late is
named:

- *connect*: from the first packet to an open connection. Belongs to whoever
  opens it (`HTTPModel`).
- *first token*: queue and prompt. Long, and longer for longer prompts.
- *next token*: from one token to the next. Short.

What is no token stops no clock: an announced role, an empty piece or a
heartbeat says that somebody is there, not that an answer comes. And only the
model is timed: while the reader does something else, the clocks stand still.
When one runs out, the inner stream is closed, so the slot comes back, and
`TimedOut` says which clock and how long.

When it does not help: against a drip just quicker than the clock; `Deadline`
bounds the whole. An answer that is not streamed has one chunk, so only the
first clock. Too short a clock kills what needed patience, and the retry pays
again: start from the p99.9 of what you measured.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from math import inf

from optimizations.clock import now
from optimizations.errors import TimedOut
from optimizations.llm import LLM, Chunk, Layer, Request
from optimizations.streaming.watchdog import Expired, Watchdog


class Timeouts(Layer):
    """Gives the model `first_token_seconds` to begin, and
    `next_token_seconds` for each token after that.
    """

    def __init__(
        self,
        inner: LLM,
        *,
        first_token_seconds: float = 30.0,
        next_token_seconds: float = 10.0,
    ) -> None:
        super().__init__(inner)
        for seconds in (first_token_seconds, next_token_seconds):
            if not 0 < seconds < inf:
                raise ValueError(
                    "first_token_seconds and next_token_seconds must be "
                    f"positive and finite, not {seconds}"
                )
        self.first_token_seconds = first_token_seconds
        self.next_token_seconds = next_token_seconds
        self.fired = {"first token": 0, "next token": 0}

    async def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
        phase, allowed = "first token", self.first_token_seconds
        waited = 0.0  # for the token that is due, in all waits for it
        watchdog = Watchdog()
        try:
            async with aclosing(self.inner.stream(request)) as chunks:
                while True:
                    asked = now()
                    with watchdog.until(asked + allowed - waited):
                        chunk = await anext(chunks)
                    waited += now() - asked
                    if chunk.is_token:
                        phase, allowed = "next token", self.next_token_seconds
                        waited = 0.0
                    yield chunk
        except StopAsyncIteration:
            return
        except Expired:
            self.fired[phase] += 1
            raise TimedOut(phase, allowed) from None
        finally:
            watchdog.close()

    def snapshot(self) -> Mapping[str, float]:
        return {
            "first_token_timeouts": self.fired["first token"],
            "next_token_timeouts": self.fired["next token"],
        }
