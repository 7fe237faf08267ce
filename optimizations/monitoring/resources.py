"""Resources: is the model slow, or are we?

All of a chatbot's requests share one process and one event loop. When the loop
is kept busy, by a hash over a large prompt or a forgotten blocking call, every
stream stalls at once, and each model looks slow. So two things are measured
beside latency: what the process uses (`sample`, from psutil), and the loop's
lag (`LoopLag`): how much later than it asked for does a task wake up?

When it does not help: the lag says that the loop was blocked and for how long,
not by whom; asyncio's debug mode names the culprit. Costs one wake-up every
tenth of a second.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from typing import Self

import psutil

from optimizations.clock import now


@dataclass(frozen=True, slots=True)
class Resources:
    """What this process uses now."""

    cpu_percent: float  # of one core, since the sample before; 0 at the first
    rss_bytes: int
    open_files: int  # sockets and pipes included; handles on Windows
    threads: int


class ResourceMeter:
    """Samples one process: this one, if no other is named."""

    def __init__(self, pid: int | None = None) -> None:
        self._process = psutil.Process(pid)
        self._process.cpu_percent()  # the first reading means nothing

    def sample(self) -> Resources:
        """Reads what the system counts anyway; nothing is waited for."""
        process = self._process
        with process.oneshot():
            return Resources(
                cpu_percent=process.cpu_percent(),
                rss_bytes=process.memory_info().rss,
                open_files=(
                    process.num_handles()
                    if psutil.WINDOWS
                    else process.num_fds()
                ),
                threads=process.num_threads(),
            )


class LoopLag:
    """While open, wakes up every `every_seconds` and notes how late it was;
    keeps the newest `window` figures.

    Use: `async with LoopLag() as lag: ...`, and read `lag.worst_seconds`.
    """

    def __init__(
        self,
        *,
        every_seconds: float = 0.1,
        window: int = 600,
        clock: Callable[[], float] = now,
    ) -> None:
        if not 0 < every_seconds < inf:
            raise ValueError("every_seconds must be positive and finite")
        if window < 1:
            raise ValueError(f"window must be at least 1, not {window}")
        self._every_seconds = every_seconds
        self._clock = clock
        self._lags: deque[float] = deque(maxlen=window)
        self._task: asyncio.Task[None] | None = None

    def late_share(self, seconds: float) -> float:
        """How many of the wake-ups in the window, 0 to 1, came more than so
        many seconds late.
        """
        late = sum(lag > seconds for lag in self._lags)
        return late / len(self._lags) if self._lags else 0.0

    @property
    def worst_seconds(self) -> float:
        """The worst in the window."""
        return max(self._lags, default=0.0)

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._watch(), name="loop lag")
        return self

    async def __aexit__(self, *exc: object) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _watch(self) -> None:
        while True:
            asked = self._clock()
            await asyncio.sleep(self._every_seconds)
            late = self._clock() - asked - self._every_seconds
            self._lags.append(max(0.0, late))
