"""Memory before Redis: what was found there once is found here the next time.

The problem: Redis is a round trip away, and the most popular answers are
fetched again and again. The idea: keep a copy in memory of what was read, and
let Redis tell when it is no longer true (`invalidation.py`). So whatever
anybody does to an entry, in any process, reaches every copy within about a
round trip.

The near tier is filled by reading alone. A write goes to Redis only, and the
news of it clears all copies, our own too. Two things are subtle:

- *A copy that comes too late.* An entry is read; before it arrives here, the
  news arrives that it has changed. To keep it now would keep it for ever. So
  each look-up notes that it is under way, the news crosses that note out, and
  only what still has its note is copied.
- *No news.* While nobody listens, the near tier is empty and not asked, and
  those look-ups are counted as `untracked`.

Redis forgets what has expired when it happens to meet it, and tells only then.
So a copy lives for `near_seconds` at most; of SWAPDB it tells nothing.

When it does not help: where nothing is read twice in a process, or everything
is written as often as read. A frozen Redis is noticed after a heartbeat; until
then copies are served, but then nobody can change anything in it either.
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass

from optimizations.caching.memory.ttl import TTLCache
from optimizations.caching.redis.invalidation import Invalidation
from optimizations.caching.redis.redis_store import RedisStore
from optimizations.caching.store import Answer, answer_bytes
from optimizations.llm import Request


class TwoTierStore:
    """A `Store`: `near`, a bounded mapping (by default 10,000 answers and
    64 MiB, each for `near_seconds`), before `far`. Closing it closes `far`.
    """

    def __init__(
        self,
        far: RedisStore,
        near: MutableMapping[str, Answer] | None = None,
        *,
        near_seconds: float = 60.0,
        heartbeat_seconds: float = 1.0,
        name: str = "memory+redis",
    ) -> None:
        self.name = name
        self.far = far
        self.near: MutableMapping[str, Answer] = (
            TTLCache(near_seconds, size_of=answer_bytes)
            if near is None
            else near
        )
        self.near_hits = self.invalidated = self.overtaken = 0
        self.untracked = 0
        self._news = Invalidation(
            far.client,
            far.prefix,
            self._changed,
            heartbeat_seconds=heartbeat_seconds,
        )
        self._reading: dict[str, _Reading] = {}

    async def ready(self) -> bool:
        """Whether Redis answers now. Never raises."""
        return await self.far.ready()

    async def find(self, request: Request) -> Answer | None:
        """From memory, else from Redis; every failure is a miss."""
        if not self._news.listening:
            self._news.listen()
            self.untracked += 1
            return await self.far.find(request)
        key = self.far.key(request)
        answer = self.near.get(key)
        if answer is not None:
            self.near_hits += 1
            return answer
        return await self._promote(key, request)

    async def keep(self, request: Request, answer: Answer) -> None:
        """In Redis; our own next look-up gives this one."""
        try:
            await self.far.keep(request, answer)
        finally:
            self._drop(self.far.key(request))

    async def delete(self, request: Request) -> Sequence[str]:
        """In both, and by the news everywhere. Raises `ConnectionError` where
        Redis did not say that it is gone.
        """
        try:
            return await self.far.delete(request)
        finally:
            self._drop(self.far.key(request))

    def snapshot(self) -> Mapping[str, float]:
        """What Redis' store counts, and: `invalidated` copies that the news
        cleared, `overtaken` ones that it kept from being made.
        """
        return {
            **self.far.snapshot(),
            "near_entries": len(self.near),
            "near_hits": self.near_hits,
            "invalidated": self.invalidated,
            "overtaken": self.overtaken,
            "untracked": self.untracked,
            "listening": self._news.listening,
            "losses": self._news.losses,
        }

    async def aclose(self) -> None:
        """The near tier is empty afterwards."""
        await self._news.aclose()
        await self.far.aclose()

    async def _promote(self, key: str, request: Request) -> Answer | None:
        """From Redis, and into memory unless it has changed meanwhile."""
        reading = self._reading.setdefault(key, _Reading())
        reading.readers += 1
        try:
            answer = await self.far.find(request)
        finally:
            reading.readers -= 1
            if reading.valid and not reading.readers:
                del self._reading[key]
        if answer is not None and reading.valid:
            self.near[key] = answer
        self.overtaken += answer is not None and not reading.valid
        return answer

    def _changed(self, keys: Sequence[str] | None) -> None:
        if keys is not None:
            for key in keys:
                self._drop(key)
            return
        self.invalidated += len(self.near)
        self.near.clear()
        for key in list(self._reading):
            self._drop(key)

    def _drop(self, key: str) -> None:
        self.invalidated += self.near.pop(key, None) is not None
        reading = self._reading.pop(key, None)
        if reading is not None:
            reading.valid = False


@dataclass(slots=True)
class _Reading:
    """A key that is being read, until it is done or the key has changed."""

    readers: int = 0
    valid: bool = True
