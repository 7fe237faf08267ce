"""Any OpenAI-compatible endpoint as a model: OpenAI, vLLM, llama.cpp, or the
server of this project.

The problem is less to send a request than to know what became of it. A line
may break before the answer, inside it, or after its last word; a provider may
go silent; an error may come inside a stream that began with 200. Here each of
these is one error of `errors`, and an answer counts as whole only when every
choice has said why it ended *and* the body ended as it should
(`http_answer`).

- One session, so connections are reused; made by the first request, since it
  belongs to the loop that runs then.
- Every wait has an end: for a connection, between two reads, and for all of it
  `request.deadline`. Each read is timed alone, so a reader may take its time.
- Leaving the stream closes the connection, and a provider that notices stops
  generating. Nothing is retried here: that is a layer's decision.
- No redirects, no proxies from the environment, no cookies, and the key goes
  into its header and nowhere else.

When it does not help: for providers with another format than OpenAI's.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from io import BytesIO

import aiohttp

from optimizations.clock import now
from optimizations.endpoint import credential, endpoint_url, forget_key
from optimizations.errors import (
    BadRequest,
    ConnectionFailed,
    DeadlineExceeded,
    Incomplete,
    LLMError,
    TimedOut,
    UpstreamError,
)
from optimizations.http_answer import HTTPAnswer
from optimizations.llm import LLM, Chunk, Request
from optimizations.wire import (
    fits_header,
    read_error,
    request_body,
    write_cache_control,
    write_object,
)

_ERROR_BYTES = 64 * 1024
_ERROR_SECONDS = 2.0  # for all of an error's body


class HTTPModel(LLM):
    """Asks `base_url` (with or without its `/v1`). `model` is the provider's
    name for the model, where it is not the request's; `name` is what the
    trace says. More than `max_connections` requests at once wait for a
    connection, up to `connect_seconds`.
    """

    def __init__(
        self,
        base_url: str,
        *,
        api_key: str | None = None,
        model: str | None = None,
        name: str | None = None,
        connect_seconds: float = 5.0,
        read_seconds: float = 60.0,
        max_connections: int = 100,
    ) -> None:
        for value in (connect_seconds, read_seconds):
            if not 0 < value < float("inf"):
                raise ValueError(f"seconds above 0 and finite, not {value}")
        if max_connections < 1:
            raise ValueError(f"max_connections from 1, not {max_connections}")
        self._url = endpoint_url(base_url, "chat/completions")
        self._model = model
        self.name = name or self._url.authority
        self._read_seconds = read_seconds
        self._connect_seconds = connect_seconds
        self._max_connections = max_connections
        self._credential = credential(api_key)
        self._session: aiohttp.ClientSession | None = None
        self._closed = False
        self.calls = self.running = 0

    def snapshot(self) -> Mapping[str, float]:
        return {"calls": self.calls, "running": self.running}

    async def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
        if request.deadline is not None and request.deadline <= now():
            raise DeadlineExceeded
        self.calls += 1
        self.running += 1
        request.trace.attempts += 1
        request.trace.served_by = self.name
        try:
            async with self._posted(request) as response:
                answer = HTTPAnswer(response, request, self._read_seconds)
                async with aclosing(answer.batches()) as batches:
                    async for batch in batches:
                        for chunk in batch:
                            yield chunk
        except LLMError as error:
            forget_key(error, self._credential)
            raise
        finally:
            self.running -= 1

    async def aclose(self) -> None:
        self._closed = True
        if self._session is not None:
            await self._session.close()

    def __repr__(self) -> str:
        return f"HTTPModel({str(self._url.origin())!r})"

    @asynccontextmanager
    async def _posted(
        self, request: Request
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """The response to this request, if it is an answer. At its end the
        connection goes back to the pool; left before, it is closed.
        """
        response = await self._post(request)
        try:
            served_by = response.headers.get("x-served-by", "")
            if fits_header(served_by):
                request.trace.served_by = served_by
            if response.status != 200:
                raise await self._refusal(response, request)
            yield response
        finally:
            if response.content.at_eof():
                response.release()
            else:
                response.close()

    async def _post(self, request: Request) -> aiohttp.ClientResponse:
        error: LLMError
        try:
            data = write_object(request_body(request, self._model))
            async with asyncio.timeout_at(request.deadline):
                return await self._open_session().post(
                    self._url,
                    data=BytesIO(data),
                    headers=_headers(request),
                    allow_redirects=False,
                )
        except aiohttp.ConnectionTimeoutError:
            error = TimedOut("connect", self._connect_seconds)
        except aiohttp.ServerTimeoutError:
            error = TimedOut("first token", self._read_seconds)
        except TimeoutError:
            error = DeadlineExceeded()
        except aiohttp.ClientConnectionError as cause:
            error = ConnectionFailed(f"{self.name}: {cause}")
        except aiohttp.ClientError as cause:
            kind = type(cause).__name__
            error = UpstreamError(f"{self.name}: no HTTP ({kind})", status=502)
        except ValueError as cause:  # what JSON or a header can't say
            error = BadRequest(str(cause))
        # Raised out here, it doesn't drag along aiohttp's error, which holds
        # the headers and with them the key.
        raise error

    def _open_session(self) -> aiohttp.ClientSession:
        """Nothing is awaited here, so however many ask at once, one opens."""
        if self._closed:
            raise ConnectionFailed(f"{self.name} was closed")
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self._max_connections),
                timeout=aiohttp.ClientTimeout(
                    total=None,
                    connect=self._connect_seconds,
                    sock_read=self._read_seconds,
                ),
                headers={"Accept-Encoding": "identity", **self._credential},
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,  # nothing can unfold into gigabytes
            )
        return self._session

    async def _refusal(
        self, response: aiohttp.ClientResponse, request: Request
    ) -> LLMError:
        body = HTTPAnswer(response, request, self._read_seconds)
        try:
            async with asyncio.timeout(_ERROR_SECONDS):
                said = await body.read_whole(_ERROR_BYTES)
        except (Incomplete, UpstreamError, TimedOut, TimeoutError):
            said = b""  # the status says enough, and when to come back
        retry_after = response.headers.get("Retry-After")
        return read_error(response.status, said, retry_after)


def _headers(request: Request) -> dict[str, str]:
    """Who asks travels in headers. Raises `ValueError` for what a header can't
    carry: dropped in silence, a key that prevents a second bill would not.
    """
    headers = {
        "Content-Type": "application/json",
        "X-Request-ID": request.request_id,
    }
    if request.idempotency_key is not None:
        headers["Idempotency-Key"] = request.idempotency_key
    if allowed := write_cache_control(request.cache):
        headers["Cache-Control"] = allowed
    for name, value in headers.items():
        if not fits_header(value):
            raise ValueError(
                f"{name} must be 1 to 128 printable ASCII characters"
            )
    return headers
