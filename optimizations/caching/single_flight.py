"""Ask once for many: identical requests in the air at the same time share one
answer.

The problem: a cache helps whoever comes *after* the first answer. When a
thousand people ask the same thing at once (a news item, a cache entry that has
just expired), all thousand miss. The idea: the first request takes off; while
it flies, whoever asks the same joins its stream, from the first chunk, however
late.

The flight belongs to nobody. Its stream is drained by a pump of its own, so
the leader may be cancelled and the others still get their answer; the last to
leave cancels it. An error reaches all who waited, and is not remembered: the
next request takes off anew.

Its readers have different deadlines. No reader may be cut off at another's, so
the flight's request has no `deadline`: each reader times itself, outside. But
what is of use to nobody need not begin. So the flight is `due` at the latest
deadline of its readers, at first the leader's, and later whenever one joins
who has more time: a limiter or a retry inside still refuses at once what would
come too late for all of them.

Nor may a reader who pauses (a phone in a tunnel) hold up the others. It is
waited for as long as the pump has room, and a moment longer; then it alone
gets `Incomplete`, with the text that it had.

Requests share a flight only if they could share a cached answer: equal in all
that changes it, `reusable`, and all wanting pieces or all wanting the whole.
Whoever wants a new answer (`no_cache`), or a younger one than the flight asked
for, takes off anew, and who comes later joins that flight.

When it does not help: where identical requests are rare. A flight costs a
task, so it stands behind the cache: a hit does not pay for it. Across
processes each has its own flight. The name and idea are from Go's
`singleflight`, which knows no streams.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, aclosing
from dataclasses import replace

from optimizations.caching.keys import exact_key, may_share
from optimizations.caching.store import reusable
from optimizations.errors import Refused
from optimizations.llm import LLM, Chunk, Layer, Request, Trace
from optimizations.pump import Pump

Key = tuple[str, bool]


class SingleFlight(Layer):
    """One stream of `inner` for all who ask the same at the same time.

    In the trace of whoever took off stands how it was served; a follower gets
    `served_by` alone, and no attempts: the model was not asked for it.
    """

    def __init__(self, inner: LLM) -> None:
        super().__init__(inner)
        self.flights = self.followers = 0
        self._open: dict[Key, _Flight] = {}  # to whoever asks the same
        self._in_the_air: list[_Flight] = []
        self._closed = False

    async def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
        if not reusable(request):
            async with aclosing(self.inner.stream(request)) as chunks:
                async for chunk in chunks:
                    yield chunk
            return
        key = exact_key(request), request.streamed
        flight = self._open.get(key)
        leads = (
            flight is None
            or not flight.pump.joinable
            or request.cache.no_cache  # none that began before this
            or request.cache.max_age_seconds < flight.max_age_seconds
        )
        if flight is None or leads:
            flight = self._take_off(key, request)
        else:
            self.followers += 1
            flight.prolong(request.due)
        try:
            async with aclosing(flight.pump.read()) as chunks:
                async for chunk in chunks:
                    yield chunk
        finally:
            flight.report(request.trace, leads=leads)

    def forget(self, request: Request) -> None:
        """Let nobody join the flights any more whose answer a store might find
        for this request. Whoever is on board gets what was asked for.
        """
        for key, flight in list(self._open.items()):
            if may_share(flight.request, request):
                del self._open[key]

    def snapshot(self) -> Mapping[str, float]:
        """Flights begun, requests that joined one, and flights in the air."""
        return {
            "flights": self.flights,
            "followers": self.followers,
            "in_the_air": len(self._in_the_air),
        }

    async def aclose(self) -> None:
        """Whoever still reads gets `Incomplete`."""
        self._closed = True
        async with AsyncExitStack() as closing:
            closing.push_async_callback(super().aclose)
            for flight in list(self._in_the_air):
                closing.push_async_callback(flight.pump.aclose)

    def _take_off(self, key: Key, request: Request) -> _Flight:
        if self._closed:
            raise Refused("the flights are closed")

        def land() -> None:
            self._in_the_air.remove(flight)
            # A later flight may stand in its place by now.
            if self._open.get(key) is flight:
                del self._open[key]

        trace = Trace(due=request.due)
        alone = replace(request, deadline=None, trace=trace)
        pump = Pump(self.inner.stream(alone), on_end=land)
        flight = self._open[key] = _Flight(alone, pump)
        self._in_the_air.append(flight)
        self.flights += 1
        return flight


class _Flight:
    """A pump, and how its one request is served."""

    def __init__(self, request: Request, pump: Pump) -> None:
        self.request = request
        self.pump = pump
        # a cache inside may answer it, with what is as old as that
        self.max_age_seconds = request.cache.max_age_seconds
        self._trace = request.trace

    def prolong(self, due: float) -> None:
        """One more reader, who waits until then. Whoever leaves takes no time
        back: counting that would make each leaving slower, the more there are.
        """
        self._trace.due = max(self._trace.due, due)

    def report(self, trace: Trace, *, leads: bool) -> None:
        """Tell a reader how it was served."""
        trace.served_by = self._trace.served_by
        trace.age_seconds = self._trace.age_seconds
        if leads:
            trace.attempts += self._trace.attempts
            trace.queued_seconds += self._trace.queued_seconds
