"""An app on a port, for as long as a block lasts.

aiohttp's own defaults suit a web site, not answers that cost money by the
token: there, a client that leaves does not stop the work done for it. Here it
does. Nothing is waited for at the end either: whoever wants to drain waits
first (`Service.idle`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

# Above what proxies use, or they would send into a connection being closed.
KEEPALIVE_SECONDS = 75.0
_END_SECONDS = 0.1


@asynccontextmanager
async def listening(
    app: web.Application, host: str = "127.0.0.1", port: int = 0
) -> AsyncIterator[str]:
    """Serve `app`; yields its URL. Port 0 takes a free one. Raises `OSError`
    where the port can't be had.
    """
    runner = web.AppRunner(
        app,
        access_log=None,
        handler_cancellation=True,
        keepalive_timeout=KEEPALIVE_SECONDS,
        shutdown_timeout=_END_SECONDS,
    )
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        address, number = runner.addresses[0][:2]
        shown = f"[{address}]" if ":" in address else address
        yield f"http://{shown}:{number}"
    finally:
        await runner.cleanup()
