"""A cache whose entries also grow old.

The problem: an answer that was right this morning may be wrong tonight. Each
entry gets the time at which it expires when it is *written*. Reading does not
extend it: otherwise the most popular answer would be the one that is never
refreshed.

The idea: a dict keeps the order in which its entries were written, and as all
live about equally long, that is nearly the order in which they expire.

- An expired entry is never served, and is dropped by the read that meets it.
  Those nobody reads again are dropped by a write, once in a 64th of a life.
  The search goes from the oldest on, and ends where the young begin: without
  jitter it looks at nothing else, with a jitter of a tenth at about a tenth of
  the entries.
- `jitter` shortens each life by a random share. Entries written together then
  do not expire together, and the model is not asked for all of them at once.
- When it is full, the oldest goes, unless it was used since that was last
  asked: a *second chance*, about as good as an LRU. It leaves everything in
  its place, so one order serves both. Once in a round it copies the keys.

When it does not help: answers that never change (a longer life is free hits),
or that change at a known moment (delete the key then, and wait for nothing).
And where thousands were written in one moment without jitter, one write drops
them all.

Time is `now()`, the loop's clock, which nobody can set back. The second chance
is Corbató's, "A paging experiment with the Multics system" (1968).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from math import inf
from typing import Any, Generic, TypeVar
from zlib import crc32

from optimizations.arguments import positive
from optimizations.caching.memory.bounded import MAX_BYTES, BoundedMapping
from optimizations.clock import now

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

_SWEEPS = 64  # in a life, at most


class TTLCache(BoundedMapping[K, V]):
    """Entries live `ttl_seconds`, less up to the share `jitter` (from 0, below
    1) of it, drawn for each key by `seed`. At most `max_entries`; with
    `size_of`, which says how many bytes a value takes, also at most
    `max_bytes` of values.
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
        self._entries: dict[K, _Entry[V]]  # in the order of writing
        self._sweep_at = -inf
        self._hand = self._go_round()

    def get(self, key: K, default: Any = None) -> Any:
        # Flat, and so is writing: calls would be half of what both take.
        entry = self._entries.get(key)
        if entry is not None:
            if now() < entry.deadline:
                entry.used = True
                self.hits += 1
                return entry.value
            self._expire(key)
        self.misses += 1
        return default

    def __setitem__(self, key: K, value: V) -> None:
        moment = now()
        if moment >= self._sweep_at:
            self._sweep(moment)
        life = self.ttl_seconds
        if self.jitter:
            life *= 1 - self.jitter * _draw(self._seed, key)
        entries, size_of = self._entries, self._size_of
        size = 0 if size_of is None else size_of(value)
        if not 0 <= size <= self.max_bytes:
            self._refuse(key, size)
            return
        again = key in entries
        if again:
            self._remove(key)
        room = self.max_bytes - size
        full = len(entries) >= self.max_entries
        while entries and (full or self.bytes > room):
            full = False
            gone = entries.pop(next(self._hand))
            if size_of is not None:
                self.bytes -= size_of(gone.value)
            self.evictions += 1
        entries[key] = _Entry(value, moment + life, again)
        self.bytes += size

    def __delitem__(self, key: K) -> None:
        if self._entries[key].deadline <= now():
            self._expire(key)
            raise KeyError(key)
        self._remove(key)

    def popitem(self) -> tuple[K, V]:
        self._sweep(now())
        return super().popitem()

    def __contains__(self, key: object) -> bool:
        entry = self._entries.get(key)  # type: ignore[arg-type]
        return entry is not None and entry.deadline > now()

    def __len__(self) -> int:
        self._sweep(now())
        return super().__len__()

    def __iter__(self) -> Iterator[K]:
        self._sweep(now())
        return super().__iter__()

    def _look(self, key: K) -> V:
        return self._entries[key].value

    def snapshot(self) -> Mapping[str, float]:
        """The counters, for metrics."""
        return {**super().snapshot(), "expirations": self.expirations}

    def _victim(self) -> K:
        return next(self._hand)

    def _go_round(self) -> Iterator[K]:
        """The keys to give up, for ever: the oldest first, each that was used
        since it was last asked in a later round. A copy is what goes round,
        for the order of writing must stay.
        """
        while True:
            for key in tuple(self._entries):
                entry = self._entries.get(key)
                if entry is None:  # removed meanwhile
                    continue
                if not entry.used:
                    yield key
                entry.used = False

    def _remove(self, key: K) -> V:
        value = self._entries.pop(key).value
        if self._size_of is not None:
            self.bytes -= self._size_of(value)
        return value

    def _expire(self, key: K) -> None:
        self._remove(key)
        self.expirations += 1

    def _sweep(self, moment: float) -> None:
        """Drop what has expired. What would be alive even if it had drawn the
        longest life ends the search: all after it were written later.
        """
        alive = moment + self.jitter * self.ttl_seconds
        expired = []
        for key, entry in self._entries.items():
            if entry.deadline <= moment:
                expired.append(key)
            elif entry.deadline > alive:
                break
        for key in expired:
            self._expire(key)
        self._sweep_at = moment + self.ttl_seconds / _SWEEPS


class _Entry(Generic[V]):
    __slots__ = ("deadline", "used", "value")

    def __init__(self, value: V, deadline: float, used: bool) -> None:
        self.value = value
        self.deadline = deadline
        self.used = used


def _draw(seed: int, key: object) -> float:
    """From 0, below 1; the same in every process. A checksum spreads well
    enough for this, at a tenth of the price of a generator.
    """
    return crc32(repr((seed, key)).encode()) / 2**32
