"""Many at once, but not all at once.

A request to a model is nearly all waiting, so one thread can wait for
thousands. `asyncio.gather` over ten thousand coroutines does just that, and is
wrong four times: ten thousand tasks exist before the first answer comes; the
provider answers most of them with 429; every timeout starts at once, so
requests die in the queue that they form; and the first error does not stop the
others, which go on, and are billed, for nobody.

Here a few workers share one iterator. Each takes the next job when it has
finished one, so at most `limit` run, and the jobs themselves are made only
when their turn comes: a generator over a file of a million prompts is never
held in memory. A fast answer does not wait for slow neighbours, as it would if
the jobs went in blocks of `limit`.

When it does not help: it bounds *this* call only. What bounds all callers of a
model together is a `ConcurrencyLimit` around it. A job that streams is over
when its coroutine returns; nothing here looks at chunks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, TypeVar

T = TypeVar("T")

Job = Callable[[], Coroutine[Any, Any, T]]
"""A coroutine function without arguments; `functools.partial` makes one."""


async def gather_bounded(jobs: Iterable[Job[T]], limit: int) -> list[T]:
    """Run all jobs, at most `limit` at a time; their results in their order.

    The first error cancels the other jobs, waits until they have let go of
    what they held, and is raised. So does a cancellation from outside.
    """
    if limit < 1:
        raise ValueError(f"limit must be at least 1, not {limit}")
    numbered = enumerate(jobs)
    results: dict[int, T] = {}

    async def work() -> None:
        for index, job in numbered:  # shared: each job goes to one worker
            results[index] = await job()

    workers = [asyncio.create_task(work()) for _ in range(limit)]
    try:
        await asyncio.gather(*workers)
    finally:
        for worker in workers:
            worker.cancel()
        await asyncio.wait(workers)
    return [results[index] for index in range(len(results))]
