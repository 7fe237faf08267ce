"""Hear from Redis which keys have changed.

The problem: a copy of an entry in this process' memory is wrong as soon as
somebody else writes or deletes that entry, and nobody tells. The idea: Redis
does. A connection that turns on *tracking* for a prefix is told of each key
below it that was written, deleted, expired, evicted or flushed, by whomever,
`redis-cli` included (Redis 6, "client-side caching").

Why not publish it ourselves? Then each writer must, and who forgets, or dies
between its write and its message, leaves wrong copies behind; and of what
expires or is evicted nobody would speak. Why not RESP3, where the connection
that read a key is told? Because it hears of it only when it next reads, and an
idle one does not. So one connection does nothing but listen. It speaks RESP2,
for which redis-py has all of it in public: tracking is redirected to the very
connection that subscribes. (BCAST, by prefix: Redis need not remember who has
read what.)

Silence is not peace: a dead network is silent too. So a PING goes out every
`heartbeat_seconds`, on the same connection, behind all that Redis had to tell
before. Without an answer in time the connection is given up. While there is
none, `listening` is False and no copy may be trusted.

When it does not help: where much is written and little read again. Every
process hears of every write below the prefix.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from redis.asyncio.connection import AbstractConnection

from optimizations.arguments import positive
from optimizations.caching.background import Background
from optimizations.caching.cooldown import Cooldown
from optimizations.caching.redis.redis_client import RedisClient
from optimizations.caching.time_limit import within

_CHANNEL = "__redis__:invalidate"


class Invalidation:
    """Calls `changed` with the keys below `prefix` that have changed; with
    None where it may have been any.
    """

    def __init__(
        self,
        client: RedisClient,
        prefix: str,
        changed: Callable[[Sequence[str] | None], None],
        *,
        heartbeat_seconds: float = 1.0,
    ) -> None:
        positive(heartbeat_seconds=heartbeat_seconds)
        self.listening = False
        self.losses = 0  # connections that ended, or never came about
        self._client = client
        self._prefix = prefix
        self._changed = changed
        self._heartbeat_seconds = heartbeat_seconds
        self._cooldown = Cooldown(client.recovery_seconds)
        self._ear = Background(1)

    def listen(self) -> None:
        """Begin, unless it listens already, or has failed just now."""
        if not len(self._ear) and self._cooldown.may_ask():
            self._ear.start("ear", self._listen)

    async def aclose(self) -> None:
        """Listen no more."""
        await self._ear.aclose()

    async def _listen(self) -> None:
        connection = self._client.new_connection()
        try:
            await within(self._client.timeout_seconds, self._open(connection))
            self._changed(None)  # whatever we missed until now
            self.listening = True
            self._cooldown.worked()
            while True:
                await self._hear(connection)
        except Exception:  # as in the client: whatever listens there
            self._cooldown.failed()
            self.losses += 1
        finally:
            self.listening = False
            self._changed(None)
            await connection.disconnect(nowait=True)

    async def _open(self, connection: AbstractConnection) -> None:
        await connection.connect()  # type: ignore[no-untyped-call]
        me = await self._say(connection, "CLIENT", "ID")
        tracking = "CLIENT", "TRACKING", "ON", "REDIRECT", me
        await self._say(connection, *tracking, "BCAST", "PREFIX", self._prefix)
        await self._say(connection, "SUBSCRIBE", _CHANNEL)

    async def _say(self, connection: AbstractConnection, *words: Any) -> Any:
        await connection.send_command(*words)
        return await connection.read_response()

    async def _hear(self, connection: AbstractConnection) -> None:
        """One message. Raises where there is none, not even a heartbeat."""
        message = await self._read(connection, self._heartbeat_seconds)
        if message is None:
            await connection.send_command("PING")
            message = await self._read(
                connection, self._client.timeout_seconds
            )
        if message is None:
            raise ConnectionError("no heartbeat")
        kind, *rest = message
        if kind == b"message":
            keys = rest[1]
            self._changed(None if keys is None else [k.decode() for k in keys])
        elif kind != b"pong":
            raise ConnectionError("not what was agreed")

    async def _read(
        self, connection: AbstractConnection, seconds: float
    ) -> Any:
        """None where nothing came; what has half come stays for next time."""
        return await connection.read_response(
            timeout=seconds, disconnect_on_error=False
        )
