"""One budget over everything: queues, attempts, pauses between them, and the
stream.

Each layer's own timeout is no promise to the user: three attempts of 30 s are
90 s. A deadline is one moment in time that travels with the request. Every
layer below can read it and need not begin what cannot end in time: a limiter
refuses at once, a retry does not wait past it, a provider may be told. And
whoever does not look is interrupted when the moment comes.

When it does not help: it says nothing about who was slow. As a moment, it does
not stand still while the reader pauses; a reader who may take long needs a
later one. The text that came before it is with the reader already, and stays
there. gRPC passes deadlines from service to service like this.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import replace

from optimizations.arguments import positive
from optimizations.clock import now
from optimizations.errors import DeadlineExceeded
from optimizations.llm import LLM, Chunk, Layer, Request
from optimizations.streaming.watchdog import Expired, Watchdog


class Deadline(Layer):
    """Gives each request `seconds` from now, or less where it came with an
    earlier deadline, and ends it then.
    """

    def __init__(self, inner: LLM, seconds: float = 60.0) -> None:
        super().__init__(inner)
        positive(seconds=seconds)
        self.seconds = seconds
        self.exceeded = 0

    async def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
        due = now() + self.seconds
        if request.deadline is not None:
            due = min(due, request.deadline)
        bounded = replace(request, deadline=due)
        watchdog = Watchdog()
        try:
            async with aclosing(self.inner.stream(bounded)) as chunks:
                while now() < due:
                    with watchdog.until(due):
                        chunk = await anext(chunks)
                    yield chunk
        except StopAsyncIteration:
            return
        except Expired:
            pass
        finally:
            watchdog.close()
        self.exceeded += 1
        raise DeadlineExceeded

    def snapshot(self) -> Mapping[str, float]:
        return {"deadlines_exceeded": self.exceeded}
