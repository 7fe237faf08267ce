"""SIEVE, to compare S3-FIFO with: one queue, and a hand that goes round it.

The problem: is the simplest policy that resists strangers as good as the one
we chose? The idea of it: newcomers join the queue at one end. To make room a
hand walks from the oldest on: who was used since it last came by stays where
it is, who was not leaves. So what nobody wants is sifted out early, and
nothing is ever moved. (Zhang and others, "SIEVE is simpler than LRU", NSDI
2024.)

When it does not help: here it is for counting hits, on nothing but the keys of
an experiment.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable
from typing import Any


class Sieve(dict[Any, Any]):
    """At most `max_entries`, written with `[]` and read with `get`."""

    def __init__(self, max_entries: int) -> None:
        super().__init__()
        self._max_entries = max_entries
        self._used: set[Hashable] = set()
        self._ahead: deque[Hashable] = deque()  # of the hand, oldest first
        self._behind: deque[Hashable] = deque()

    def get(self, key: Hashable, default: Any = None) -> Any:
        """The value, which is a use of it."""
        if key in self:
            self._used.add(key)
        return super().get(key, default)

    def __setitem__(self, key: Hashable, value: Any) -> None:
        if key not in self:
            if len(self) >= self._max_entries:
                self._evict()
            self._ahead.append(key)
        super().__setitem__(key, value)

    def _evict(self) -> None:
        while True:
            if not self._ahead:  # once round
                self._ahead, self._behind = self._behind, self._ahead
            key = self._ahead.popleft()
            if key not in self._used:
                del self[key]
                return
            self._used.remove(key)
            self._behind.append(key)
