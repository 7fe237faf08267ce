"""Sliding window: how many calls went well, and how many did not, in the last
seconds.

An average that fades never forgets quite, and a plain counter never forgets at
all. The window keeps exact counts in a few buckets and drops the oldest as
time moves on, so a tight burst and a spread one decide alike, and memory stays
the same however many calls there are. Breakers and burn-rate alerts both stand
on it.

When it does not help: below some samples a ratio is noise; whoever asks says
how many it needs. The window's far edge moves by a whole bucket at a time.
"""

from __future__ import annotations

from collections import deque
from math import inf


class SlidingWindow:
    """Counts good and bad; the clock is the caller's, and never goes back.

    >>> window = SlidingWindow(10.0)
    >>> window.add(True, at=0.0)
    >>> window.add(False, at=9.5)
    >>> window.totals(at=9.9), window.totals(at=10.0)
    ((1, 1), (0, 1))
    """

    def __init__(self, seconds: float, *, buckets: int = 10) -> None:
        if not 0 < seconds < inf:
            raise ValueError(
                "a window's seconds must be positive and finite, "
                f"not {seconds}"
            )
        if buckets < 1:
            raise ValueError(f"buckets must be at least 1, not {buckets}")
        self._bucket_seconds = seconds / buckets
        self._bucket_count = buckets
        self._buckets: deque[list[int]] = deque()  # number, good, bad
        self._good = self._bad = 0

    def add(self, good: bool, at: float) -> None:
        """One more call, that ended at this time."""
        number = int(at // self._bucket_seconds)
        if not self._buckets or self._buckets[-1][0] != number:
            self._buckets.append([number, 0, 0])
        self._buckets[-1][1 if good else 2] += 1
        self._good += good
        self._bad += not good
        self._forget(number)

    def totals(self, at: float) -> tuple[int, int]:
        """How many were good, and how many bad."""
        self._forget(int(at // self._bucket_seconds))
        return self._good, self._bad

    def clear(self) -> None:
        """Forget all."""
        self._buckets.clear()
        self._good = self._bad = 0

    def _forget(self, number: int) -> None:
        oldest = number - self._bucket_count
        while self._buckets and self._buckets[0][0] <= oldest:
            _, good, bad = self._buckets.popleft()
            self._good -= good
            self._bad -= bad
