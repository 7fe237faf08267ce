"""Answers that all processes share, in Redis or Valkey.

The problem: ten processes with ten caches ask the model ten times. The idea:
one store beside them, at the price of a round trip, which all look-ups of one
moment share.

A cache is a convenience, so nothing that happens to it may reach a user:

- Whatever goes wrong with Redis is a miss, soon (`redis_client.py`).
- An entry that cannot be read, is forged, or is not the one that was asked
  for, is a miss; it is deleted and counted (`entry.py`, `envelope.py`).
- How old an entry is goes by Redis' own clock (`remote_clock.py`), for the
  clock of the machine that wrote it may show anything.

Each entry expires by itself, a little earlier than the next (`jitter`), so
they do not all expire together. Only keys below `namespace` are touched, and
nothing is ever flushed: the server may be shared with others. There is one key
for each question, so a new answer leaves no copy of the old one.

What was deleted must not come back: another process may be reading just that
answer from the model, and will keep it when it ends. Nor may an older answer
take the place of a newer one. So each entry says when its answer was asked
for, by Redis' clock, and deleting leaves a *watermark* for a while, with the
time of it. What was asked for before either is not written.

When it does not help: with one process on one machine, whose own memory is
far nearer. And Redis may lose what it confirmed, so nothing that must not be
lost may live here alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace

from optimizations.arguments import positive
from optimizations.caching.keys import Normalise, exact_key
from optimizations.caching.redis.entry import ASKED_AT, Codec
from optimizations.caching.redis.redis_client import (
    RedisClient,
    RedisUnavailable,
    plain_namespace,
)
from optimizations.caching.redis.remote_clock import RemoteClock
from optimizations.caching.store import Answer
from optimizations.clock import chance, now
from optimizations.llm import Request

_JSON = Codec()
_FROM_THE_FUTURE_SECONDS = 60.0
"""More than clocks of servers differ that are kept right. An entry from
further ahead is taken for forged: it would never grow old.
"""
_LONGEST_MS = 10**14  # some 3,000 years: Redis refuses to add more to now
_HEAD_BYTES = 80  # of an entry: they hold what `ASKED_AT` looks for


class RedisStore:
    """A `Store` behind `redis://`, `rediss://` or `unix://`. An entry lives
    `ttl_seconds`, less up to the share `jitter` of it, drawn for its key by
    `seed`; by default for longer than `stack` serves it. A watermark stands
    for `watermark_seconds`: longer than any answer takes to be made.
    """

    def __init__(
        self,
        url: str,
        *,
        namespace: str = "module12",
        name: str = "redis",
        ttl_seconds: float = 5400.0,
        jitter: float = 0.1,
        seed: int = 0,
        codec: Codec = _JSON,
        timeout_seconds: float = 0.1,
        recovery_seconds: float = 1.0,
        watermark_seconds: float = 600.0,
        max_connections: int = 6,
        normalise: Normalise | None = None,
    ) -> None:
        positive(ttl_seconds=ttl_seconds, watermark_seconds=watermark_seconds)
        if not 0 <= jitter < 1:
            raise ValueError("jitter must be at least 0 and less than 1")
        self.name = name
        self.namespace = plain_namespace(namespace)
        self.prefix = f"{self.namespace}:answer:"
        self.hits = self.misses = self.kept = self.unreadable = 0
        self.outdated = 0
        self.client = RedisClient(
            url,
            timeout_seconds=timeout_seconds,
            recovery_seconds=recovery_seconds,
            max_connections=max_connections,
        )
        self._ttl_seconds = ttl_seconds
        self._watermark_ms = max(1, round(watermark_seconds * 1000))
        self._jitter = jitter
        self._seed = seed
        self._codec = codec
        self._normalise = normalise
        self._clock = RemoteClock(self._read_clock)

    def key(self, request: Request) -> str:
        """Where in Redis the answer is kept."""
        return self.prefix + exact_key(request, self._normalise)

    async def find(self, request: Request) -> Answer | None:
        """Together with all other look-ups of this moment, in one MGET; every
        failure is a miss.
        """
        try:
            answer = await self._find(self.key(request), request.choices)
        except ConnectionError:
            self._clock.forget()
            answer = None
        self.hits += answer is not None
        self.misses += answer is None
        return answer

    async def keep(self, request: Request, answer: Answer) -> None:
        """Keep for `ttl_seconds` less the jitter; a failure is counted. What
        is too large to be kept still takes the old answer's place; what was
        asked for before that, or before it was deleted, is not kept.
        """
        key = self.key(request)
        try:
            ahead = await self._clock.ahead_seconds()
            born_at = answer.born_at + ahead
            asked_at = answer.asked_at + ahead - self._clock.error_seconds
            stored = replace(answer, born_at=born_at)
            data = self._encode(key, stored, asked_at)
            script, *rest = (
                (_DROP, self._watermark_ms)
                if data is None
                else (_KEEP, self._milliseconds(key), data)
            )
            keys = key, self._watermark(request)
            written = await self.client.run_script(
                script, keys, f"{asked_at:.6f}", *rest
            )
        except ConnectionError:
            self._clock.forget()
            return
        self.kept += written == 1 and data is not None
        self.outdated += written == 0

    async def delete(self, request: Request) -> Sequence[str]:
        """Raises `ConnectionError` where Redis did not say that it is gone."""
        await self._clock.ahead_seconds()
        keys = self.key(request), self._watermark(request)
        await self.client.run_script(_DELETE, keys, self._watermark_ms)
        # By so much what is asked next may seem to have been asked before.
        await asyncio.sleep(2 * self._clock.error_seconds)
        return ()

    async def ready(self) -> bool:
        """Whether Redis answers now; connects if need be. Never raises: ask
        at the start, for an address that is wrong is a miss each time, and
        `client.last_failure` says of what kind.
        """
        return await self.client.ready()

    def snapshot(self) -> Mapping[str, float]:
        """What the client counts, and look-ups; `unreadable` are entries that
        were deleted, `outdated` answers that were asked for before another, or
        before a deletion.
        """
        return {
            **self.client.snapshot(),
            "hits": self.hits,
            "misses": self.misses,
            "kept": self.kept,
            "unreadable": self.unreadable,
            "outdated": self.outdated,
        }

    async def aclose(self) -> None:
        """Close the connections: from now on everything is a miss."""
        await self.client.aclose()

    async def _find(self, key: str, choices: int) -> Answer | None:
        data = await self.client.get(key)
        if data is None:  # or a list or a hash, which `keep` replaces
            return None
        answer = self._codec.decode(key, data, choices)
        if answer is not None:
            born_at = answer.born_at - await self._clock.ahead_seconds()
            if born_at <= now() + _FROM_THE_FUTURE_SECONDS:
                return replace(answer, born_at=min(born_at, now()))
        await self._remove(key)
        return None

    async def _remove(self, key: str) -> None:
        self.unreadable += 1
        await self.client.execute("UNLINK", key)

    def _watermark(self, request: Request) -> str:
        """Not below `prefix`, or each would be news to who listens there."""
        key = exact_key(request, self._normalise)
        return f"{self.namespace}:watermark:{key}"

    def _milliseconds(self, key: str) -> int:
        life = 1 - self._jitter * chance(self._seed, key).random()
        return max(1, min(round(self._ttl_seconds * life * 1000), _LONGEST_MS))

    def _encode(
        self, key: str, answer: Answer, asked_at: float
    ) -> bytes | None:
        """None where the answer is nothing that an entry may hold."""
        try:
            return self._codec.encode(key, answer, asked_at)
        except ValueError:
            return None

    async def _read_clock(self) -> float:
        said = await self.client.execute("TIME")
        try:
            seconds, microseconds = said
            return float(seconds + microseconds / 1e6)
        except (TypeError, ValueError, OverflowError):  # it is no Redis
            raise RedisUnavailable("no time") from None


_UNLESS_NEWER = f"""
local asked_at = tonumber(ARGV[1])
local deleted = redis.pcall('GET', KEYS[2])
local deleted_at = type(deleted) == 'string' and tonumber(deleted)
if deleted_at and deleted_at > asked_at then return 0 end
local line = redis.pcall('GETRANGE', KEYS[1], 0, {_HEAD_BYTES})
local newest = type(line) == 'string' and
  tonumber(string.match(line, '{ASKED_AT}'))
if newest and newest > asked_at then return 0 end
"""
_KEEP = (
    _UNLESS_NEWER
    + """
redis.call('SET', KEYS[1], ARGV[3], 'PX', ARGV[2])
return 1"""
)
_DROP = (
    _UNLESS_NEWER
    + """
redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])
redis.call('UNLINK', KEYS[1])
return 1"""
)
_DELETE = """
local time = redis.call('TIME')
local now = string.format('%d.%06d', time[1], time[2])
redis.call('SET', KEYS[2], now, 'PX', ARGV[1])
return redis.call('UNLINK', KEYS[1])"""
