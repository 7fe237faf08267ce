"""An answer on its way to a reader who may be slow, stop reading, or leave.

Between the model and the network stands a pump of 256 KiB: the model runs at
its own speed, so a slow reader doesn't hold its slot. A reader who takes
nothing at all for `write_seconds` is cut off. One who leaves cancels the
handler, which closes the stream and with it all that works for it.

What goes wrong before the first byte is sent is raised, and becomes a status
with an error object. After it the status is out: an error, whatever its kind,
becomes an event inside the stream, and an answer that broke off breaks off
here too, because a proper end would make it look whole.

When it does not help: a proxy that buffers takes what a reader does not, so a
departed reader is noticed only when the proxy notices.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from contextlib import aclosing

from aiohttp import web

from optimizations.errors import Incomplete, LLMError
from optimizations.event_stream import write_event
from optimizations.llm import LLM, Request
from optimizations.pump import Pump
from optimizations.server.failures import internal
from optimizations.wire import (
    EventWriter,
    WholeWriter,
    error_body,
    write_object,
)

_DONE = write_event("[DONE]")


class ReaderGone(Exception):
    """Nobody is there any more to send something to."""


class Sender:
    """Sends one answer over one HTTP exchange."""

    def __init__(self, http: web.Request, write_seconds: float) -> None:
        self._http = http
        self._write_seconds = write_seconds
        # With no buffer of its own, the transport says at once that its
        # reader doesn't take anything.
        if http.transport is not None:
            http.transport.set_write_buffer_limits(high=0)

    async def whole(self, model: LLM, request: Request) -> web.StreamResponse:
        """Send the answer as one body."""
        writer = WholeWriter(request)
        async with aclosing(model.stream(request)) as chunks:
            async for chunk in chunks:
                writer.add(chunk)
        body = write_object(writer.body())
        response = web.Response(body=body, content_type="application/json")
        await self._patiently(self._send_all(response))
        return response

    async def streamed(
        self, model: LLM, request: Request, *, usage: bool
    ) -> web.StreamResponse:
        """Send the answer event by event, its usage last if it is wanted.
        What is raised here has not sent anything yet.
        """
        response = web.StreamResponse(
            headers={
                "Content-Type": "text/event-stream",
                "Cache-Control": "no-cache",
                "X-Accel-Buffering": "no",  # nginx would collect it otherwise
            }
        )
        try:
            await self._events(model, request, response, usage)
        except ReaderGone:
            raise
        except Exception as error:
            if not response.prepared:
                raise
            await self._fail(response, error, request.request_id)
        return response

    async def _fail(
        self, response: web.StreamResponse, error: Exception, request_id: str
    ) -> None:
        """Say inside the stream what went wrong: the status is out."""
        if isinstance(error, Incomplete):
            self._break_off()
            return
        if not isinstance(error, LLMError):
            error = internal(error, request_id)
        event = write_event(write_object(error_body(error)).decode())
        await self._patiently(response.write_eof(event))

    async def _events(
        self,
        model: LLM,
        request: Request,
        response: web.StreamResponse,
        usage: bool,
    ) -> None:
        writer = EventWriter(request)
        pump = Pump(model.stream(request))
        async with aclosing(pump.read()) as chunks:
            async for chunk in chunks:
                event = writer.event(chunk)
                if not response.prepared:
                    await self._patiently(response.prepare(self._http))
                if event is not None:
                    data = write_event(write_object(event).decode())
                    await self._patiently(response.write(data))
        if not writer.finished:
            raise Incomplete
        last = writer.usage_event() if usage else None
        end = write_event(write_object(last).decode()) if last else b""
        await self._patiently(response.write_eof(end + _DONE))

    async def _send_all(self, response: web.Response) -> None:
        await response.prepare(self._http)
        await response.write_eof()

    async def _patiently(self, sending: Awaitable[object]) -> None:
        """Wait until the reader has taken this, but not for ever."""
        try:
            async with asyncio.timeout(self._write_seconds):
                await sending
        except TimeoutError:
            drop(self._http)
            raise ReaderGone from None
        except ConnectionError:
            raise ReaderGone from None

    def _break_off(self) -> None:
        """Close without an end, once what was sent before has gone out."""
        transport = self._http.transport
        if transport is not None:
            transport.close()
            asyncio.get_running_loop().call_later(
                self._write_seconds, transport.abort
            )


def drop(http: web.Request) -> None:
    """Break the connection, here and now."""
    if http.transport is not None:
        http.transport.abort()
