"""One timer for a million waits.

`asyncio.timeout` around each chunk makes a timer, and throws it away, for
every token. But a chunk nearly always comes in time, so a watchdog need not be
disturbed at each: it keeps one timer, and a note until when the present wait
may last. Only when the timer rings does it read the note: is the wait over, or
a later one, it lies down again until the time noted there. So a stream costs a
timer every few seconds, however many chunks it has.

It watches while its `with` block is open, and that stands around one await:
never around a `yield`, where it would bite whoever reads. What bites is a
cancellation, which comes out of the block as `Expired`. A cancellation from
outside stays one, even if both come in the same moment: the task counts them,
and only the watchdog's own is taken back.

When it does not help: against code that blocks the loop, since then no timer
rings; and for a single wait `asyncio.timeout`, whose rules these are, is
simpler.
"""

from __future__ import annotations

import asyncio
from math import inf
from types import TracebackType
from typing import Self


class Expired(TimeoutError):
    """The wait was over before what it waited for came."""


class Watchdog:
    """Bounds one wait after the other: `with watchdog.until(due): await ...`,
    in the loop's time. Close it at the end.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._due = inf
        self._task: asyncio.Task[object] | None = None  # whose wait it watches
        self._cancelling = 0  # how often that was cancelled before
        self._bitten = False

    def until(self, due: float) -> Self:
        """When the next wait is over."""
        self._due = due
        return self

    def __enter__(self) -> None:
        self._task = asyncio.current_task()
        assert self._task is not None
        self._cancelling = self._task.cancelling()
        if self._timer is None or self._due < self._timer.when():
            self._set_timer()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        task, self._task = self._task, None
        if self._bitten and task is not None:
            self._bitten = False
            if task.uncancel() <= self._cancelling:
                raise Expired from error

    def close(self) -> None:
        """Stop the timer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _set_timer(self) -> None:
        self.close()
        if self._due < inf:
            self._timer = self._loop.call_at(self._due, self._ring, self._due)

    def _ring(self, planned: float) -> None:
        self._timer = None
        if self._task is None:
            return  # between two waits: the next one sets the timer anew
        if self._due > planned:
            self._set_timer()
            return
        self._bitten = True
        self._task.cancel()
