"""How smooth a stream felt: when its first text came, and how evenly the rest.

A mean says little about reading. Forty tokens a second with a pause of five
seconds in the middle has the same mean as an even eight, and feels broken. So
this keeps what a reader notices: the wait for the first text, the longest gap,
how many gaps were stalls, and how uneven they were. It keeps sums, not
samples, so a stream of any length costs the same few numbers.

When it does not help: it tells of one stream at the place where it is asked;
behind a buffering proxy it tells of the proxy. Percentiles over many streams
need the samples, or a histogram: that is the business of monitoring.
"""

from __future__ import annotations

from math import inf, sqrt

from optimizations.clock import now


class Smoothness:
    """Begin it when the question is sent, and call `text_came` at each piece.
    A gap of `stall_seconds` or more is a stall.
    """

    def __init__(self, stall_seconds: float = 1.0) -> None:
        if not 0 < stall_seconds < inf:
            raise ValueError(
                "stall_seconds must be positive and finite, "
                f"not {stall_seconds}"
            )
        self.stall_seconds = stall_seconds
        self.first_text_seconds: float | None = None  # none has come yet
        self.gaps = self.stalls = 0
        self.longest_gap_seconds = 0.0
        self._last = now()
        self._sum = self._sum_of_squares = 0.0

    def text_came(self) -> None:
        """A piece of text has come, now."""
        gap, self._last = now() - self._last, now()
        if self.first_text_seconds is None:
            self.first_text_seconds = gap
            return
        self.gaps += 1
        self.stalls += gap >= self.stall_seconds
        self.longest_gap_seconds = max(self.longest_gap_seconds, gap)
        self._sum += gap
        self._sum_of_squares += gap * gap

    @property
    def mean_gap_seconds(self) -> float:
        """0 without gaps."""
        return self._sum / self.gaps if self.gaps else 0.0

    @property
    def jitter_seconds(self) -> float:
        """Standard deviation of the gaps: 0 for an even flow."""
        if not self.gaps:
            return 0.0
        mean_square = self._sum_of_squares / self.gaps
        return sqrt(max(mean_square - self.mean_gap_seconds**2, 0.0))
