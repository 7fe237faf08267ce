"""Histogram with a stated error: percentiles of millions of latencies in a few
kilobytes, which can be added up.

Keeping every sample is exact, and grows without end. Averaging the percentiles
of two machines gives a number that means nothing. Fixed buckets lose the tail
beyond the last. Here the buckets grow by a constant factor, so each value is
known to within 1 % of itself, whether it is a microsecond or a day; and since
the buckets are the same everywhere, two histograms are merged by adding their
counts. Failures count as infinite: left out, they would make an outage look
quick.

When it does not help: a percentile says nothing beyond its samples. The 99th
of fifty requests is their slowest one with another name, so from p99 up there
is no figure until ten samples lie beyond it. After DDSketch (Masson, Rim, Lee,
VLDB 2019).
"""

from __future__ import annotations

from math import ceil, exp, inf, log

_SMALLEST, _LARGEST = 1e-6, 1e6  # in seconds: a microsecond to eleven days
_SAMPLES_BEYOND = 10


class LogHistogram:
    """Counts values from 0 to infinity. Below 1e-6 a value counts as 0, above
    1e6 as 1e6; between, `quantile` is off by at most `relative_error`.

    >>> latency = LogHistogram(relative_error=0.01)
    >>> for seconds in (0.2, 0.3, 4.0, float("inf")):
    ...     latency.add(seconds)
    >>> round(latency.quantile(0.5), 2), latency.quantile(1.0)
    (0.3, inf)
    """

    def __init__(self, relative_error: float = 0.01) -> None:
        if not 0 < relative_error < 1:
            raise ValueError(
                f"relative_error must be within 0..1, not {relative_error}"
            )
        self.relative_error = relative_error
        self.count = 0
        self.finite_sum = 0.0
        self._growth = (1 + relative_error) / (1 - relative_error)
        self._counts: dict[float, int] = {}  # bucket number -> values in it

    def add(self, value: float) -> None:
        """Count one more. Raises ValueError for what is negative, or no
        number.
        """
        if not value >= 0:
            raise ValueError(f"value must be from 0 to infinity, not {value}")
        bucket = self._bucket(value)
        self._counts[bucket] = self._counts.get(bucket, 0) + 1
        self.count += 1
        if value != inf:
            self.finite_sum += value

    def merge(self, other: LogHistogram) -> None:
        """Add all that the other has counted; its error must be the same."""
        if other.relative_error != self.relative_error:
            raise ValueError(
                "only histograms of the same relative_error can be merged, "
                f"not {self.relative_error} and {other.relative_error}"
            )
        for bucket, count in other._counts.items():
            self._counts[bucket] = self._counts.get(bucket, 0) + count
        self.count += other.count
        self.finite_sum += other.finite_sum

    def quantile(self, q: float) -> float | None:
        """The smallest value that at least a share `q` of all do not exceed;
        None where there is none.
        """
        if not 0 <= q <= 1:
            raise ValueError(f"q must be within 0..1, not {q}")
        rank, seen = max(1, ceil(q * self.count)), 0
        for bucket in sorted(self._counts):
            seen += self._counts[bucket]
            if seen >= rank:
                return self._middle(bucket)
        return None

    def percentile(self, percent: float) -> float | None:
        """The quantile as it may be shown: None from p99 up while fewer than
        ten samples lie beyond it, which for p99 is below 1,000.
        """
        beyond = self.count * (100 - percent) / 100
        if percent >= 99 and beyond < _SAMPLES_BEYOND:
            return None
        return self.quantile(percent / 100)

    def count_up_to(self, limit: float) -> int:
        """How many values do not exceed the limit, as exactly as the buckets
        know.
        """
        last = self._bucket(limit)
        return sum(n for bucket, n in self._counts.items() if bucket <= last)

    def _bucket(self, value: float) -> float:
        """Bucket k holds what is above growth**(k-1), up to growth**k."""
        if value < _SMALLEST:
            return -inf
        if value == inf:
            return inf
        return ceil(log(min(value, _LARGEST)) / log(self._growth))

    def _middle(self, bucket: float) -> float:
        """The value of a bucket that is nearest, in proportion, to all."""
        if bucket == -inf:
            return 0.0
        if bucket == inf:
            return inf
        return 2 * exp(bucket * log(self._growth)) / (self._growth + 1)
