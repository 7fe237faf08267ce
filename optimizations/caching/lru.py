"""A cache that forgets what was used least recently.

The problem: memory is finite, and what was asked just now is likelier to be
asked again than what nobody has wanted for an hour. An `OrderedDict` keeps its
entries in the order of use: a read moves its entry to the end, and whatever is
too much is taken from the front. Both cost the same however full it is. (A
plain `dict` keeps an order too, but finding its first entry walks over all
that were deleted before: each eviction would get slower.)

It can be bounded twice, by the number of entries and by their bytes, since one
answer may be a thousand times as long as another.

When it does not help: a scan of things asked only once pushes out everything
that is asked often. Not for threads: it has no lock, because an event loop
needs none and a lock would double the price.

It is a `MutableMapping`, so a plain `dict` can stand in for it, and
`functools.lru_cache` is the same idea for functions. Which page of memory to
give up was the same question: Belady, "A study of replacement algorithms for a
virtual-storage computer" (1966), compares the policies.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import (
    Callable,
    Hashable,
    ItemsView,
    Iterator,
    Mapping,
    MutableMapping,
    ValuesView,
)
from typing import Any, Generic, TypeVar, overload

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
D = TypeVar("D")

MAX_BYTES = 64 * 1024 * 1024
MISSING: Any = object()  # None may be a value


class LRUCache(MutableMapping[K, V], Generic[K, V]):
    """At most `max_entries`; with `size_of`, which says how many bytes a value
    takes, also at most `max_bytes` of values.

    Looking (`in`, `items`, `values`, iterating) is not using: only a read of
    one key moves its entry and counts as a hit or a miss.
    """

    def __init__(
        self,
        max_entries: int = 10_000,
        *,
        max_bytes: int = MAX_BYTES,
        size_of: Callable[[V], int] | None = None,
    ) -> None:
        if not max_entries >= 1 or not max_bytes >= 1:
            raise ValueError("max_entries and max_bytes must be at least 1")
        if max_bytes != MAX_BYTES and size_of is None:
            raise ValueError("max_bytes needs size_of to count the bytes")
        self.max_entries = max_entries
        self.max_bytes = max_bytes
        self.hits = self.misses = self.evictions = self.bytes = 0
        self._size_of = size_of
        self._entries: OrderedDict[K, V] = OrderedDict()
        self._sizes: dict[K, int] = {}

    def __getitem__(self, key: K) -> V:
        value: V = self.get(key, MISSING)
        if value is MISSING:
            raise KeyError(key)
        return value

    @overload
    def get(self, key: K) -> V | None: ...
    @overload
    def get(self, key: K, default: V) -> V: ...
    @overload
    def get(self, key: K, default: D) -> V | D: ...
    def get(self, key: K, default: Any = None) -> Any:
        # One flat method: a call saved here is a good part of a hit.
        value = self._entries.get(key, MISSING)
        if value is MISSING:
            self.misses += 1
            return default
        self._entries.move_to_end(key)
        self.hits += 1
        return value

    def __setitem__(self, key: K, value: V) -> None:
        entries = self._entries
        if self._size_of is not None:
            size = self._size_of(value)
            if size > self.max_bytes:  # one goes, rather than all others
                if key in entries:
                    del self[key]
                self.evictions += 1
                return
            self.bytes += size - self._sizes.get(key, 0)
            self._sizes[key] = size
        entries[key] = value
        entries.move_to_end(key)
        if len(entries) > self.max_entries or self.bytes > self.max_bytes:
            self._make_room()

    def __delitem__(self, key: K) -> None:
        del self._entries[key]
        if self._sizes:
            self.bytes -= self._sizes.pop(key)

    def popitem(self) -> tuple[K, V]:
        """Remove and return what was used least recently. Raises `KeyError`
        where there is nothing.
        """
        key, value = self._entries.popitem(last=False)
        if self._sizes:
            self.bytes -= self._sizes.pop(key)
        return key, value

    def _make_room(self) -> None:
        entries = self._entries
        while len(entries) > self.max_entries or self.bytes > self.max_bytes:
            key, _ = entries.popitem(last=False)
            if self._sizes:
                self.bytes -= self._sizes.pop(key)
            self.evictions += 1

    def __contains__(self, key: object) -> bool:
        return key in self._entries

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[K]:
        """Least recently used first; as they were when the loop began."""
        return iter(tuple(self._entries))

    def items(self) -> ItemsView[K, V]:
        """A copy, so that looking is not using."""
        return {key: self._entries[key] for key in self}.items()

    def values(self) -> ValuesView[V]:
        """A copy, so that looking is not using."""
        return {key: self._entries[key] for key in self}.values()

    def snapshot(self) -> Mapping[str, float]:
        """The counters, for metrics."""
        return {
            "entries": len(self),
            "bytes": self.bytes,
            "hits": self.hits,
            "misses": self.misses,
            "evictions": self.evictions,
        }
