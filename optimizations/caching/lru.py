"""A cache that forgets what was used least recently.

The problem: memory is finite, and what was asked just now is likelier to be
asked again than what nobody has wanted for an hour. A dict keeps its entries
in the order in which they were put there. So whatever is used is taken out and
put back: then the first is the one that was used least recently.

There is a trap in it. Where an entry was taken out, a dict keeps a hole until
it grows, and finding the first entry walks over all the holes before it: done
for each eviction, that gets slower the more a cache holds. So the walk is made
once for many, and yields the oldest sixteenth of the keys; who of these is
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

from optimizations.caching.bounded import (
    MAX_BYTES,
    MISSING,
    BoundedMapping,
)

__all__ = ["MAX_BYTES", "MISSING", "LRUCache"]

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

_SHARE = 16  # one in so many is found by one walk


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
        # One flat method: a call saved here is a good part of a hit.
        value = self._entries.pop(key, MISSING)
        if value is MISSING:
            self.misses += 1
            return default
        self._entries[key] = value
        if key in self._oldest:
            del self._oldest[key]
        self.hits += 1
        return value

    def __setitem__(self, key: K, value: V) -> None:
        size = self._weigh(key, value)
        if size is None:
            return
        entries = self._entries
        if (
            len(entries) >= self.max_entries
            or self.bytes + size > self.max_bytes
        ):
            self._make_room(size)
        entries[key] = value
        self.bytes += size

    def _make_room(self, size: int) -> None:
        # Flat as well: a full cache does this at every write.
        entries = self._entries
        while entries and (
            len(entries) >= self.max_entries
            or self.bytes + size > self.max_bytes
        ):
            value = entries.pop(self._victim())
            if self._size_of is not None:
                self.bytes -= self._size_of(value)
            self.evictions += 1

    def _victim(self) -> K:
        if not self._oldest:
            count = len(self._entries) // _SHARE + 1
            keys = [*islice(self._entries, count)]
            self._oldest = dict.fromkeys(reversed(keys))
        return self._oldest.popitem()[0]

    def _remove(self, key: K) -> V:
        value: V = self._entries.pop(key)
        self._oldest.pop(key, None)
        if self._size_of is not None:
            self.bytes -= self._size_of(value)
        return value
