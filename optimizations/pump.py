"""A pump: one task that owns a stream, so that others can share it, race it,
or read it later.

An async generator has a single reader, and cancelling that reader's `anext`
kills it. So nobody can look at a stream "for a moment", hand it to two people,
or keep it flowing while a slow reader pauses. A pump can: its task drains the
stream into a bounded buffer, and any number of readers follow, each at its own
pace and each from the first chunk.

- Up to `limit_bytes` all is kept, so whoever comes late still starts at chunk
  0. Beyond it, what every reader has had is dropped, newcomers are refused
  (`joinable`), and the pump waits for its slowest reader: that is
  backpressure.
- An error of the stream reaches every reader, after the chunks that came
  before it.
- The last reader to leave cancels the task, and waits until the stream has
  given back all that it held.

When it does not help: a stream with one reader who keeps up needs no pump; a
task costs about as much as a cache hit.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from optimizations.errors import Incomplete
from optimizations.llm import Chunk

LIMIT_BYTES = 256 * 1024


class Pump:
    """Drains `source` in a task of its own; `read()` follows it. Make and read
    it inside a running loop.
    """

    def __init__(
        self,
        source: AsyncGenerator[Chunk, None],
        *,
        limit_bytes: int = LIMIT_BYTES,
        on_end: Callable[[], None] = lambda: None,
    ) -> None:
        if limit_bytes < 1:
            raise ValueError(
                f"limit_bytes must be at least 1, not {limit_bytes}"
            )
        self._source = source
        self._limit_bytes = limit_bytes
        self._on_end = on_end  # called once: it ended, failed, was cancelled
        self._kept: deque[Chunk] = deque()
        self._kept_bytes = 0
        self._dropped = 0  # chunks at the front that are no longer kept
        # of each reader: the next chunk it wants
        self._positions: dict[object, int] = {}
        self._error: BaseException | None = None
        self._ended = False
        # replaced by a fresh one at each change
        self._changed = asyncio.Event()
        self._task = asyncio.create_task(self._drain(), name="pump")
        self._task.add_done_callback(self._finish)

    @property
    def joinable(self) -> bool:
        """Whether a new reader would still get every chunk from the first."""
        return self._dropped == 0 and not self._task.cancelling()

    async def read(self) -> AsyncGenerator[Chunk, None]:
        """Every chunk from the first, then the stream's own end or error."""
        if not self.joinable:
            raise RuntimeError(
                "this pump has dropped its first chunks: "
                "ask `joinable` before `read`"
            )
        me = object()
        self._positions[me] = 0
        try:
            while True:
                position = self._positions[me]
                if position < self._dropped + len(self._kept):
                    chunk = self._kept[position - self._dropped]
                    self._positions[me] = position + 1
                    self._make_room()
                    yield chunk
                elif self._ended:
                    if self._error is not None:
                        raise self._error.with_traceback(None)
                    return
                else:
                    await self._changed.wait()
        finally:
            del self._positions[me]
            self._make_room()
            if not self._positions:
                await self.aclose()

    async def aclose(self) -> None:
        """Stop the task, and wait until the stream is closed."""
        if not self._task.done():
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _drain(self) -> None:
        async with aclosing(self._source) as chunks:
            async for chunk in chunks:
                while self._kept_bytes >= self._limit_bytes:
                    await self._changed.wait()
                self._kept.append(chunk)
                self._kept_bytes += _size(chunk)
                self._make_room()
                self._wake()

    def _finish(self, task: asyncio.Task[None]) -> None:
        """A callback rather than a `finally`: a task cancelled before its
        first step never enters its own body.
        """
        self._ended = True
        self._error = (
            Incomplete(message="the stream was closed")
            if task.cancelled()
            else task.exception()
        )
        self._wake()
        self._on_end()

    def _make_room(self) -> None:
        """Over the limit, drop what every reader has had."""
        if self._kept_bytes < self._limit_bytes or not self._positions:
            return
        slowest = min(self._positions.values())
        while self._kept and self._dropped < slowest:
            self._kept_bytes -= _size(self._kept.popleft())
            self._dropped += 1
        self._wake()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


def _size(chunk: Chunk) -> int:
    """About what a chunk weighs: one without text is not free either."""
    return len(chunk.text) + (len(str(chunk.extra)) if chunk.extra else 0) + 64
