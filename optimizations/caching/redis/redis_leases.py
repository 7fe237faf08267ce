"""Leases that all processes share, in Redis or Valkey (`lease.py`).

The problem: whoever looks whether a lease is free, and then takes it, may be
overtaken in between; whoever ends it may end one that has passed to another
meanwhile. The idea: each is a script, which Redis runs in one step; it
compares the holder's token and then acts. A lease ends by Redis' own clock, so
processes need not agree on the time.

When it does not help: after a failover Redis may have lost a lease, and two
hold it. Here that costs one more answer.
"""

from __future__ import annotations

from optimizations.arguments import positive
from optimizations.caching.lease import Turn
from optimizations.caching.redis.redis_client import (
    RedisClient,
    plain_namespace,
)

_OVER = b"over"  # no token: those are longer


class RedisLeases:
    """`Leases` in Redis, by its clock."""

    def __init__(
        self,
        client: RedisClient,
        *,
        namespace: str = "module12",
        lease_seconds: float = 3.0,
        note_seconds: float = 1.0,
    ) -> None:
        positive(lease_seconds=lease_seconds, note_seconds=note_seconds)
        self.lease_seconds = lease_seconds
        self.note_seconds = note_seconds
        self._client = client
        self._prefix = f"{plain_namespace(namespace)}:lease:"
        self._lease_ms = max(1, round(lease_seconds * 1000))
        self._note_ms = max(1, round(note_seconds * 1000))

    async def take(self, name: str, token: str) -> Turn:
        """Ours also where the answer to an earlier try was lost."""
        holder = await self._run(_TAKE, name, token, self._lease_ms)
        if holder == token.encode():
            return Turn.MINE
        return Turn.OVER if holder == _OVER else Turn.ANOTHERS

    async def renew(self, name: str, token: str) -> bool:
        """Takes it again, which a free one allows."""
        return await self.take(name, token) is Turn.MINE

    async def release(self, name: str, token: str) -> None:
        """Deletes it, if it is still `token`'s."""
        await self._run(_RELEASE, name, token)

    async def finish(self, name: str, token: str) -> None:
        """Leaves the note, if it is still `token`'s."""
        await self._run(_FINISH, name, token, self._note_ms, _OVER)

    async def _run(self, script: str, name: str, *words: object) -> object:
        key = self._prefix + name
        answer: object = await self._client.run_script(script, [key], *words)
        return answer


_TAKE = """
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return holder end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return ARGV[1]"""
_IF_MINE = "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end\n"
_RELEASE = _IF_MINE + "return redis.call('DEL', KEYS[1])"
_FINISH = _IF_MINE + "redis.call('SET', KEYS[1], ARGV[3], 'PX', ARGV[2])"
