"""Records: one line for each finished request, from which all that is measured
comes.

Counting inside every layer gives figures that disagree. Here one layer,
outermost, sees what the user saw, cache hits and refusals included, and writes
a frozen `Record` when the request is over, however it ended: answered,
refused, failed, cut short, or left by its reader. Metrics, alerts, history and
reports read records and never touch a request.

Times count from when a request was *meant* to be sent (`trace.sent_at`), where
the caller said so: a client that stalls would otherwise hide its own stall. A
reader's pauses are not the model's time and are left out, so the stream may be
read as slowly as one likes. A sink that fails costs a record, never an answer.

When it does not help: a stream that nobody begins to read was never a request,
and leaves no record. Cost is that of the answer seen here; what lost attempts
cost stands in the provider's bill alone.
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Literal

from optimizations.clock import now
from optimizations.errors import (
    BadRequest,
    Incomplete,
    LLMError,
    Refused,
    TimedOut,
)
from optimizations.llm import LLM, Chunk, Endings, Layer, Request, Usage
from optimizations.tokens import (
    Price,
    TokenCounter,
    count_prompt,
    count_tokens,
)

Outcome = Literal[
    "answer", "invalid", "refused", "timed out", "failed", "incomplete", "left"
]


@dataclass(frozen=True, slots=True)
class Record:
    """How one request went. Durations are seconds of the model's time."""

    request_id: str
    tenant: str
    model: str
    started: float  # on the clock of `now()`: when it was meant to be sent
    ttft_seconds: float | None  # to the first text; None: none came
    e2e_seconds: float  # to its end
    longest_gap_seconds: float  # between two pieces of text
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int
    estimated: bool  # tokens counted by us: the provider did not say
    nanodollars: int  # 0 where no model was asked
    outcome: Outcome
    code: str  # of the error; empty for an answer
    served_by: str
    attempts: int
    queued_seconds: float
    at: float  # wall clock, seconds since 1970: a stamp, never compared

    @property
    def good(self) -> bool | None:
        """Whether we kept our promise; None where the caller broke it off, or
        asked what cannot be answered.
        """
        if self.outcome in ("left", "invalid"):
            return None
        return self.outcome == "answer"


Sink = Callable[[Record], None]


class Monitored(Layer):
    """Hands one record of each request to every sink. With a `price`, records
    have a cost.
    """

    def __init__(
        self,
        inner: LLM,
        sinks: Sequence[Sink] = (),
        *,
        price: Price | None = None,
        count: TokenCounter = count_tokens,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(inner)
        self.running = 0
        self.records = 0
        self.sink_failures = 0
        self._sinks = tuple(sinks)
        self._price = price
        self._count = count
        self._wall_clock = wall_clock

    def snapshot(self) -> Mapping[str, float]:
        return {
            "running": self.running,
            "records": self.records,
            "sink_failures": self.sink_failures,
        }

    async def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
        watch = _Watch(request)
        outcome: Outcome = "left"
        code = ""
        self.running += 1
        try:
            async with aclosing(self.inner.stream(request)) as chunks:
                async for chunk in chunks:
                    watch.saw(chunk)
                    yield chunk
                    watch.go_on()
            outcome, code = _ending(None, watch.endings.whole)
        except BaseException as error:
            outcome, code = _ending(error, watch.endings.whole)
            raise
        finally:
            watch.stop()
            self.running -= 1
            self._emit(self._record(watch, outcome, code))

    def _record(self, watch: _Watch, outcome: Outcome, code: str) -> Record:
        request, trace = watch.request, watch.request.trace
        usage = watch.usage or self._estimate(watch)
        price = self._price if trace.attempts > 0 else None
        return Record(
            request_id=request.request_id,
            tenant=request.tenant,
            model=request.model,
            started=watch.started,
            ttft_seconds=watch.ttft_seconds,
            e2e_seconds=watch.seconds,
            longest_gap_seconds=watch.longest_gap_seconds,
            prompt_tokens=usage.prompt_tokens,
            completion_tokens=usage.completion_tokens,
            cached_tokens=usage.cached_tokens,
            estimated=usage.estimated,
            nanodollars=0 if price is None else price.nanodollars(usage),
            outcome=outcome,
            code=code,
            served_by=trace.served_by,
            attempts=trace.attempts,
            queued_seconds=trace.queued_seconds,
            at=self._wall_clock(),
        )

    def _estimate(self, watch: _Watch) -> Usage:
        """What the provider did not say: counted, where anything came."""
        if not watch.texts:
            return Usage(0, 0, estimated=True)
        return Usage(
            count_prompt(watch.request.messages, self._count),
            self._count("".join(watch.texts)),
            estimated=True,
        )

    def _emit(self, record: Record) -> None:
        self.records += 1
        for sink in self._sinks:
            try:
                sink(record)
            except Exception:
                self.sink_failures += 1


class _Watch:
    """Times the model on one request; stands still while the reader has the
    chunk.
    """

    def __init__(self, request: Request) -> None:
        self.request = request
        self._since: float | None = now()
        sent_at = request.trace.sent_at
        self.started = self._since if sent_at is None else sent_at
        self.seconds = max(0.0, self._since - self.started)
        self.ttft_seconds: float | None = None
        self.longest_gap_seconds = 0.0
        self.usage: Usage | None = None
        self.texts: list[str] = []
        self.endings = Endings(request)
        self._last_text = 0.0

    def saw(self, chunk: Chunk) -> None:
        """A chunk is here; the watch stops."""
        self.stop()
        self.usage = chunk.usage or self.usage
        self.endings.add(chunk)
        if not chunk.text:
            return
        self.texts.append(chunk.text)
        if self.ttft_seconds is None:
            self.ttft_seconds = self.seconds
        else:
            gap = self.seconds - self._last_text
            self.longest_gap_seconds = max(self.longest_gap_seconds, gap)
        self._last_text = self.seconds

    def go_on(self) -> None:
        """The reader wants more."""
        self._since = now()

    def stop(self) -> None:
        if self._since is not None:
            self.seconds += now() - self._since
            self._since = None


def _ending(error: BaseException | None, whole: bool) -> tuple[Outcome, str]:
    """The outcome that a record names, and the error's code."""
    match error:
        case None if not whole:
            return "incomplete", Incomplete.code
        case None:
            return "answer", ""
        case BadRequest():
            return "invalid", error.code
        case Refused():
            return "refused", error.code
        case TimedOut():
            return "timed out", error.code
        case Incomplete():
            return "incomplete", error.code
        case LLMError():
            return "failed", error.code
        case Exception():
            return "failed", LLMError.code
        case _:  # cancelled, or closed by its reader
            return "answer" if whole else "left", ""
