"""What every bounded mapping has in common: its bounds and its counters.

The problem: a plain dict used as a cache grows until the process is killed.
So a cache in memory is bounded twice: by the number of its entries, and by
their bytes, since one answer may be a thousand times as long as another. Which
entry goes when it is full, a subclass decides; that is its *policy*. (Reading
and writing are written out in each: calls to shared steps would take as long
as the work.)

All keep the contract of a `MutableMapping`, so that a plain dict can stand in
for each. Two things a dict does not do:

- It counts, for metrics: only `[]`, `get` and `setdefault` ask for an entry,
  and are a hit or a miss. Looking (`in`, `items`, `values`, iterating) is
  neither asking nor using, and works on a copy.
- It may refuse: a value larger than the whole cache is not kept, nor the old
  value of its key; that is one eviction, rather than one of everything else.

The size of a value is asked for again when it leaves, rather than remembered:
an integer for each would take as much memory as the rest of an entry. So
values must not change while they are kept; those of a cache never should.

When it does not help: it has no lock, because an event loop needs none and a
lock would double the price. Not for threads.
"""

from __future__ import annotations

from abc import abstractmethod
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

from optimizations.arguments import at_least_one

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
D = TypeVar("D")

MAX_BYTES = 64 * 1024 * 1024
MISSING: Any = object()  # None may be a value


class BoundedMapping(MutableMapping[K, V], Generic[K, V]):
    """At most `max_entries`; with `size_of`, which says how many bytes a value
    takes, also at most `max_bytes` of values.
    """

    def __init__(
        self,
        max_entries: int = 10_000,
        *,
        max_bytes: int = MAX_BYTES,
        size_of: Callable[[V], int] | None = None,
    ) -> None:
        at_least_one(max_entries=max_entries, max_bytes=max_bytes)
        if max_bytes != MAX_BYTES and size_of is None:
            raise ValueError("max_bytes needs size_of to count the bytes")
        self.max_entries = max_entries
        self.max_bytes = max_bytes
        self.hits = self.misses = self.evictions = self.bytes = 0
        self._size_of = size_of
        self._entries: dict[K, Any] = {}

    @overload
    def get(self, key: K) -> V | None: ...
    @overload
    def get(self, key: K, default: V) -> V: ...
    @overload
    def get(self, key: K, default: D) -> V | D: ...
    @abstractmethod
    def get(self, key: K, default: Any = None) -> Any:
        """The value, which is a use of it; `default` where there is none."""

    def popitem(self) -> tuple[K, V]:
        """Remove and return what would be evicted next; `KeyError` where
        there is nothing.
        """
        if not self._entries:
            raise KeyError("the cache is empty")
        key = self._victim()
        return key, self._remove(key)

    @abstractmethod
    def _victim(self) -> K:
        """Who goes next, by the policy. Called only where there is one."""

    @abstractmethod
    def _remove(self, key: K) -> V:
        """Forget everything about a key, and return its value. Raises
        `KeyError` where there is none.
        """

    def _refuse(self, key: K, size: float) -> None:
        """What to do with a value larger than the whole cache. Raises
        `ValueError` if its size is none.
        """
        if not size >= 0:
            raise ValueError(f"size_of must give 0 or more, not {size}")
        if key in self._entries:
            self._remove(key)
        self.evictions += 1

    def __getitem__(self, key: K) -> V:
        value: V = self.get(key, MISSING)
        if value is MISSING:
            raise KeyError(key)
        return value

    def __delitem__(self, key: K) -> None:
        self._remove(key)

    def pop(self, key: K, default: Any = MISSING) -> Any:
        """Remove and return; neither a hit nor a miss."""
        if key in self:
            return self._remove(key)
        if default is MISSING:
            raise KeyError(key)
        return default

    def clear(self) -> None:
        """Remove everything; the counters stay."""
        for key in tuple(self._entries):
            self._remove(key)
        self.bytes = 0

    def __contains__(self, key: object) -> bool:
        return key in self._entries

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[K]:
        """The keys as they were when the loop began."""
        return iter(tuple(self._entries))

    def items(self) -> ItemsView[K, V]:
        """A copy, so that looking is not using."""
        return {key: self._look(key) for key in self}.items()

    def values(self) -> ValuesView[V]:
        """A copy, so that looking is not using."""
        return {key: self._look(key) for key in self}.values()

    def peek(self, key: K) -> V | None:
        """The value, which is no use of it; None where there is none."""
        return self._look(key) if key in self else None

    def _look(self, key: K) -> V:
        value: V = self._entries[key]
        return value

    def snapshot(self) -> Mapping[str, float]:
        """The counters, for metrics."""
        return {
            "entries": len(self),
            "bytes": self.bytes,
            "hits": self.hits,
            "misses": self.misses,
            "evictions": self.evictions,
        }
