"""Work that nobody waits for: one piece for each key, a bounded number at a
time, all ended on closing.

The problem: `create_task` and forget. Nothing keeps the task, so it may
vanish; nothing bounds how many there are; an error is printed when the program
ends, and closing leaves the rest behind. So here the tasks are kept, counted,
and cancelled by whoever started them.

When it does not help: for what must be done. Work that finds no room is not
done, and nobody is told but the counters.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable


class Background:
    """At most `max_running` pieces of work at a time."""

    def __init__(self, max_running: int) -> None:
        if not max_running >= 1:
            raise ValueError("max_running must be at least 1")
        self.started = self.failed = self.refused = 0
        self._max_running = max_running
        self._running: dict[Hashable, asyncio.Task[None]] = {}

    def __len__(self) -> int:
        return len(self._running)

    def start(
        self, key: Hashable, work: Callable[[], Awaitable[object]]
    ) -> bool:
        """Begin, unless the same is under way or too much is. Whether it was
        begun.
        """
        if key in self._running or len(self) >= self._max_running:
            self.refused += 1
            return False
        self.started += 1
        task = asyncio.create_task(self._do(work), name="background")
        self._running[key] = task
        task.add_done_callback(lambda _: self._running.pop(key, None))
        return True

    async def aclose(self) -> None:
        """Cancel what is under way, and wait until it has ended."""
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
