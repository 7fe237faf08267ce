"""Collects what comes one by one, and handles it together.

The first item to come waits a moment (`linger_seconds`) for company; when
the moment is over, or `max_size` have come, the handler runs once for all, and
each caller gets its own result. While all `max_running` handlers are busy, due
batches wait their turn.

What a batch shares must not be shared in trouble. A handler may return an
error for one item; if instead the whole call fails because of one poisoned
item, the batch is halved and halved again until that item fails alone. Items
whose callers left are not run; a batch that nobody waits for any more is
cancelled. Whatever happens, each caller hears of it.

When it does not help: with few callers a batch has one item, which waited for
nothing. Take this where company is worth waiting for and where one item may
spoil a call that is dear: prompts, embeddings. Where a call is cheap and one
item cannot spoil it, as on the wire to a cache, take
`caching/redis/auto_pipelining.py`: it never waits, and never asks twice.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from math import inf
from typing import Any, Generic, TypeVar

from optimizations.errors import (
    Blame,
    ConnectionFailed,
    LLMError,
    Overloaded,
    Refused,
)

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(eq=False, slots=True)
class _Batch(Generic[Item, Result]):
    """First open, then due, then running; left by callers at any time."""

    waiting: dict[asyncio.Future[Result], Item] = field(default_factory=dict)
    timer: asyncio.TimerHandle | None = None  # while open
    task: asyncio.Task[None] | None = None  # while running


class Batcher(Generic[Item, Result]):
    """Collects items and hands them to `handler`, which returns a result or an
    exception for each, in order.

    Only items with the same `key` share a batch. An error for which
    `is_poison` holds is one item's fault and splits the batch; any other goes
    to all of it. At most `max_running` batches run, and at most `max_waiting`
    items are submitted and not answered.
    """

    def __init__(
        self,
        handler: Callable[
            [Sequence[Item]], Awaitable[Sequence[Result | Exception]]
        ],
        *,
        max_size: int = 16,
        linger_seconds: float = 0.01,
        max_running: int = 4,
        max_waiting: int = 1000,
        key: Callable[[Item], Hashable] = lambda item: None,
        is_poison: Callable[[Exception], bool] = lambda error: True,
    ) -> None:
        if min(max_size, max_running, max_waiting) < 1:
            raise ValueError(
                "max_size, max_running and max_waiting must be at least 1, "
                f"not {max_size}, {max_running} and {max_waiting}"
            )
        if not 0 <= linger_seconds < inf:
            raise ValueError(
                "linger_seconds must be from 0 and finite, "
                f"not {linger_seconds}"
            )
        self.pending = self.batches = 0
        self._handler = handler
        self._max_size = max_size
        self._linger_seconds = linger_seconds
        self._max_running = max_running
        self._max_waiting = max_waiting
        self._key = key
        self._is_poison = is_poison
        self._open: dict[Hashable, _Batch[Item, Result]] = {}
        self._due: deque[_Batch[Item, Result]] = deque()
        self._running: list[_Batch[Item, Result]] = []
        self._closed = False

    @property
    def waiting(self) -> int:
        """Batches that are due, and wait for one that runs to end."""
        return len(self._due)

    async def submit(self, item: Item) -> Result:
        """The result for this item. Raises its error; `Overloaded` where too
        much is pending.
        """
        if self._closed:
            raise Refused("the batcher is closed")
        if self.pending >= self._max_waiting:
            raise Overloaded("too many wait for a batch")
        batch = self._open_batch(self._key(item))
        future: asyncio.Future[Result] = (
            asyncio.get_running_loop().create_future()
        )
        batch.waiting[future] = item
        self.pending += 1
        if len(batch.waiting) == self._max_size:
            self._close(self._key(item))
        try:
            return await future
        finally:
            self.pending -= 1
            batch.waiting.pop(future, None)
            if not batch.waiting:
                self._abandon(self._key(item), batch)

    async def aclose(self) -> None:
        """End at once: whoever still waits gets an error."""
        self._closed = True
        for batch in (*self._open.values(), *self._due):
            if batch.timer is not None:
                batch.timer.cancel()
            _fail(list(batch.waiting), Refused("the batcher is closed"))
        self._open.clear()
        self._due.clear()
        tasks = [b.task for b in self._running if b.task is not None]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    def _open_batch(self, key: Hashable) -> _Batch[Item, Result]:
        """The batch that still takes items of this key."""
        if key not in self._open:
            batch = self._open[key] = _Batch[Item, Result]()
            batch.timer = asyncio.get_running_loop().call_later(
                self._linger_seconds, self._close, key
            )
        return self._open[key]

    def _close(self, key: Hashable) -> None:
        """Full, or waited long enough: no more items, and off."""
        batch = self._open.pop(key)
        if batch.timer is not None:
            batch.timer.cancel()
        self._due.append(batch)
        self._start()

    def _start(self) -> None:
        while self._due and len(self._running) < self._max_running:
            batch = self._due.popleft()
            batch.task = asyncio.create_task(
                self._run(batch, list(batch.waiting)), name="batch"
            )
            batch.task.add_done_callback(partial(self._ended, batch))
            self._running.append(batch)

    async def _run(
        self,
        batch: _Batch[Item, Result],
        futures: Sequence[asyncio.Future[Result]],
    ) -> None:
        """Handle those who still wait, all together; where one spoils it, each
        half on its own.
        """
        futures = [future for future in futures if not future.done()]
        if not futures:
            return
        self.batches += 1
        try:
            results = await self._handler([batch.waiting[f] for f in futures])
            if len(results) != len(futures):
                raise _WrongCount(f"{len(results)} for {len(futures)} items")
        except Exception as error:
            if len(futures) == 1 or not self._splits(error):
                _fail(futures, error)
                return
            middle = len(futures) // 2
            await self._run(batch, futures[:middle])
            await self._run(batch, futures[middle:])
            return
        for future, result in zip(futures, results, strict=True):
            if isinstance(result, Exception):
                _fail([future], result)
            elif not future.done():
                future.set_result(result)

    def _splits(self, error: Exception) -> bool:
        return not isinstance(error, _WrongCount) and self._is_poison(error)

    def _ended(
        self, batch: _Batch[Item, Result], task: asyncio.Task[None]
    ) -> None:
        """A callback rather than a `finally`: a task cancelled before its
        first step never enters its own body.
        """
        self._running.remove(batch)
        _fail(batch.waiting, ConnectionFailed("the batch was cancelled"))
        self._start()

    def _abandon(self, key: Hashable, batch: _Batch[Item, Result]) -> None:
        """Its last caller has gone, answered or not."""
        if batch.task is not None:
            batch.task.cancel()
        elif batch in self._due:
            self._due.remove(batch)
        elif self._open.get(key) is batch:
            del self._open[key]
            if batch.timer is not None:
                batch.timer.cancel()


def blames_content(error: Exception) -> bool:
    """For `is_poison`, where the handler asks a provider: one item's content
    spoilt the call. For a model that is not there, none is to blame.
    """
    return isinstance(error, LLMError) and error.blame is Blame.CONTENT


class _WrongCount(RuntimeError):
    """The handler returned too many results, or too few."""


def _fail(futures: Iterable[asyncio.Future[Any]], error: Exception) -> None:
    for future in futures:
        if not future.done():
            future.set_exception(error)
