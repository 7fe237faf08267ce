"""Values found by similarity, in partitions that a search never leaves.

The problem: the nearest of all may belong to somebody else, and a filter that
looks afterwards finds nothing where the nearest hundred are foreign. The idea:
each partition has an index of its own, so what must not be found is not there
to be found.

All partitions share one bound, on the number of values and on their bytes, and
each value may expire. Whichever way it leaves (replaced, evicted as the least
recently used, expired, removed), it leaves its index in the same step, and the
last of a partition takes the partition along. Nothing ever walks over all of
them: an expired value is never given, is dropped where a search meets it, and
each search and each insert drop a few more.

When it does not help: where a search should span circumstances. Then the
circumstance is a part of what is compared, not of the partition.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from typing import Generic, Protocol, TypeVar

from optimizations.arguments import at_least_one
from optimizations.caching.similar.expiry_queue import ExpiryQueue
from optimizations.clock import now

V = TypeVar("V")
F = TypeVar("F")
F_contra = TypeVar("F_contra", contravariant=True)
Place = tuple[str, str]
"""A partition, and a name within it."""

_DROPPED = 4  # expired ones, with each search and insert: more than it adds


class Index(Protocol[F_contra]):
    """What is in one partition, in the form in which it is compared."""

    def __len__(self) -> int: ...

    def add(self, key: Place, form: F_contra, /) -> None:
        """Insert, or replace what is under `key`."""

    def remove(self, key: Place, /) -> None:
        """Forget what is under `key`."""

    def nearest(
        self, form: F_contra, k: int, at_least: float, /
    ) -> list[tuple[Place, float]]:
        """The `k` with the highest scores, of those that reach `at_least`, the
        best first.
        """


@dataclass(frozen=True, slots=True)
class _Kept(Generic[V]):
    value: V
    bytes: int
    expires_at: float


class Partitions(Generic[F, V]):
    """At most `max_entries` values and `max_bytes` of them."""

    def __init__(
        self,
        new_index: Callable[[], Index[F]],
        *,
        max_entries: int,
        max_bytes: int,
    ) -> None:
        at_least_one(max_entries=max_entries, max_bytes=max_bytes)
        self.evictions = self.expirations = self.bytes = 0
        self._new_index = new_index
        self._max_entries = max_entries
        self._max_bytes = max_bytes
        self._kept: OrderedDict[Place, _Kept[V]] = OrderedDict()
        self._indexes: dict[str, Index[F]] = {}
        self._expiries: ExpiryQueue[Place] = ExpiryQueue()

    def __len__(self) -> int:
        return len(self._kept)

    def __contains__(self, partition: object) -> bool:
        return partition in self._indexes

    @property
    def count(self) -> int:
        """How many partitions there are."""
        return len(self._indexes)

    def get(self, place: Place) -> V | None:
        """What is kept there. Looking is not using."""
        kept = self._kept.get(place)
        if kept is None or self._drop_expired(place, kept):
            return None
        return kept.value

    def touch(self, place: Place) -> None:
        """It was used just now."""
        self._kept.move_to_end(place)

    def nearest(
        self, partition: str, form: F, k: int, at_least: float
    ) -> list[tuple[Place, float]]:
        """The `k` most similar in the partition, of those that reach
        `at_least`, the best first; fewer where some had expired.
        """
        self._sweep()
        index = self._indexes.get(partition)
        found = [] if index is None else index.nearest(form, k, at_least)
        return [
            (place, score)
            for place, score in found
            if not self._drop_expired(place, self._kept[place])
        ]

    def put(
        self,
        place: Place,
        form: F,
        value: V,
        *,
        bytes: int,
        expires_at: float = inf,
    ) -> None:
        """Insert, or replace what is there. What is larger than everything may
        be, or has expired already, is not kept.
        """
        self._sweep()
        self.remove(place)
        if bytes > self._max_bytes or expires_at <= now():
            return
        index = self._indexes.get(place[0])
        if index is None:
            index = self._indexes[place[0]] = self._new_index()
        index.add(place, form)
        self._kept[place] = _Kept(value, bytes, expires_at)
        self.bytes += bytes
        if expires_at < inf:
            self._expiries.schedule(place, expires_at)
        while len(self) > self._max_entries or self.bytes > self._max_bytes:
            self.remove(next(iter(self._kept)))
            self.evictions += 1

    def remove(self, place: Place) -> bool:
        """Whether there was something to forget."""
        kept = self._kept.pop(place, None)
        if kept is None:
            return False
        self.bytes -= kept.bytes
        self._expiries.cancel(place)
        index = self._indexes[place[0]]
        index.remove(place)
        if not len(index):
            del self._indexes[place[0]]
        return True

    def _sweep(self) -> None:
        moment = now()
        for _ in range(_DROPPED):
            place = self._expiries.pop_due(moment)
            if place is None:
                return
            self.remove(place)
            self.expirations += 1

    def _drop_expired(self, place: Place, kept: _Kept[V]) -> bool:
        if kept.expires_at > now():
            return False
        self.remove(place)
        self.expirations += 1
        return True
