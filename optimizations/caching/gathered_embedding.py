"""Many look-ups, one call for their vectors.

The problem: a hundred questions at once are a hundred calls to an embedding
endpoint, each with its own round trip, and some with the same text. The idea:
the first text waits a moment (`linger_seconds`) for company, and then one call
embeds all that came; the same text goes once.

What a call shares must not be shared in trouble. Where the endpoint refuses a
call for its content, each half is asked again, until the text that spoils it
fails alone. Whoever leaves takes only their own text along; a call that nobody
waits for any more is ended.

When it does not help: for embedders in this process. Theirs costs as much a
text together as alone, and the lingering is added.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from math import inf

import numpy as np

from optimizations.caching.embedding import Embedder, Matrix
from optimizations.errors import BadRequest, ConnectionFailed, Overloaded

Waiting = asyncio.Future[Matrix]


@dataclass(eq=False, slots=True)
class _Call:
    """First open, then running; left by those who wait at any time."""

    waiting: dict[str, list[Waiting]] = field(default_factory=dict)
    timer: asyncio.TimerHandle | None = None
    task: asyncio.Task[None] | None = None

    def wanted(self, texts: Sequence[str]) -> list[str]:
        """Those that somebody still waits for."""
        return [
            text
            for text in texts
            if not all(future.done() for future in self.waiting[text])
        ]

    def settle(self, text: str, result: Matrix | Exception) -> None:
        """Tell whoever waits for this text."""
        for future in self.waiting[text]:
            if future.done():
                continue
            if isinstance(result, Exception):
                future.set_exception(result)
            else:
                future.set_result(result)


class GatheredEmbedder(Embedder):
    """Asks `inner` for at most `max_texts` in one call, and has at most
    `max_running` calls on their way. While `max_waiting` texts wait, `embed`
    raises `Overloaded`.

    Closing it closes `inner`.
    """

    def __init__(
        self,
        inner: Embedder,
        *,
        max_texts: int = 64,
        linger_seconds: float = 0.002,
        max_running: int = 4,
        max_waiting: int = 1000,
    ) -> None:
        if not min(max_texts, max_running, max_waiting) >= 1:
            raise ValueError("each maximum must be at least 1")
        if not 0 <= linger_seconds < inf:
            raise ValueError("linger_seconds must be from 0 and finite")
        self.inner = inner
        self.width = inner.width
        self.threshold = inner.threshold
        self.calls = self.waiting = 0
        self._max_texts = max_texts
        self._linger_seconds = linger_seconds
        self._max_waiting = max_waiting
        self._slots = asyncio.Semaphore(max_running)
        self._open: _Call | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._closed = False

    async def embed(self, texts: Sequence[str]) -> Matrix:
        rows = np.zeros((len(texts), self.width), np.float32)
        for start in range(0, len(texts), self._max_texts):
            some = texts[start : start + self._max_texts]
            rows[start : start + len(some)] = await self._together(some)
        return rows

    async def aclose(self) -> None:
        """End at once: whoever still waits gets an error."""
        self._closed = True
        if self._open is not None:
            self._close(self._open)
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        await self.inner.aclose()

    async def _together(self, texts: Sequence[str]) -> list[Matrix]:
        if self._closed:
            raise ConnectionFailed("the embedder is closed")
        if self.waiting + len(texts) > self._max_waiting:
            raise Overloaded("too many texts wait for their vectors")
        joined = [self._join(text) for text in texts]
        self.waiting += len(texts)
        try:
            results = await asyncio.gather(
                *(future for _, future in joined), return_exceptions=True
            )
        finally:
            self.waiting -= len(texts)
            for call, _ in joined:
                if call.task is not None and not call.wanted([*call.waiting]):
                    call.task.cancel()
        rows: list[Matrix] = []
        for result in results:
            if isinstance(result, BaseException):
                raise result
            rows.append(result)
        return rows

    def _join(self, text: str) -> tuple[_Call, Waiting]:
        """A place in the call that is being gathered."""
        loop = asyncio.get_running_loop()
        call = self._open
        if call is None:
            call = self._open = _Call()
            call.timer = loop.call_later(
                self._linger_seconds, self._close, call
            )
        future: Waiting = loop.create_future()
        call.waiting.setdefault(text, []).append(future)
        if len(call.waiting) == self._max_texts:
            self._close(call)
        return call, future

    def _close(self, call: _Call) -> None:
        """Full, or waited long enough: nothing more, and off."""
        self._open = None
        if call.timer is not None:
            call.timer.cancel()
        call.task = asyncio.create_task(self._run(call), name="embedding")
        call.task.add_done_callback(partial(self._ended, call))
        self._tasks.append(call.task)

    async def _run(self, call: _Call) -> None:
        async with self._slots:
            await self._embed(call, [*call.waiting])

    async def _embed(self, call: _Call, texts: Sequence[str]) -> None:
        texts = call.wanted(texts)
        if not texts:
            return
        self.calls += 1
        try:
            rows = await self.inner.embed(texts)
            if rows.shape != (len(texts), self.width):
                raise ValueError(f"{rows.shape} is not a vector for each")
        except Exception as error:
            if isinstance(error, BadRequest) and len(texts) > 1:
                middle = len(texts) // 2
                await self._embed(call, texts[:middle])
                await self._embed(call, texts[middle:])
                return
            for text in texts:
                call.settle(text, error)
            return
        for text, row in zip(texts, rows, strict=True):
            call.settle(text, row.copy())

    def _ended(self, call: _Call, task: asyncio.Task[None]) -> None:
        """A callback rather than a `finally`: a task cancelled before its
        first step never enters its own body.
        """
        self._tasks.remove(task)
        for text in call.waiting:
            call.settle(text, ConnectionFailed("the call was cancelled"))
