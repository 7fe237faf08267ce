"""Answers that all processes share, in Redis or Valkey.

The problem: ten processes with ten caches ask the model ten times. The idea:
one store beside them, at the price of a round trip.

A cache is a convenience, so nothing that happens to it may reach a user:

- Every call waits at most `timeout_seconds` for its turn and as long for
  Redis, connecting included, and whatever goes wrong is a miss.
- A Redis that failed is left alone for `recovery_seconds`; then one request
  tries it, while all others go on without (`cooldown.py`).
- An entry that cannot be read, or is not the one that was asked for, is a
  miss, and is deleted (`entry.py` says what an entry is).

Each entry expires by itself, a little earlier than the next (`jitter`), so
they do not all expire together. Only keys below `namespace` are touched, and
nothing is ever flushed: the server may be shared with others.

When it does not help: with one process on one machine, whose own memory is
far nearer. And Redis may lose what it confirmed, so nothing that must not be
lost may live here alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar

import redis.asyncio
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ResponseError

from optimizations.caching.cooldown import Cooldown
from optimizations.caching.entry import decode, encode
from optimizations.caching.keys import Normalise, exact_key
from optimizations.caching.store import Answer
from optimizations.caching.time_limit import positive, within
from optimizations.clock import chance, now
from optimizations.llm import Request

T = TypeVar("T")


class RedisStore:
    """A `Store` behind `redis://`, `rediss://` or `unix://`. How much earlier
    an entry expires is drawn for its key, by `seed`.
    """

    def __init__(
        self,
        url: str,
        *,
        namespace: str = "module12",
        name: str = "redis",
        ttl_seconds: float = 3600.0,
        jitter: float = 0.1,
        seed: int = 0,
        timeout_seconds: float = 0.1,
        recovery_seconds: float = 1.0,
        max_connections: int = 16,
        max_entry_bytes: int = 1024 * 1024,
        normalise: Normalise | None = None,
    ) -> None:
        positive(
            ttl_seconds=ttl_seconds,
            timeout_seconds=timeout_seconds,
            recovery_seconds=recovery_seconds,
        )
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
        self._seed = seed
        self._timeout_seconds = timeout_seconds
        self._max_entry_bytes = max_entry_bytes
        self._normalise = normalise
        self._cooldown = Cooldown(recovery_seconds)
        self._slots = asyncio.Semaphore(max_connections)
        self._client = _connect(url, max_connections, timeout_seconds)

    async def find(self, request: Request) -> Answer | None:
        """A look-up by `exact_key`; every failure is a miss."""
        key = self._prefix + exact_key(request, self._normalise)
        data = await self._ask(lambda: self._get(key))
        reply = None
        if data is not None:
            if len(data) <= self._max_entry_bytes:
                reply = decode(data, key, request)
            if reply is None:
                self.unreadable += 1
                await self._ask(lambda: self._client.unlink(key))
        self.hits += reply is not None
        self.misses += reply is None
        return None if reply is None else Answer(reply, now())

    async def keep(self, request: Request, answer: Answer) -> None:
        """Keep for `ttl_seconds` less the jitter; a failure is counted."""
        key = self._prefix + exact_key(request, self._normalise)
        try:
            data = encode(answer.reply, key)
        except ValueError:  # not even UTF-8 can say it
            return
        if len(data) > self._max_entry_bytes:
            return
        life = 1 - self._jitter * chance(self._seed, key).random()
        milliseconds = max(1, round(self._ttl_seconds * life * 1000))
        if await self._ask(
            lambda: self._client.set(key, data, px=milliseconds)
        ):
            self.kept += 1

    async def delete(self, request: Request) -> None:
        """Raises `ConnectionError` where Redis did not say that it is gone."""
        key = self._prefix + exact_key(request, self._normalise)
        if await self._ask(lambda: self._client.unlink(key)) is None:
            raise ConnectionError("Redis did not confirm the deletion")

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
            data = await self._client.get(key)
        except ResponseError as error:
            if str(error).startswith("WRONGTYPE"):
                return b""  # somebody's list or hash: unreadable
            raise
        if not isinstance(data, bytes | str | None):
            raise TypeError("GET gave neither bytes nor nothing")
        return data

    async def _ask(self, command: Callable[[], Awaitable[T]]) -> T | None:
        """The answer of Redis; None where it fails, is late, or is
        left alone."""
        try:
            await within(self._timeout_seconds, self._slots.acquire())
        except TimeoutError:  # we are many; that is not Redis' failure
            self.skipped += 1
            return None
        try:
            if self._cooldown.may_ask():
                return await self._try(command)
            self.skipped += 1
            return None
        finally:
            self._slots.release()

    async def _try(self, command: Callable[[], Awaitable[T]]) -> T | None:
        try:
            answer = await within(self._timeout_seconds, command())
        except Exception:
            # Not only what redis-py calls an error: whatever else listens
            # there may say things on which its parser fails in any way.
            self._cooldown.failed()
            self.failures += 1
            return None
        self._cooldown.worked()
        return answer


def _connect(
    url: str, max_connections: int, timeout_seconds: float
) -> redis.asyncio.Redis:
    """A client whose every wait is short. Raises `ValueError` for an address
    of another kind, and does not quote it: it may hold a password.
    """
    try:
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
        # Made once to see it, or a strange option would show at first use.
        pool.connection_class(**pool.connection_kwargs)
    except Exception:
        raise ValueError(
            "url must be redis://, rediss:// or unix://, "
            "with options that redis-py knows"
        ) from None
    return redis.asyncio.Redis.from_pool(pool)
