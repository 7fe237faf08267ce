"""A Redis client for what one can do without: short-tempered, and thrifty with
round trips.

The problem: a client library tries hard to get through. redis-py waits five
seconds for a connection and as long for each answer, and tries ten times. For
a cache that is all wrong: the model would have answered meanwhile. So here:

- *Short waits.* Each answer has `timeout_seconds`, connecting included. A
  stall of our own loop is not held against Redis: what has come meanwhile
  is read before the time is called over.
- *One breaker, and it raises.* A Redis that failed is left alone for
  `recovery_seconds`; meanwhile every call raises `RedisUnavailable` at once.
  When the time is over a PING in the background tries it, so that no user is
  the one who finds out (`cooldown.py`). Nothing is logged: whatever happens
  is a number, or a dead Redis would fill a disk.
- *One round trip a turn.* All `get`s of one turn of the loop are one MGET, all
  other commands one pipeline, in order (`auto_pipelining.py`).
- *A failover is believed.* Connections over which a server says READONLY lead
  to the old primary, and are dropped; the next ones ask anew where it lives.

Whoever calls may be cancelled at any moment: the batch goes on without, so no
connection is left with an unread answer, to be given to the next
(CVE-2023-28858).

When it does not help: for data that has to arrive. And not with Redis Cluster,
where an MGET must not span slots.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Any, TypeVar

import redis.asyncio
from redis.asyncio.connection import AbstractConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ReadOnlyError, ResponseError
from redis.maint_notifications import MaintNotificationsConfig

from optimizations.arguments import positive, whole
from optimizations.caching.background import Background
from optimizations.caching.cooldown import Cooldown
from optimizations.caching.redis.auto_pipelining import AutoPipeline
from optimizations.caching.time_limit import within_own_time

T = TypeVar("T")
U = TypeVar("U")

_NOT_READING = 2  # connections: one for the pipeline, one for a PING


class RedisUnavailable(ConnectionError):
    """Redis did not answer, said no, or is left alone for now."""


class RedisClient:
    """`redis://`, `rediss://` or `unix://`, over at most `max_connections`.

    Connects when it is used. Once it is closed, every call raises.
    """

    def __init__(
        self,
        url: str,
        *,
        timeout_seconds: float = 0.1,
        recovery_seconds: float = 1.0,
        max_connections: int = 6,
    ) -> None:
        positive(
            timeout_seconds=timeout_seconds, recovery_seconds=recovery_seconds
        )
        whole(max_connections=max_connections)
        if not max_connections > _NOT_READING:
            raise ValueError("max_connections must be at least 3")
        self.timeout_seconds = timeout_seconds
        self.recovery_seconds = recovery_seconds
        self.failures = self.skipped = 0
        self.last_failure = ""  # the kind of error, never what was in it
        self._closed = False
        self._cooldown = Cooldown(recovery_seconds)
        self._probes = Background(1)
        self._gets = AutoPipeline(
            self._get_many, max_running=max_connections - _NOT_READING
        )
        self._commands = AutoPipeline(self._execute_many)
        self._redis = _connect(url, max_connections, timeout_seconds)

    def get(self, key: str) -> asyncio.Future[bytes | None]:
        """Await it for the string under `key`; None where there is none, or a
        value of another type. Raises `RedisUnavailable`, now or then.

        A future, so that a look-up needs no task of its own.
        """
        return self._submit(self._gets, key)

    async def execute(self, *words: Any) -> Any:
        """The answer to any other command. Raises `RedisUnavailable`."""
        answer = await self._submit(self._commands, words)
        if isinstance(answer, Exception):
            raise RedisUnavailable(type(answer).__name__)
        return answer

    async def run_script(
        self, script: str, keys: Sequence[str], *words: object
    ) -> Any:
        """What a script in Lua returns. Raises `RedisUnavailable`."""
        return await self.execute("EVAL", script, len(keys), *keys, *words)

    async def ready(self) -> bool:
        """Whether Redis answers now; connects if need be. Never raises."""
        try:
            return bool(await self.execute("PING"))
        except ConnectionError:
            return False

    def new_connection(self) -> AbstractConnection:
        """One outside the pool, for who wants to listen (RESP2). The caller
        bounds each wait, and disconnects it.
        """
        pool = self._redis.connection_pool
        options = {**pool.connection_kwargs, "protocol": 2}
        return pool.connection_class(**options)

    def snapshot(self) -> Mapping[str, float]:
        """`failures` are commands that Redis refused, and batches that failed
        or were late; `skipped` calls not made, since Redis is left alone.
        """
        return {"failures": self.failures, "skipped": self.skipped}

    async def aclose(self) -> None:
        """Whoever still waits gets a `ConnectionError`. All is closed, even
        where this is cancelled.
        """
        self._closed = True
        async with AsyncExitStack() as closing:
            closing.push_async_callback(self._redis.aclose)
            closing.push_async_callback(self._commands.aclose)
            closing.push_async_callback(self._gets.aclose)
            await self._probes.aclose()

    def _submit(
        self, pipeline: AutoPipeline[T, U], item: T
    ) -> asyncio.Future[U]:
        if self._closed:
            raise RedisUnavailable("closed")
        if self._cooldown.cooling:
            if self._cooldown.may_ask():
                self._probes.start("ping", lambda: self._try(self._redis.ping))
            self.skipped += 1
            raise RedisUnavailable("left alone after a failure")
        try:
            return pipeline.submit(item)
        except asyncio.QueueFull:
            self.skipped += 1
            raise RedisUnavailable("too much waits for it") from None

    async def _get_many(self, keys: Sequence[str]) -> Sequence[bytes | None]:
        distinct = list(dict.fromkeys(keys))

        async def mget() -> Mapping[str, bytes | None]:
            values: Any = await self._redis.mget(distinct)
            if not set(map(type, values)) <= {bytes, type(None)}:
                raise TypeError("neither bytes nor nothing")
            return dict(zip(distinct, values, strict=True))

        found = await self._ask(mget)
        return [found[key] for key in keys]

    async def _execute_many(
        self, commands: Sequence[Sequence[Any]]
    ) -> Sequence[Any]:
        async def pipelined() -> Sequence[Any]:
            pipeline = self._redis.pipeline(transaction=False)
            for words in commands:
                pipeline.execute_command(*words)
            answers = await pipeline.execute(raise_on_error=False)
            if any(isinstance(answer, ReadOnlyError) for answer in answers):
                await self._redis.connection_pool.disconnect(
                    inuse_connections=False
                )
            return answers

        answers = await self._ask(pipelined)
        self.failures += sum(isinstance(a, Exception) for a in answers)
        return answers

    async def _ask(self, command: Callable[[], Awaitable[T]]) -> T:
        """Unless Redis has failed since this was submitted."""
        if self._cooldown.cooling:
            raise RedisUnavailable("left alone after a failure")
        return await self._try(command)

    async def _try(self, command: Callable[[], Awaitable[T]]) -> T:
        """What Redis answers, if in time."""
        try:
            answer = await within_own_time(self.timeout_seconds, command())
        except ResponseError as error:  # it is well, and says no
            self.failures += 1
            self.last_failure = type(error).__name__
            raise RedisUnavailable(type(error).__name__) from None
        except Exception as error:
            # Not only what redis-py calls an error: whatever else listens
            # there may say things on which its parser fails in any way.
            self.failures += 1
            self.last_failure = type(error).__name__
            self._cooldown.failed()
            raise RedisUnavailable(type(error).__name__) from None
        self._cooldown.worked()
        return answer


def plain_namespace(namespace: str) -> str:
    """Without the colon that divides it from a key. Raises `ValueError` where
    nothing is left: keys of others would be touched.
    """
    plain = namespace.rstrip(":")
    if not plain:
        raise ValueError("namespace must not be empty")
    return plain


def _connect(
    url: str, max_connections: int, timeout_seconds: float
) -> redis.asyncio.Redis:
    """A client whose every wait is short. Raises `ValueError` for an address
    of another kind, and does not quote it: it may hold a password.
    """
    try:
        if "://" not in url:
            raise ValueError
        pool = redis.asyncio.BlockingConnectionPool.from_url(
            url,
            max_connections=max_connections,
            # `within_own_time` comes first: these know nothing of a busy loop.
            timeout=10 * timeout_seconds,
            socket_timeout=10 * timeout_seconds,
            socket_connect_timeout=10 * timeout_seconds,
            health_check_interval=0,
            # They need RESP3, and `new_connection` speaks RESP2.
            maint_notifications_config=MaintNotificationsConfig(enabled=False),
            # Once more, at once: for a connection that a restart has closed.
            retry=Retry(NoBackoff(), 1),
        )
        pool.connection_kwargs["decode_responses"] = False
        # Made once to see it, or a strange option would show at first use.
        pool.connection_class(**pool.connection_kwargs)
    except Exception:
        raise ValueError(
            "url must be redis://, rediss:// or unix://, "
            "with options that redis-py knows"
        ) from None
    return redis.asyncio.Redis.from_pool(pool)
