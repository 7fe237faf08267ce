"""Answers that all processes share, in Redis or Valkey.

The problem: ten processes with ten caches ask the model ten times. The idea:
one store beside them, at the price of a round trip (some 0.1 ms nearby).

A cache is a convenience, so nothing that happens to it may reach a user:

- Every call waits at most `timeout_seconds` for its turn and as long for
  Redis, connecting included, and whatever goes wrong is a miss.
- A Redis that failed is left alone for `recovery_seconds`; then one request
  tries it, while all others go on without.
- An entry that cannot be read, or is not the one that was asked for, is a
  miss, and is deleted. Entries are JSON with a version, never pickle: who can
  write to the cache must not be able to run code here.

Each entry expires by itself, a little earlier than the next (`jitter`), so
they do not all expire together. Only keys below `namespace` are touched, and
nothing is ever flushed: the server may be shared with others.

When it does not help: on one machine with one process a dict is a thousand
times nearer. And Redis may lose what it confirmed, so nothing that must not be
lost may live here alone.
"""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Awaitable, Callable, Mapping
from random import Random
from typing import Any, TypeVar

import redis.asyncio
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError

from optimizations.caching.keys import Normalise, exact_key
from optimizations.clock import now
from optimizations.llm import Choice, Reply, Request, Usage

T = TypeVar("T")

FORMAT = 1
"""Version of the entries. What another version wrote is not read."""


class RedisStore:
    """A `Store` behind `redis://`, `rediss://` or `unix://`.

    Without `draws` the jitter comes from a generator of its own: it spreads
    load, and decides no answer.
    """

    def __init__(
        self,
        url: str,
        *,
        namespace: str = "module12",
        name: str = "redis",
        ttl_seconds: float = 3600.0,
        jitter: float = 0.1,
        draws: Random | None = None,
        timeout_seconds: float = 0.1,
        recovery_seconds: float = 1.0,
        max_connections: int = 16,
        max_entry_bytes: int = 1024 * 1024,
        normalise: Normalise | None = None,
    ) -> None:
        for seconds in (ttl_seconds, timeout_seconds, recovery_seconds):
            if not 0 < seconds < math.inf:
                raise ValueError("seconds must be finite and more than 0")
        if not 0 <= jitter < 1:
            raise ValueError("jitter must be at least 0 and less than 1")
        if not min(max_connections, max_entry_bytes) >= 1 or not namespace:
            raise ValueError("maxima from 1 on, and a namespace")
        self.name = name
        self.hits = self.misses = self.kept = 0
        self.failures = self.skipped = self.unreadable = 0
        self._prefix = f"{namespace.rstrip(':')}:answer:"
        self._ttl_seconds = ttl_seconds
        self._jitter = jitter
        self._draws = draws or Random()
        self._timeout_seconds = timeout_seconds
        self._max_entry_bytes = max_entry_bytes
        self._normalise = normalise
        self._rest = Rest(recovery_seconds)
        self._slots = asyncio.Semaphore(max_connections)
        self._client = _connect(url, max_connections, timeout_seconds)

    async def find(self, request: Request) -> Reply | None:
        """A look-up by `exact_key`; every failure is a miss."""
        key = self._prefix + exact_key(request, self._normalise)
        data = await self._ask(lambda: self._get(key))
        reply = None
        if data is not None:
            reply = decode(data, key, request)
            if reply is None:
                self.unreadable += 1
                await self._ask(lambda: self._client.unlink(key))
        self.hits += reply is not None
        self.misses += reply is None
        return reply

    async def keep(self, request: Request, reply: Reply) -> None:
        """Keep for `ttl_seconds` less the jitter; a failure is counted."""
        key = self._prefix + exact_key(request, self._normalise)
        data = encode(reply, key)
        if len(data) > self._max_entry_bytes:
            return
        life = 1 - self._jitter * self._draws.random()
        milliseconds = max(1, round(self._ttl_seconds * life * 1000))
        if await self._ask(
            lambda: self._client.set(key, data, px=milliseconds)
        ):
            self.kept += 1

    async def ready(self) -> bool:
        """Whether Redis answers now; connects if need be. Never raises."""
        return bool(await self._ask(self._client.ping))

    def snapshot(self) -> Mapping[str, float]:
        """`failures` are errors and timeouts; `skipped` calls not made, since
        Redis was left alone or every connection was busy; `unreadable`
        entries that were deleted.
        """
        return {
            "hits": self.hits,
            "misses": self.misses,
            "kept": self.kept,
            "failures": self.failures,
            "skipped": self.skipped,
            "unreadable": self.unreadable,
        }

    async def aclose(self) -> None:
        """Close the connections; the store connects again if it is used."""
        await self._client.aclose()

    async def _get(self, key: str) -> bytes | str | None:
        try:
            return await self._client.get(key)
        except ResponseError as error:
            if str(error).startswith("WRONGTYPE"):
                return b""  # somebody's list or hash: unreadable
            raise

    async def _ask(self, command: Callable[[], Awaitable[T]]) -> T | None:
        """The answer of Redis; None where it fails, is late, or rests."""
        try:
            async with asyncio.timeout(self._timeout_seconds):
                await self._slots.acquire()
        except TimeoutError:  # we are many; that is not Redis' failure
            self.skipped += 1
            return None
        try:
            if self._rest.may_ask():
                return await self._try(command)
            self.skipped += 1
            return None
        finally:
            self._slots.release()

    async def _try(self, command: Callable[[], Awaitable[T]]) -> T | None:
        try:
            async with asyncio.timeout(self._timeout_seconds):
                answer = await command()
        except (RedisError, OSError, TimeoutError):
            self._rest.failed()
            self.failures += 1
            return None
        self._rest.worked()
        return answer


