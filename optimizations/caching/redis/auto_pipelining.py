"""One round trip for all that is asked in the same turn of the event loop.

The problem: sixty-four tasks look something up across a network, each on its
own: sixty-four small writes, reads and wake-ups, where the wire and the other
side could have carried all at once. The idea: what is asked is only noted. At
the end of the loop's turn everything noted goes out as one batch. Nobody waits
for company: a turn ends anyway. While a batch is on its way the next one
gathers, so the busier it gets, the larger the batches, with no number to tune.

An item belongs to its caller alone: one who leaves takes no other along, and
the batch goes on. Batches start in the order in which items came; with
`max_running` = 1 they also end in it.

When it does not help: one caller at a time. Its batch has one item, and took a
detour through a task. Nor where one item can spoil the call for all, or where
a call is so dear that company is worth waiting for, as with a model: take
`optimizations/batcher.py`, which lingers, and halves what failed.

Facebook's DataLoader gathers by turns of the loop; ioredis and rueidis call it
auto-pipelining.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial
from typing import Generic, TypeVar

from optimizations.arguments import at_least_one

Item = TypeVar("Item")
Result = TypeVar("Result")

_CLOSED = "the pipeline was closed"


class AutoPipeline(Generic[Item, Result]):
    """Hands items to `handler`, which gives a result for each, in order; an
    error of it reaches all of its batch.

    A batch has at most `max_size` items, at most `max_running` batches are on
    their way, and at most `max_waiting` items wait for theirs.
    """

    def __init__(
        self,
        handler: Callable[[Sequence[Item]], Awaitable[Sequence[Result]]],
        *,
        max_size: int = 512,
        max_running: int = 1,
        max_waiting: int = 10_000,
    ) -> None:
        at_least_one(
            max_size=max_size, max_running=max_running, max_waiting=max_waiting
        )
        self.batches = 0
        self._handler = handler
        self._max_size = max_size
        self._max_running = max_running
        self._max_waiting = max_waiting
        self._waiting: deque[tuple[Item, asyncio.Future[Result]]] = deque()
        self._running: list[asyncio.Task[None]] = []
        self._turn: asyncio.Handle | None = None  # until the turn ends

    def submit(self, item: Item) -> asyncio.Future[Result]:
        """Await it for the result. Raises `QueueFull` where too much waits."""
        if len(self._waiting) >= self._max_waiting:
            raise asyncio.QueueFull
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Result] = loop.create_future()
        self._waiting.append((item, future))
        if self._turn is None:
            self._turn = loop.call_soon(self._end_turn)
        return future

    async def aclose(self) -> None:
        """End at once: whoever still waits gets a `ConnectionError`."""
        if self._turn is not None:
            self._turn.cancel()
            self._turn = None
        _fail(self._waiting, ConnectionError(_CLOSED))
        self._waiting.clear()
        running = list(self._running)
        for task in running:
            task.cancel()
        if running:
            await asyncio.wait(running)

    def _end_turn(self) -> None:
        self._turn = None
        while self._waiting and len(self._running) < self._max_running:
            batch = self._next_batch()
            if not batch:
                return
            task = asyncio.create_task(self._run(batch), name="batch")
            self._running.append(task)
            task.add_done_callback(partial(self._ended, batch))
            self.batches += 1

    def _next_batch(self) -> list[tuple[Item, asyncio.Future[Result]]]:
        """The oldest items for which somebody still waits."""
        batch: list[tuple[Item, asyncio.Future[Result]]] = []
        while self._waiting and len(batch) < self._max_size:
            item, future = self._waiting.popleft()
            if not future.done():
                batch.append((item, future))
        return batch

    async def _run(
        self, batch: Sequence[tuple[Item, asyncio.Future[Result]]]
    ) -> None:
        try:
            results = await self._handler([item for item, _ in batch])
            for (_, future), result in zip(batch, results, strict=True):
                if not future.done():  # its caller may have left
                    future.set_result(result)
        except Exception as error:
            _fail(batch, error)

    def _ended(
        self,
        batch: Sequence[tuple[Item, asyncio.Future[Result]]],
        task: asyncio.Task[None],
    ) -> None:
        """A callback rather than a `finally`: a task cancelled before its
        first step never enters its own body.
        """
        self._running.remove(task)
        _fail(batch, ConnectionError(_CLOSED))
        if self._waiting and self._turn is None:
            self._end_turn()


def _fail(
    batch: Iterable[tuple[Item, asyncio.Future[Result]]], error: Exception
) -> None:
    for _, future in batch:
        if not future.done():
            future.set_exception(error)
            # Now it counts as heard: whoever leaves in this very moment does
            # not make asyncio print a traceback.
            future.exception()
