"""Wait for something, but only so long, and never lose a cancellation.

The problem: what stands beside the chatbot (a store, a server across the
network) must not hold it up, and `asyncio.timeout` bounds a wait. But a
cancelled wait may not end: a library may swallow the cancellation. In Python
3.11 `asyncio.wait_for` does where the result comes in the same moment, and
redis-py sends through it. Then a caller who has left goes on being served.

The idea: a task counts how often it was cancelled. If that count has risen
while it waited, then the cancellation is raised here, late but not lost.

When it does not help: what blocks the loop cannot be interrupted by it. And a
library that swallows and then waits on is only left when its own wait ends.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from optimizations.clock import now

T = TypeVar("T")

STORE_SECONDS = 0.25
"""For a store beside the chatbot. A reader hardly notices it, and it is more
than a store on the same network needs when all is well.
"""


async def within(seconds: float, work: Awaitable[T]) -> T:
    """What `work` gives. Raises `TimeoutError` where that takes longer."""
    task = asyncio.current_task()
    assert task is not None
    cancelled_before = task.cancelling()
    async with asyncio.timeout(seconds):
        try:
            return await work
        finally:
            if task.cancelling() > cancelled_before:
                raise asyncio.CancelledError


async def within_own_time(seconds: float, work: Awaitable[T]) -> T:
    """As `within`, not counting the time for which this loop itself was busy:
    for limits so short that a pause of ours would look like one of theirs.
    """
    task = asyncio.ensure_future(work)
    due = now() + seconds
    try:
        await asyncio.wait([task], timeout=seconds)
        if not task.done():
            late_seconds = now() - due
            await asyncio.wait([task], timeout=min(late_seconds, seconds))
    finally:
        if not task.done():
            task.cancel()
            await asyncio.wait([task])
        if not task.cancelled():
            task.exception()  # heard of, or asyncio would print it
    if task.cancelled():
        raise TimeoutError
    return task.result()
