"""Texts as vectors from any `/v1/embeddings` endpoint: OpenAI, vLLM, Ollama,
llama.cpp, text-embeddings-inference.

The problem: a large model places texts better than any that fits into this
process, but it sits behind a network: it may be slow, down, or of another
width than was thought, and it may charge. So it is asked only where somebody
wrote `EndpointEmbedder(...)`, every wait has an end, and an answer is taken
only if it has one finite vector of the right width for each text. Whatever
else comes is an error of `errors`, and for the cache a miss.

    SemanticStore(GatheredEmbedder(EndpointEmbedder(url, ...)))

asks for many texts in one call (`gathered_embedding.py`). The layers around
the store must grant it the time: `Cached(..., store_seconds=1)`.

- A text that is blank is not sent: its row is zero. Half a surrogate pair is
  sent as "?".
- The key goes into its header and nowhere else; no redirects, no proxies from
  the environment, no cookies.
- `options={"encoding_format": "base64"}` is much quicker to read where the
  endpoint knows it; `{"dimensions": 256}` where it can cut its vectors.

When it does not help: where a model call is hardly dearer than this one.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

import aiohttp
import numpy as np

from optimizations.arguments import at_least_one, positive
from optimizations.caching.similar.embedding import Embedder, Matrix, unit_rows
from optimizations.endpoint import credential, endpoint_url, forget_key
from optimizations.errors import (
    ConnectionFailed,
    LLMError,
    TimedOut,
    UpstreamError,
)
from optimizations.wire import read_error, read_object, write_object

_MOST_BYTES = 64 * 1024 * 1024  # of one answer


class EndpointEmbedder(Embedder):
    """Asks `base_url` (with or without its `/v1`) for vectors of `width`
    numbers by `model`, all texts in one call. `threshold` is that of this
    model, on your own questions: `fit_threshold` finds it.

    `embed` raises `TimedOut` after `connect_seconds` or `read_seconds`, or
    another `LLMError`. Close it; the store around it does.
    """

    def __init__(
        self,
        base_url: str,
        *,
        model: str,
        width: int,
        threshold: float,
        api_key: str | None = None,
        options: Mapping[str, Any] | None = None,
        connect_seconds: float = 5.0,
        read_seconds: float = 10.0,
        max_connections: int = 8,
    ) -> None:
        positive(connect_seconds=connect_seconds, read_seconds=read_seconds)
        at_least_one(width=width, max_connections=max_connections)
        if not 0 < threshold <= 1:
            raise ValueError("threshold must be more than 0 and at most 1")
        self.width = width
        self.threshold = threshold
        self.calls = 0
        self._url = endpoint_url(base_url, "embeddings")
        self._body = {**(options or {}), "model": model}
        self._credential = credential(api_key)
        self._connect_seconds = connect_seconds
        self._read_seconds = read_seconds
        self._max_connections = max_connections
        self._session: aiohttp.ClientSession | None = None
        self._closed = False

    def __repr__(self) -> str:
        return f"EndpointEmbedder({str(self._url.origin())!r})"

    async def embed(self, texts: Sequence[str]) -> Matrix:
        rows = np.zeros((len(texts), self.width), np.float32)
        spoken = [i for i, text in enumerate(texts) if text.strip()]
        if spoken:
            rows[spoken] = await self._ask([_clean(texts[i]) for i in spoken])
        return unit_rows(rows)

    async def aclose(self) -> None:
        self._closed = True
        if self._session is not None:
            await self._session.close()

    async def _ask(self, texts: Sequence[str]) -> Matrix:
        data = write_object({**self._body, "input": list(texts)})
        status, body, retry_after = await self._post(data)
        if status != 200:
            error = read_error(status, body, retry_after)
            forget_key(error, self._credential)
            raise error
        try:
            return _read_rows(body, len(texts), self.width)
        except (ValueError, TypeError) as error:
            message = f"embeddings that can't be used: {error}"
        raise UpstreamError(message, status=502)

    async def _post(self, data: bytes) -> tuple[int, bytes, str | None]:
        self.calls += 1
        error: LLMError
        try:
            async with self._open_session().post(
                self._url, data=data, allow_redirects=False
            ) as response:
                body = await _whole(response)
                retry_after = response.headers.get("Retry-After")
                return response.status, body, retry_after
        except aiohttp.ConnectionTimeoutError:
            error = TimedOut("connect", self._connect_seconds)
        except TimeoutError:
            error = TimedOut("embeddings", self._read_seconds)
        except aiohttp.ClientError as cause:
            kind = type(cause).__name__
            error = ConnectionFailed(f"{self._url.authority}: {kind}")
        # Raised out here, it doesn't drag along aiohttp's error, which holds
        # the headers and with them the key.
        raise error

    def _open_session(self) -> aiohttp.ClientSession:
        """Made by the first call, since it belongs to the loop of then."""
        if self._closed:
            raise ConnectionFailed(f"{self._url.authority} was closed")
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self._max_connections),
                timeout=aiohttp.ClientTimeout(
                    total=self._connect_seconds + self._read_seconds,
                    connect=self._connect_seconds,
                    sock_read=self._read_seconds,
                ),
                headers={
                    "Content-Type": "application/json",
                    **self._credential,
                },
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session


def _clean(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


async def _whole(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for piece in response.content.iter_any():
        body += piece
        if len(body) > _MOST_BYTES:
            raise aiohttp.ClientPayloadError
    return bytes(body)


def _read_rows(body: bytes, count: int, width: int) -> Matrix:
    """The vectors in the order of the texts. Raises `ValueError` or
    `TypeError` where they are not what was asked for.
    """
    data = read_object(body).get("data")
    if not isinstance(data, list) or len(data) != count:
        raise ValueError(f"not {count} of them")
    rows = np.full((count, width), np.nan, np.float32)
    for place, item in enumerate(data):
        if not isinstance(item, dict):
            raise TypeError("no object")
        index = item.get("index", place)
        if not isinstance(index, int) or not 0 <= index < count:
            raise ValueError("an index that was not asked for")
        vector = _numbers(item.get("embedding"))
        if vector.shape != (width,):
            raise ValueError(f"width {vector.shape}, not {width}")
        rows[index] = vector
    if not np.isfinite(rows).all():  # nor one that came twice
        raise ValueError("not a finite vector for each text")
    return rows


def _numbers(embedding: Any) -> Matrix:
    """A list, or base64 of little-endian float32."""
    if isinstance(embedding, str):
        data = base64.b64decode(embedding, validate=True)
        return np.frombuffer(data, "<f4").astype(np.float32, copy=False)
    return np.asarray(embedding, np.float32)
