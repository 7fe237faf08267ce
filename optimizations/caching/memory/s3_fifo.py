"""A cache that a crowd of strangers does not empty.

The problem: most keys are asked for once and never again, and an LRU keeps
each of them as long as one that is asked for daily. A crawler, a batch job or
a test run thus pushes out everything that was worth keeping.

The idea: newcomers wait in a *small* queue, a tenth of the cache. A key that
was not used until its turn comes leaves; one that was moves to the *main*
queue, where each use so far, up to three, is worth one more round. And the
*ghost* queue remembers which keys left from the small one: one that is wanted
after all goes to the main queue at once. All three are first in, first out: a
hit moves nothing and only counts.

When it does not help: what is wanted a few times within a short while, and
then never again, is what an LRU is made for. And a hot set that moves is
noticed a little later, since the old one lives off its uses. One eviction may
walk far through the main queue, though on average it takes a few steps.

Why this one: SIEVE (Zhang et al., NSDI 2024) needs one queue and one bit, and
is as good on popular keys alone. But its newcomers have the whole queue to
wait in. Measured on the same keys, S3-FIFO (Yang et al., "FIFO queues are all
you need for cache eviction", SOSP 2023) came out ahead where a third of the
keys were strangers and where the hot set moved, in small caches and in large
ones, and on popular keys alone as often ahead as behind. Unlike the paper, the
first use of a newcomer opens the main queue, not the second: that came out
ahead too. (The benchmark's study of hit ratios has SIEVE and S3-FIFO beside an
LRU and the optimum.)
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from typing import Any, TypeVar

from optimizations.caching.memory.bounded import (
    MAX_BYTES,
    MISSING,
    BoundedMapping,
)

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

_SMALL_SHARE = 10  # one in so many entries waits in the small queue
_USES = 3  # as many are remembered


class S3FIFOCache(BoundedMapping[K, V]):
    """At most `max_entries`; with `size_of`, which says how many bytes a value
    takes, also at most `max_bytes` of values. It remembers about as many
    keys that left as it holds entries.
    """

    def __init__(
        self,
        max_entries: int = 10_000,
        *,
        max_bytes: int = MAX_BYTES,
        size_of: Callable[[V], int] | None = None,
    ) -> None:
        super().__init__(max_entries, max_bytes=max_bytes, size_of=size_of)
        self._uses: dict[K, int] = {}  # of those that were used
        self._small: OrderedDict[K, None] = OrderedDict()
        self._main: OrderedDict[K, None] = OrderedDict()
        self._ghost: OrderedDict[K, None] = OrderedDict()

    def get(self, key: K, default: Any = None) -> Any:
        value = self._entries.get(key, MISSING)
        if value is MISSING:
            self.misses += 1
            return default
        uses = self._uses.get(key, 0)
        if uses < _USES:
            self._uses[key] = uses + 1
        self.hits += 1
        return value

    def __setitem__(self, key: K, value: V) -> None:
        """Who is written again, or comes back, is no newcomer."""
        entries, size_of = self._entries, self._size_of
        size = 0 if size_of is None else size_of(value)
        if not 0 <= size <= self.max_bytes:
            self._refuse(key, size)
            return
        known = key in entries or key in self._ghost
        if key in entries:
            self._remove(key)
        room = self.max_bytes - size
        full = len(entries) >= self.max_entries
        while entries and (full or self.bytes > room):
            full = False
            self._remove(self._victim())
            self.evictions += 1
        entries[key] = value
        self.bytes += size
        (self._main if known else self._small)[key] = None
        self._ghost.pop(key, None)

    def _victim(self) -> K:
        small, main = self._small, self._main
        while True:
            crowded = len(small) > len(self._entries) // _SMALL_SHARE
            queue = small if crowded or not main else main
            key = next(iter(queue))
            uses = self._uses.pop(key, 0)
            if not uses:
                break
            if queue is main and uses > 1:
                self._uses[key] = uses - 1
            del queue[key]
            main[key] = None
        if queue is small:
            self._haunt(key)
        return key

    def _haunt(self, key: K) -> None:
        self._ghost[key] = None
        while len(self._ghost) > len(self._entries):
            self._ghost.popitem(last=False)

    def _remove(self, key: K) -> V:
        value: V = self._entries.pop(key)
        queue = self._small if key in self._small else self._main
        del queue[key]
        self._uses.pop(key, None)
        if self._size_of is not None:
            self.bytes -= self._size_of(value)
        return value

    def clear(self) -> None:
        """The ghosts go too."""
        super().clear()
        self._ghost.clear()

    def snapshot(self) -> Mapping[str, float]:
        """`small` of the entries are still newcomers; `ghosts` are keys
        remembered of those who left.
        """
        return {
            **super().snapshot(),
            "small": len(self._small),
            "ghosts": len(self._ghost),
        }
