"""One HTTP response being read, until it is known to be a whole answer.

"It ended" is not "it is whole": a broken line, a killed process and a proxy's
timeout end a stream as well, often without an error that anybody sees. An
answer is whole when every choice has said why it ended *and* the body ended as
HTTP says, or with `[DONE]`. Whatever else ends it raises `Incomplete`, with
the part that came.

Each read is timed alone, so no timeout runs while the reader pauses. After
`[DONE]` the body is read to its end, or the connection could not be used
again. Where the provider tells no usage, the tokens are counted and the usage
says that it is estimated.

When it does not help: a provider that ends each body properly and says "stop"
after half an answer is believed. That would be for somebody who reads it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable, Iterator
from contextlib import suppress

import aiohttp

from optimizations.clock import now
from optimizations.errors import (
    DeadlineExceeded,
    Incomplete,
    LLMError,
    TimedOut,
    UpstreamError,
)
from optimizations.event_stream import EventReader, EventStreamError
from optimizations.llm import Chunk, Draft, Reply, Request, Usage
from optimizations.tokens import count_prompt, count_tokens
from optimizations.wire import read_answer, read_error_object, read_object

WHOLE_BYTES = 8 * 1024 * 1024  # the largest body that is read as one
STREAM_BYTES = 64 * 1024 * 1024  # and as events, each with its frame
_END_SECONDS = 0.25  # from the last word to the end of the body
_EVENTS, _JSON = "text/event-stream", "application/json"


class HTTPAnswer:
    """One response being read, until it is known to be whole."""

    def __init__(
        self,
        response: aiohttp.ClientResponse,
        request: Request,
        read_seconds: float,
    ) -> None:
        self._response = response
        self._request = request
        self._read_seconds = read_seconds
        self._draft = Draft(request)
        self._awaited = "first token"
        self._room_bytes = STREAM_BYTES
        self._done = False

    async def batches(self) -> AsyncGenerator[Iterator[Chunk], None]:
        """The chunks of each read, in turn. Batches, because a busy answer
        has many chunks in one read and waits only once for all of them.

        It is read the way it came: some stream to nobody's wish, some can't.
        """
        kind = self._response.content_type
        encoding = self._response.headers.get("Content-Encoding", "identity")
        if kind not in (_EVENTS, _JSON) or encoding != "identity":
            raise UpstreamError(
                f"an answer of type {kind[:80]}, encoded as {encoding[:80]}",
                status=502,
            )
        if kind == _JSON:
            yield self._chunks([await self.read_whole(WHOLE_BYTES)])
        else:
            reader = EventReader()
            while not self._done and (received := await self._receive()):
                yield self._chunks(e.data for e in reader.feed(received))
            await self._reach_end()
        reply = self._draft.reply()  # raises, where it is not whole
        if reply.usage is None:
            yield iter([Chunk(usage=_estimate(self._request, reply))])

    async def read_whole(self, limit_bytes: int) -> bytes:
        """All of the body. Raises `UpstreamError` where it is too large."""
        self._room_bytes = limit_bytes
        pieces = []
        while received := await self._receive():
            pieces.append(received)
        return b"".join(pieces)

    def _chunks(self, bodies: Iterable[str | bytes]) -> Iterator[Chunk]:
        try:
            for body in bodies:
                if body == "[DONE]":
                    self._done = True
                    return
                for chunk in self._read(body):
                    self._draft.add(chunk)
                    self._awaited = "next token"
                    yield chunk
        except EventStreamError as error:
            raise UpstreamError(str(error), status=502) from None

    def _read(self, body: str | bytes) -> list[Chunk]:
        try:
            answer = read_object(body)
        except ValueError as error:
            raise UpstreamError(
                f"an answer that can't be read: {error}", status=502
            ) from None
        if answer.get("error"):
            raise read_error_object(answer)
        return read_answer(answer, self._request.choices)

    async def _receive(self) -> bytes:
        """The next bytes of the body; none at its end."""
        error: LLMError
        # A timer of our own: aiohttp stops its own one, and wakes nobody,
        # when it closes a connection over a broken frame.
        latest = now() + self._read_seconds
        deadline = self._request.deadline
        if deadline is not None:
            if deadline <= now():
                raise DeadlineExceeded
            latest = min(latest, deadline)
        try:
            async with asyncio.timeout_at(latest):
                received = await self._response.content.readany()
            return self._counted(received)
        except TimeoutError:
            passed = deadline is not None and deadline <= now()
            late = TimedOut(self._awaited, self._read_seconds)
            error = DeadlineExceeded() if passed else late
        except aiohttp.ClientError:
            error = Incomplete(self._draft.partial)
        raise error

    def _counted(self, received: bytes) -> bytes:
        self._room_bytes -= len(received)
        if self._room_bytes < 0:
            raise UpstreamError("an answer without an end", status=502)
        return received

    async def _reach_end(self) -> None:
        """Read over what follows the last word: only a body that was read to
        its end leaves a connection that can be used again.
        """
        with suppress(TimeoutError, aiohttp.ClientError):
            async with asyncio.timeout(_END_SECONDS):
                while await self._response.content.readany():
                    pass


def _estimate(request: Request, reply: Reply) -> Usage:
    texts = (choice.text for choice in reply.choices)
    return Usage(
        count_prompt(request.messages),
        sum(map(count_tokens, texts)),
        estimated=True,
    )
