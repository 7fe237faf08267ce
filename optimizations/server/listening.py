"""An app on a port, for as long as a block lasts.

aiohttp's own defaults suit a web site, not answers that cost money by the
token: there, a client that leaves does not stop the work done for it. Here it
does. Nothing is waited for at the end either: whoever wants to drain waits
first (`Service.idle`).

What is no HTTP never reaches the app. aiohttp would log the bytes that it
could not read and send them back, and they may be half a key; here the answer
is an error object, and the log names the kind of the error alone.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

from optimizations.errors import BadRequest
from optimizations.server.failures import failure, internal

# Above what proxies use, or they would send into a connection being closed.
KEEPALIVE_SECONDS = 75.0
_SETTINGS: dict[str, Any] = {
    "keepalive_timeout": KEEPALIVE_SECONDS,
    "access_log": None,
}
_END_SECONDS = 0.1
_BACKLOG = 128  # connections that wait to be accepted
_logger = logging.getLogger(__name__)


@asynccontextmanager
async def listening(
    app: web.Application, host: str = "127.0.0.1", port: int = 0
) -> AsyncIterator[str]:
    """Serve `app`; yields its URL. Port 0 takes a free one. Raises `OSError`
    where the port can't be had.
    """
    runner = web.AppRunner(
        app, handler_cancellation=True, shutdown_timeout=_END_SECONDS
    )
    await runner.setup()
    server, loop = runner.server, asyncio.get_running_loop()
    assert server is not None
    try:
        listener = await loop.create_server(
            lambda: _Connection(server, loop=loop, **_SETTINGS),
            host,
            port,
            backlog=_BACKLOG,
        )
        try:
            address, number = listener.sockets[0].getsockname()[:2]
            shown = f"[{address}]" if ":" in address else address
            yield f"http://{shown}:{number}"
        finally:
            listener.close()
    finally:
        await runner.cleanup()


class _Connection(web.RequestHandler):
    """aiohttp's connection; what it says of errors, said without values."""

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        if request.writer.output_size > 0:
            raise ConnectionError("a response has begun; none can follow")
        if exc is None or status < 500:
            _logger.warning("no HTTP request: %s", type(exc).__name__)
            error = BadRequest("this is not a request that HTTP allows")
            response = failure(error)
        else:
            response = failure(internal(exc, "outside of the app"))
        response.force_close()
        return response

    def log_exception(self, *args: Any, **kw: Any) -> None:
        _logger.warning("a connection: %s", type(kw.get("exc_info")).__name__)
