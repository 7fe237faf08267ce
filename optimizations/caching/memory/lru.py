"""A cache that forgets what was used least recently.

The problem: memory is finite, and what was asked just now is likelier to be
asked again than what nobody has wanted for an hour. A dict keeps its entries
in the order in which they were put there. So whatever is used is taken out and
put back: then the first is the one that was used least recently.

There is a trap in it. Where an entry was taken out, a dict keeps a hole until
it grows, and finding the first entry walks over all the holes before it: done
for each eviction, that gets slower the more a cache holds. So the walk is made
once for many, and yields the oldest 64th of the keys; any of them that is
used again leaves the list. An `OrderedDict`, which most write this with, needs
no such walk, but links its entries, at twice the memory.

When it does not help: a scan of things asked only once pushes out everything
that is asked often; `s3_fifo` is not taken in by that.

`functools.lru_cache` is the same idea for functions. Which page of memory to
give up was the same question: Belady, "A study of replacement algorithms for a
virtual-storage computer" (1966), compares the policies.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from itertools import islice
from typing import Any, TypeVar

from optimizations.caching.memory.bounded import (
    MAX_BYTES,
    MISSING,
    BoundedMapping,
)

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

_SHARE = 64  # one in so many is found by one walk


class LRUCache(BoundedMapping[K, V]):
    """At most `max_entries`; with `size_of`, which says how many bytes a value
    takes, also at most `max_bytes` of values. Iterating gives what was used
    least recently first.
    """

    def __init__(
        self,
        max_entries: int = 10_000,
        *,
        max_bytes: int = MAX_BYTES,
        size_of: Callable[[V], int] | None = None,
    ) -> None:
        super().__init__(max_entries, max_bytes=max_bytes, size_of=size_of)
        self._oldest: dict[K, None] = {}  # the very oldest is the last

    def get(self, key: K, default: Any = None) -> Any:
        # Flat, and so is writing: calls would be half of what both take.
        entries = self._entries
        value = entries.pop(key, MISSING)
        if value is MISSING:
            self.misses += 1
            return default
        entries[key] = value
        if key in self._oldest:
            del self._oldest[key]
        self.hits += 1
        return value

    def __setitem__(self, key: K, value: V) -> None:
        entries, size_of = self._entries, self._size_of
        size = 0 if size_of is None else size_of(value)
        if not 0 <= size <= self.max_bytes:
            self._refuse(key, size)
            return
        if key in entries:
            self._remove(key)
        room = self.max_bytes - size
        full = len(entries) >= self.max_entries
        while entries and (full or self.bytes > room):
            full = False
            victim, _ = (self._oldest or self._find_oldest()).popitem()
            gone = entries.pop(victim)
            if size_of is not None:
                self.bytes -= size_of(gone)
            self.evictions += 1
        entries[key] = value
        self.bytes += size

    def _victim(self) -> K:
        return (self._oldest or self._find_oldest()).popitem()[0]

    def _find_oldest(self) -> dict[K, None]:
        count = len(self._entries) // _SHARE + 1
        keys = [*islice(self._entries, count)]
        self._oldest = dict.fromkeys(reversed(keys))
        return self._oldest

    def _remove(self, key: K) -> V:
        value: V = self._entries.pop(key)
        self._oldest.pop(key, None)
        if self._size_of is not None:
            self.bytes -= self._size_of(value)
        return value
