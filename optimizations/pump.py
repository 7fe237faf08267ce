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
- But one who pauses must not hold up another. While somebody has had all there
  is, and the pump is full because of a laggard, all of `limit_bytes` behind,
  the patience with that one runs out: `patience_seconds` in all. Then it is
  dropped: when it comes back it gets an `Incomplete` with the text that it
  had. One reader alone is waited for without an end.
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
from contextlib import aclosing, suppress
from dataclasses import dataclass

from optimizations.arguments import at_least_one, positive
from optimizations.clock import now
from optimizations.errors import Blame, Incomplete
from optimizations.llm import Chunk

LIMIT_BYTES = 256 * 1024
_AT_AN_END_SECONDS = 1e-6
"""So little patience is none: to wait for less than a clock can tell would be
to look again and again, at the same moment.
"""


@dataclass(eq=False, slots=True)
class _Reader:
    """Where somebody is who reads along."""

    patience_seconds: float  # left: so long may it hold others back
    position: int = 0  # of the next chunk it wants
    waiting: bool = False  # for a chunk that has not come yet
    lost: Incomplete | None = None  # once it was dropped


class Pump:
    """Drains `source` in a task of its own; `read()` follows it. Make and read
    it inside a running loop. A reader may make others wait, beyond a full
    `limit_bytes`, for `patience_seconds` in all.
    """

    def __init__(
        self,
        source: AsyncGenerator[Chunk, None],
        *,
        limit_bytes: int = LIMIT_BYTES,
        patience_seconds: float = 1.0,
        on_end: Callable[[], None] = lambda: None,
    ) -> None:
        at_least_one(limit_bytes=limit_bytes)
        positive(patience_seconds=patience_seconds)
        self._source = source
        self._limit_bytes = limit_bytes
        self._patience_seconds = patience_seconds
        self._on_end = on_end  # called once: it ended, failed, was cancelled
        self._kept: deque[Chunk] = deque()
        self._kept_bytes = 0
        self._dropped = 0  # chunks at the front that are no longer kept
        # what a laggard had; kept only where there was more than one reader
        self._dropped_text: list[str] = []
        self._readers: dict[_Reader, None] = {}  # a set that has an order
        self._shared = False
        self._error: BaseException | None = None
        self._ended = False
        # for the readers: replaced by a fresh one at each change
        self._changed = asyncio.Event()
        # for the pump: it may look again whether it has to wait
        self._room = asyncio.Event()
        self._task = asyncio.create_task(self._drain(), name="pump")
        self._task.add_done_callback(self._finish)

    @property
    def joinable(self) -> bool:
        """Whether a new reader would still get every chunk from the first."""
        return self._dropped == 0 and not self._task.cancelling()

    async def read(self) -> AsyncGenerator[Chunk, None]:
        """Every chunk from the first, then the stream's own end or error; or
        `Incomplete`, where others could wait no longer for this reader.
        """
        if not self.joinable:
            raise RuntimeError(
                "this pump has dropped its first chunks: "
                "ask `joinable` before `read`"
            )
        self._shared = self._shared or bool(self._readers)
        me = _Reader(self._patience_seconds)
        self._readers[me] = None
        try:
            while me.lost is None:
                index = me.position - self._dropped
                if index < len(self._kept):
                    chunk = self._kept[index]
                    me.position += 1
                    me.waiting = False
                    self._make_room()
                    yield chunk
                elif self._ended:
                    if self._error is not None:
                        raise self._error.with_traceback(None)
                    return
                else:
                    me.waiting = True
                    self._room.set()
                    await self._changed.wait()
            raise me.lost
        finally:
            self._readers.pop(me, None)
            self._make_room()
            if not self._readers:
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
                    await self._wait_for_room()
                self._kept.append(chunk)
                self._kept_bytes += _size(chunk)
                self._make_room()
                self._wake()

    async def _wait_for_room(self) -> None:
        """Until a reader moves, or patience with the slowest is at an end."""
        self._room.clear()
        laggards, since = self._laggards(), now()
        patience = min((r.patience_seconds for r in laggards), default=None)
        with suppress(TimeoutError):
            async with asyncio.timeout(patience):
                await self._room.wait()
        for laggard in laggards:
            laggard.patience_seconds -= now() - since
        for laggard in self._laggards():  # who did not catch up meanwhile
            if laggard.patience_seconds < _AT_AN_END_SECONDS:
                self._drop(laggard)
        self._make_room()

    def _laggards(self) -> list[_Reader]:
        """The slowest readers, if another has had all there is and waits."""
        end = self._dropped + len(self._kept)
        if not any(r.waiting and r.position == end for r in self._readers):
            return []
        return [r for r in self._readers if r.position == self._dropped]

    def _drop(self, laggard: _Reader) -> None:
        """A full pump has dropped what its slowest reader has had: just that
        is what the laggard got.
        """
        del self._readers[laggard]
        laggard.lost = Incomplete(
            "".join(self._dropped_text),
            "the reader fell so far behind that others had to wait for it",
        )
        laggard.lost.blame = Blame.NOBODY  # the stream itself is well

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
        if self._kept_bytes < self._limit_bytes or not self._readers:
            return
        slowest = min(reader.position for reader in self._readers)
        while self._kept and self._dropped < slowest:
            chunk = self._kept.popleft()
            self._kept_bytes -= _size(chunk)
            self._dropped += 1
            if self._shared and chunk.index == 0:
                self._dropped_text.append(chunk.text)
        self._room.set()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


def _size(chunk: Chunk) -> int:
    """About what a chunk weighs: one without text is not free either."""
    return len(chunk.text) + (len(str(chunk.extra)) if chunk.extra else 0) + 64
