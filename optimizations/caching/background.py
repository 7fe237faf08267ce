"""Work that nobody waits for: one piece for each key, a bounded number at a
time, all ended on closing.

The problem: `create_task` and forget. Nothing keeps the task, so it may
vanish; nothing bounds how many there are; an error is printed when the program
ends, and closing leaves the rest behind. So here the tasks are kept, counted,
and cancelled by whoever started them.

And work that is wanted again at once, over and over, has evidently not helped:
it failed, or its result could not be used. So where that is wanted, the same
key has to wait a little after each time, twice as long after the next, until
nobody has asked for a while. Otherwise every reader of a stale answer would
start one more attempt on a provider that is down.

When it does not help: for what must be done. Work that finds no room is not
done, and nobody is told but the counters.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from math import inf

from optimizations.arguments import at_least_one
from optimizations.caching.memory.lru import LRUCache
from optimizations.clock import now

_LONGEST_PAUSE_SECONDS = 60.0
_REMEMBERED = 10_000  # keys, with when they may start again


class Background:
    """At most `max_running` pieces of work at a time. The same key has to
    wait `first_pause_seconds` after the first time, by default not at all.
    """

    def __init__(
        self, max_running: int, *, first_pause_seconds: float = 0.0
    ) -> None:
        at_least_one(max_running=max_running)
        if not 0 <= first_pause_seconds <= _LONGEST_PAUSE_SECONDS:
            raise ValueError(
                "first_pause_seconds must be from 0 to "
                f"{_LONGEST_PAUSE_SECONDS:g}, not {first_pause_seconds}"
            )
        self.started = self.failed = self.refused = 0
        self._max_running = max_running
        self._first_pause_seconds = first_pause_seconds
        self._running: dict[Hashable, asyncio.Task[None]] = {}
        self._pauses: LRUCache[Hashable, _Pause] = LRUCache(_REMEMBERED)
        self._closed = False

    def __len__(self) -> int:
        return len(self._running)

    def start(
        self, key: Hashable, work: Callable[[], Awaitable[object]]
    ) -> bool:
        """Whether it was begun: not where the same is under way or was just
        now, or too much else is under way.
        """
        pause = self._pauses.get(key) or _Pause(self._first_pause_seconds)
        if (
            self._closed
            or key in self._running
            or pause.until > now()
            or len(self) >= self._max_running
        ):
            self.refused += 1
            return False
        self.started += 1
        self._pauses[key] = pause
        task = asyncio.create_task(self._do(work), name="background")
        self._running[key] = task
        task.add_done_callback(lambda _: self._ended(key, pause))
        return True

    async def aclose(self) -> None:
        """Cancel what is under way, and wait until it has ended; begin no
        more.
        """
        self._closed = True
        tasks = list(self._running.values())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def _do(self, work: Callable[[], Awaitable[object]]) -> None:
        try:
            await work()
        except Exception:  # nobody waits; whoever needs it asks again
            self.failed += 1

    def _ended(self, key: Hashable, pause: _Pause) -> None:
        del self._running[key]
        pause.begin()


class _Pause:
    """Until when a key may not start again."""

    def __init__(self, first_seconds: float) -> None:
        self.until = -inf
        self._first_seconds = first_seconds
        self._seconds = 0.0

    def begin(self) -> None:
        """Twice as long as the last one, if that has just ended."""
        soon = now() < self.until + 2 * self._seconds
        self._seconds = (
            min(2 * self._seconds, _LONGEST_PAUSE_SECONDS)
            if soon
            else self._first_seconds
        )
        self.until = now() + self._seconds
