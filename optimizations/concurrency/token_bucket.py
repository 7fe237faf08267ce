"""A token bucket that knows only one number: when it was, or will be, empty.

What may be spent drips into a bucket at a steady rate; each spending takes
some out; the bucket's size is the burst that an idle caller may spend at once.
The textbook keeps a level and a time stamp, and refills at each look. But the
level follows from one moment alone: `empty_at`, when the bucket stood or will
stand at zero. To take is to push that moment further away; to give back is to
pull it closer. There is no refill to forget, and no rounding adds up while
nobody looks. More may be taken than is there: then `empty_at` lies in the
future, and that is a debt.

When it does not help: it allows up to `burst + rate * t` in *any* window of t
seconds. A provider who counts by the calendar minute may thus see a little
more than the rate in a minute that follows an idle one; choose a small burst.

This is the generic cell rate algorithm (GCRA) of ATM networks, 1990s, read as
a bucket.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import repeat
from math import inf


class TokenBucket:
    """Holds up to `burst`, gains `per_second`; starts full. Time is passed in,
    in seconds on any clock that does not jump.

    >>> bucket = TokenBucket(per_second=2, burst=10)
    >>> bucket.take(10, at=100.0)
    >>> bucket.level(100.5), bucket.ready_at(4)
    (1.0, 102.0)
    """

    def __init__(self, per_second: float, burst: float) -> None:
        if not (0 < per_second < inf and 0 < burst < inf):
            raise ValueError(
                "per_second and burst must be positive and finite, "
                f"not {per_second} and {burst}"
            )
        self.per_second = per_second
        self.burst = burst
        self._fill_seconds = burst / per_second
        self._empty_at = -inf

    def ready_at(self, amount: float) -> float:
        """When this much is there: in the past if it is, `inf` if it never
        will be, being more than `burst`.
        """
        if amount > self.burst:
            return inf
        return self._empty_at + amount / self.per_second

    def earliest(self, amount: float, at: float) -> float:
        """The same for an amount of any size that is taken bit by bit."""
        overflow = (amount - self.burst) / self.per_second
        last = self._empty_at + amount / self.per_second
        return max(last, at + overflow, at)

    def take(self, amount: float, at: float) -> None:
        """Take it, whether or not it is there; a negative amount gives
        back.
        """
        start = at - self._fill_seconds  # empty then, if it is full now
        if start < self._empty_at:
            start = self._empty_at
        self._empty_at = start + amount / self.per_second

    def level(self, at: float) -> float:
        """What is there: below zero while in debt."""
        return min((at - self._empty_at) * self.per_second, self.burst)


class Budget:
    """Several buckets that are spent together. A cost has one amount for each
    of them, in their order.
    """

    def __init__(self, *buckets: TokenBucket) -> None:
        self.buckets = buckets

    def ready_at(self, cost: Sequence[float]) -> float:
        """When each has what it takes: `inf` if that will never be."""
        return max(map(TokenBucket.ready_at, self.buckets, cost))

    def earliest(self, cost: Sequence[float], at: float) -> float:
        """The same for a cost of any size that is taken bit by bit."""
        ats = repeat(at)
        return max(map(TokenBucket.earliest, self.buckets, cost, ats))

    def take(self, cost: Sequence[float], at: float) -> None:
        """Take from each, or give back what is negative."""
        for bucket, amount in zip(self.buckets, cost, strict=True):
            bucket.take(amount, at)

    def levels(self, at: float) -> list[float]:
        """What is in each."""
        return [bucket.level(at) for bucket in self.buckets]
