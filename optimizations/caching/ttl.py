"""A cache whose entries also grow old.

The problem: an answer that was right this morning may be wrong tonight. Each
entry gets a time of death when it is *written*. Reading does not extend it:
otherwise the most popular answer would be the one that is never refreshed.

- `jitter` shortens each life by a random share. Entries written together then
  do not die together, and the model is not asked for all of them at once.
- An entry past its time is never served, and is dropped by the read that
  meets it. For those nobody reads again, a heap knows who dies next: each
  write buries a few. Nothing ever walks over all entries.
- When it is full, the dead go first, then what was used least recently.

When it does not help: answers that never change (a longer life is free hits),
or that change at a known moment (delete the key then, and wait for nothing).

Time is `now()`, the loop's clock, which nobody can set back.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterator, Mapping
from heapq import heapify, heappop, heappush
from random import Random
from typing import Any, TypeVar

from optimizations.caching.lru import MAX_BYTES, MISSING, LRUCache
from optimizations.clock import now

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

_BURIED_PER_WRITE = 4  # more than a write adds, so a backlog shrinks
_SPARE_GRAVES = 64


class TTLCache(LRUCache[K, V]):
    """An `LRUCache` whose entries live `ttl_seconds`, less up to the share
    `jitter` (0 to 1) of it, drawn from `draws`.
    """

    def __init__(
        self,
        ttl_seconds: float,
        *,
        jitter: float = 0.0,
        draws: Random | None = None,
        max_entries: int = 10_000,
        max_bytes: int = MAX_BYTES,
        size_of: Callable[[V], int] | None = None,
    ) -> None:
        super().__init__(max_entries, max_bytes=max_bytes, size_of=size_of)
        if not 0 < ttl_seconds < math.inf:
            raise ValueError("ttl_seconds must be finite and more than 0")
        if not 0 <= jitter < 1:
            raise ValueError("jitter must be at least 0 and less than 1")
        if jitter and draws is None:
            raise ValueError("jitter needs `draws`, a random.Random")
        self.ttl_seconds = ttl_seconds
        self.jitter = jitter
        self.expirations = 0
        self._draws = draws
        # When a key dies, and a number that no other writing has.
        self._graves: dict[K, tuple[float, int, K]] = {}
        self._heap: list[tuple[float, int, K]] = []  # the next to die first
        self._written = 0
        self._moment = 0.0  # of the latest write

    def get(self, key: K, default: Any = None) -> Any:
        value = self._entries.get(key, MISSING)
        if value is MISSING:
            self.misses += 1
            return default
        if self._graves[key][0] <= now():
            self._bury(key)
            self.misses += 1
            return default
        self._entries.move_to_end(key)
        self.hits += 1
        return value

    def __setitem__(self, key: K, value: V) -> None:
        moment = self._moment = now()
        if self._heap and self._heap[0][0] <= moment:
            self._sweep(moment, _BURIED_PER_WRITE)
        life = self.ttl_seconds
        if self._draws is not None:
            life *= 1 - self.jitter * self._draws.random()
        self._written += 1
        # Before it is written: making room must not take it for its old self.
        grave = self._graves[key] = (moment + life, self._written, key)
        heappush(self._heap, grave)
        super().__setitem__(key, value)
        if key not in self._entries:  # too big to be kept
            self._graves.pop(key, None)
        if len(self._heap) > 2 * len(self._entries) + _SPARE_GRAVES:
            self._rebuild()

    def __delitem__(self, key: K) -> None:
        super().__delitem__(key)
        del self._graves[key]

    def popitem(self) -> tuple[K, V]:
        self._sweep(now())
        key, value = super().popitem()
        del self._graves[key]
        return key, value

    def __contains__(self, key: object) -> bool:
        return super().__contains__(key) and self._graves[key][0] > now()  # type: ignore[index]

    def __len__(self) -> int:
        self._sweep(now())
        return len(self._entries)

    def __iter__(self) -> Iterator[K]:
        self._sweep(now())
        return super().__iter__()

    def snapshot(self) -> Mapping[str, float]:
        return {**super().snapshot(), "expirations": self.expirations}

    def _make_room(self) -> None:
        """The dead first: they are no eviction."""
        while (
            len(self._entries) > self.max_entries
            or self.bytes > self.max_bytes
        ):
            if self._heap[0][0] <= self._moment:
                self._sweep(self._moment, 1)
            else:
                key, _ = super().popitem()
                del self._graves[key]
                self.evictions += 1

    def _sweep(self, moment: float, at_most: float = math.inf) -> None:
        """Bury those whose time has come, the longest dead first."""
        buried = 0
        while buried < at_most and self._heap and self._heap[0][0] <= moment:
            grave = heappop(self._heap)
            # A key deleted or written anew has left a grave without a body.
            if self._graves.get(grave[2]) is grave:
                self._bury(grave[2])
                buried += 1

    def _bury(self, key: K) -> None:
        del self[key]
        self.expirations += 1

    def _rebuild(self) -> None:
        """Drop the empty graves. Rare enough to cost nothing per write."""
        self._heap = list(self._graves.values())
        heapify(self._heap)
