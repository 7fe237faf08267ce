"""Progressive output: show an answer while it grows, in frames, not in tokens.

A model may say a hundred tokens a second; a terminal, a browser or a chat
service should not be redrawn a hundred times a second. Redrawn at each token,
a slow screen falls behind, and slows the model down if it reads from it
directly. So tokens are collected into frames. The first text is shown at once,
since that is what a user waits for; then at most one frame each
`frame_seconds`, with all that came meanwhile; the last one makes it whole.

Behind it a pump keeps the model going while the screen is busy, up to
`limit_bytes`; a screen that hangs for longer holds the model up: backpressure.

When it does not help: each frame is up to `frame_seconds` late, and a program
that reads the answer gains nothing. Of an answer with an error inside, all
text that came before it is shown first. Screens do the same for pixels:
requestAnimationFrame in a browser.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import aclosing
from dataclasses import replace
from math import inf

from optimizations.clock import now
from optimizations.llm import LLM, Chunk, Layer, Request
from optimizations.pump import LIMIT_BYTES, Pump


def coalesce(chunks: Iterable[Chunk]) -> list[Chunk]:
    """The same answer in as few chunks as it can be said in.

    >>> [chunk.text for chunk in coalesce([Chunk("He"), Chunk("llo")])]
    ['Hello']
    """
    groups: list[list[Chunk]] = []
    newest: dict[int, list[Chunk]] = {}  # of each choice
    for chunk in chunks:
        group = newest.get(chunk.index)
        if group is None or chunk.extra or _closed(group[-1]):
            group = newest[chunk.index] = []
            groups.append(group)
        group.append(chunk)
    return [_join(group) for group in groups]


def _closed(chunk: Chunk) -> bool:
    return chunk.finish_reason is not None or chunk.usage is not None


def _join(group: Sequence[Chunk]) -> Chunk:
    if len(group) == 1:
        return group[0]
    text = "".join(chunk.text for chunk in group)
    return replace(group[-1], text=text, extra=group[0].extra)


def paced(
    stream: AsyncGenerator[Chunk, None],
    frame_seconds: float = 0.05,
    *,
    limit_bytes: int = LIMIT_BYTES,
) -> AsyncGenerator[list[Chunk], None]:
    """Frames of a stream: what is to be drawn next, all at once. Whoever calls
    this closes it, and with it the stream.
    """
    _check(frame_seconds, limit_bytes)
    return _frames(stream, frame_seconds, limit_bytes)


def _check(frame_seconds: float, limit_bytes: int) -> None:
    if not (0 < frame_seconds < inf and limit_bytes >= 1):
        raise ValueError(
            "frame_seconds must be positive and finite, limit_bytes from 1, "
            f"not {frame_seconds} and {limit_bytes}"
        )


async def _frames(
    stream: AsyncGenerator[Chunk, None], frame_seconds: float, limit_bytes: int
) -> AsyncGenerator[list[Chunk], None]:
    arrived = 0

    async def counted() -> AsyncGenerator[Chunk, None]:
        nonlocal arrived
        async with aclosing(stream) as chunks:
            async for chunk in chunks:
                arrived += 1
                yield chunk

    shown, next_frame_at = 0, -inf
    pump = Pump(counted(), limit_bytes=limit_bytes)
    async with aclosing(pump.read()) as chunks:
        async for chunk in chunks:
            if (early := next_frame_at - now()) > 0:
                await asyncio.sleep(early)
            frame = [chunk]
            shown += 1
            while shown < arrived:  # it is in the pump: no waiting for a model
                frame.append(await anext(chunks))
                shown += 1
            # The pace begins with the first text, or an announced role would
            # hold it up.
            if next_frame_at > -inf or any(chunk.text for chunk in frame):
                next_frame_at = now() + frame_seconds
            yield coalesce(frame)


class Paced(Layer):
    """Answers in frames instead of tokens: fewer events for a network, fewer
    redraws for a screen, and a model that neither of them slows down.
    """

    def __init__(
        self,
        inner: LLM,
        frame_seconds: float = 0.05,
        *,
        limit_bytes: int = LIMIT_BYTES,
    ) -> None:
        super().__init__(inner)
        _check(frame_seconds, limit_bytes)
        self.frame_seconds = frame_seconds
        self.limit_bytes = limit_bytes

    async def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
        async with aclosing(
            paced(
                self.inner.stream(request),
                self.frame_seconds,
                limit_bytes=self.limit_bytes,
            )
        ) as frames:
            async for frame in frames:
                for chunk in frame:
                    yield chunk
