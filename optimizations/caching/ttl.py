"""A cache whose entries also grow old.

The problem: an answer that was right this morning may be wrong tonight. Each
entry gets the time at which it expires when it is *written*. Reading does not
extend it: otherwise the most popular answer would be the one that is never
refreshed.

- `jitter` shortens each life by a random share. Entries written together then
  do not expire together, and the model is not asked for all of them at once.
- An expired entry is never served, and is dropped by the read that meets it.
  For those nobody reads again, a heap knows what expires next: each write
  drops a few. Nothing ever walks over all entries.
- When it is full, what has expired goes first, then what was used least
  recently.

When it does not help: answers that never change (a longer life is free hits),
or that change at a known moment (delete the key then, and wait for nothing).

Time is `now()`, the loop's clock, which nobody can set back.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from heapq import heapify, heappop, heappush
from math import inf
from typing import Any, TypeVar

from optimizations.caching.lru import MAX_BYTES, MISSING, LRUCache
from optimizations.caching.time_limit import positive
from optimizations.clock import chance, now

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
Expiry = tuple[float, int, K]
"""When a key expires, and a number that no other writing has."""

_DROPPED_PER_WRITE = 4  # more than a write adds, so a backlog shrinks
_SUPERSEDED = 64  # expiries that the heap may hold beside one for each entry


class TTLCache(LRUCache[K, V]):
    """An `LRUCache` whose entries live `ttl_seconds`, less up to the share
    `jitter` (0 to 1) of it, drawn for each key by `seed`.
    """

    def __init__(
        self,
        ttl_seconds: float,
        *,
        jitter: float = 0.0,
        seed: int = 0,
        max_entries: int = 10_000,
        max_bytes: int = MAX_BYTES,
        size_of: Callable[[V], int] | None = None,
    ) -> None:
        super().__init__(max_entries, max_bytes=max_bytes, size_of=size_of)
        positive(ttl_seconds=ttl_seconds)
        if not 0 <= jitter < 1:
            raise ValueError("jitter must be at least 0 and less than 1")
        self.ttl_seconds = ttl_seconds
        self.jitter = jitter
        self.expirations = 0
        self._seed = seed
        self._expiries: dict[K, Expiry[K]] = {}
        self._heap: list[Expiry[K]] = []  # what expires next, first
        self._written = 0
        self._moment = 0.0  # of the latest write

    def get(self, key: K, default: Any = None) -> Any:
        value = self._entries.get(key, MISSING)
        if value is MISSING:
            self.misses += 1
            return default
        if self._expiries[key][0] <= now():
            self._expire(key)
            self.misses += 1
            return default
        self._entries.move_to_end(key)
        self.hits += 1
        return value

    def __setitem__(self, key: K, value: V) -> None:
        moment = self._moment = now()
        if self._heap and self._heap[0][0] <= moment:
            self._sweep(moment, _DROPPED_PER_WRITE)
        life = self.ttl_seconds
        if self.jitter:
            life *= 1 - self.jitter * chance(self._seed, key).random()
        self._written += 1
        # Before it is written: making room must not take it for its old self.
        expiry = self._expiries[key] = (moment + life, self._written, key)
        heappush(self._heap, expiry)
        super().__setitem__(key, value)
        if key not in self._entries:  # too big to be kept
            self._expiries.pop(key, None)
        if len(self._heap) > 2 * len(self._entries) + _SUPERSEDED:
            self._rebuild()

    def __delitem__(self, key: K) -> None:
        super().__delitem__(key)
        del self._expiries[key]

    def popitem(self) -> tuple[K, V]:
        self._sweep(now())
        key, value = super().popitem()
        del self._expiries[key]
        return key, value

    def __contains__(self, key: object) -> bool:
        return super().__contains__(key) and self._expiries[key][0] > now()  # type: ignore[index]

    def __len__(self) -> int:
        self._sweep(now())
        return len(self._entries)

    def __iter__(self) -> Iterator[K]:
        self._sweep(now())
        return super().__iter__()

    def snapshot(self) -> Mapping[str, float]:
        """`scheduled` counts the expiries held, superseded ones included."""
        return {
            **super().snapshot(),
            "expirations": self.expirations,
            "scheduled": len(self._heap),
        }

    def _make_room(self) -> None:
        """What has expired first: that is no eviction."""
        while (
            len(self._entries) > self.max_entries
            or self.bytes > self.max_bytes
        ):
            if self._heap[0][0] <= self._moment:
                self._sweep(self._moment, 1)
            else:
                key, _ = super().popitem()
                del self._expiries[key]
                self.evictions += 1

    def _sweep(self, moment: float, at_most: float = inf) -> None:
        """Drop what has expired, the longest expired first."""
        dropped = 0
        while dropped < at_most and self._heap and self._heap[0][0] <= moment:
            expiry = heappop(self._heap)
            # That of a key deleted or written anew is superseded.
            if self._expiries.get(expiry[2]) is expiry:
                self._expire(expiry[2])
                dropped += 1

    def _expire(self, key: K) -> None:
        del self[key]
        self.expirations += 1

    def _rebuild(self) -> None:
        """Drop what is superseded. Rare enough to cost nothing per write."""
        self._heap = list(self._expiries.values())
        heapify(self._heap)