class Rest:
    """Leaves alone what failed: for `seconds`, then lets one try it. The
    smallest circuit breaker there is.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._resting = False
        self._until = 0.0

    def may_ask(self) -> bool:
        """Whether to ask now. While it rests, one may in each period: that
        attempt decides, and if it is cancelled, so does the next.
        """
        if not self._resting:
            return True
        if now() < self._until:
            return False
        self._until = now() + self._seconds
        return True

    def failed(self) -> None:
        """Rest from now on."""
        self._resting = True
        self._until = now() + self._seconds

    def worked(self) -> None:
        """It is well again."""
        self._resting = False


def encode(reply: Reply, key: str) -> bytes:
    """An entry. It names its own key, so a value that was put under another
    one is noticed.
    """
    usage = reply.usage
    entry = {
        "format": FORMAT,
        "key": key,
        "choices": [[c.text, c.finish_reason] for c in reply.choices],
        "usage": usage
        and [
            usage.prompt_tokens,
            usage.completion_tokens,
            usage.cached_tokens,
            usage.estimated,
        ],
    }
    return json.dumps(entry, separators=(",", ":")).encode()


def decode(data: bytes | str, key: str, request: Request) -> Reply | None:
    """The reply in an entry; None unless it is all that `encode` writes."""
    try:
        entry = json.loads(data)
        if entry["format"] != FORMAT or entry["key"] != key:
            return None
        choices = tuple(Choice(*map(_text, c)) for c in entry["choices"])
        usage = entry["usage"] and Usage(*map(_count, entry["usage"]))
        if len(choices) != request.choices:
            return None
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return Reply(choices, usage, request.trace)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value


def _count(value: Any) -> Any:
    if not isinstance(value, int) or value < 0:
        raise TypeError("not a count")
    return value


def _connect(
    url: str, max_connections: int, timeout_seconds: float
) -> redis.asyncio.Redis:
    """A client whose every wait is short. Raises `ValueError` for an address
    of another kind.
    """
    pool = redis.asyncio.BlockingConnectionPool.from_url(
        url,
        max_connections=max_connections,
        timeout=timeout_seconds,
        socket_timeout=timeout_seconds,
        socket_connect_timeout=timeout_seconds,
        health_check_interval=0,
        # Once more, at once: for a connection that a restart has closed.
        retry=Retry(NoBackoff(), 1),
    )
    return redis.asyncio.Redis.from_pool(pool)
