"""What expires next, without looking at what does not.

The problem: to find out which of a hundred thousand entries are too old, one
can ask each of them. The idea: a heap has the earliest at its top, so asking
costs one comparison, and each that is due a few more.

A heap cannot find what lies in its middle. So what is cancelled or moved stays
there as a *superseded* note, recognised when it comes to the top; when those
are too many, the heap is built anew.

When it does not help: where all live equally long from the moment they are
written. Then the order of writing is that of expiry, and a plain queue will
do.
"""

from __future__ import annotations

from collections.abc import Hashable
from heapq import heapify, heappop, heappush
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)

_SUPERSEDED = 64  # notes that the heap may hold beside one for each key


class ExpiryQueue(Generic[K]):
    """Keys, each with the time at which it is due; on whatever clock."""

    def __init__(self) -> None:
        self._notes: dict[K, tuple[float, int, K]] = {}
        self._heap: list[tuple[float, int, K]] = []
        self._written = 0  # tells two notes of one time apart

    def __len__(self) -> int:
        return len(self._notes)

    @property
    def notes(self) -> int:
        """What the heap holds, superseded notes included."""
        return len(self._heap)

    def schedule(self, key: K, due: float) -> None:
        """In the place of an earlier time of this key."""
        self._written += 1
        note = self._notes[key] = (due, self._written, key)
        heappush(self._heap, note)
        if len(self._heap) > 2 * len(self._notes) + _SUPERSEDED:
            self._heap = list(self._notes.values())
            heapify(self._heap)

    def cancel(self, key: K) -> None:
        """Forget a key; one that is not there too."""
        self._notes.pop(key, None)

    def pop_due(self, moment: float) -> K | None:
        """Remove and return the key that has been due for the longest, None
        where none is.
        """
        while self._heap and self._heap[0][0] <= moment:
            note = heappop(self._heap)
            if self._notes.get(note[2]) is note:
                del self._notes[note[2]]
                return note[2]
        return None
