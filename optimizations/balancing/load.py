"""Load: what a balancer knows of one replica, from its own requests alone.

Two numbers decide how long a newcomer would wait: how many requests are in
flight there, and how long a first token takes there lately. The second is a
*peak* moving average: a slower sample counts at once, a quicker one only bit
by bit, and without samples the figure fades, so that a replica once judged
slow is asked again some day.

Three things a plain average gets wrong are put right here. A failure is not a
fast answer: each counts as at least `failure_seconds`, and as twice what was
believed before, else a replica that fails within a millisecond draws all the
traffic. A request that still waits counts with its age, else a replica that
never answers has no sample and looks fresh. And a request whose caller left
counts with its age too, else impatient callers hide a slow replica.

When it does not help: answers that are not streamed show their first token
only at their end, so they look slow, on each replica alike. A stream is timed
up to its first token only. The average is Finagle's peak EWMA, fed with the
time to first token as is right for a model.
"""

from __future__ import annotations

from itertools import count
from math import exp, inf

from optimizations.arguments import positive
from optimizations.clock import now

_FADED = 0.01  # below this share of a sample's weight it says nothing any more


class Load:
    """Counts requests in flight and estimates the seconds to a first token.

    `begin` gives a ticket; `answered` and `end` take it back.
    """

    def __init__(
        self,
        *,
        decay_seconds: float = 10.0,
        failure_seconds: float = 1.0,
        max_seconds: float = 60.0,
    ) -> None:
        positive(decay_seconds=decay_seconds)
        if not 0 < failure_seconds <= max_seconds < inf:
            raise ValueError(
                "needs 0 < failure_seconds <= max_seconds, both finite, "
                f"not {failure_seconds} and {max_seconds}"
            )
        self.in_flight = 0
        self.begun = 0
        self.failures = 0
        self._decay_seconds = decay_seconds
        self._failure_seconds = failure_seconds
        self._max_seconds = max_seconds
        self._estimate = 0.0
        self._estimated_at = -inf
        self._tickets = count()
        self._waiting: dict[
            int, float
        ] = {}  # ticket -> begun at; oldest first

    @property
    def known(self) -> bool:
        """Whether a sample is recent enough to say anything."""
        return self._weight() > _FADED

    @property
    def seconds(self) -> float:
        """To a first token, as far as is known now: the faded estimate, or the
        age of the request that waits longest.
        """
        oldest = next(iter(self._waiting.values()), inf)
        return max(self._estimate * self._weight(), now() - oldest)

    def forget(self) -> None:
        """What was seen so far says nothing about now."""
        self._estimated_at = -inf

    def begin(self) -> int:
        """A request is sent."""
        ticket = next(self._tickets)
        self._waiting[ticket] = now()
        self.in_flight += 1
        self.begun += 1
        return ticket

    def answered(self, ticket: int) -> None:
        """Its first token is here."""
        begun_at = self._waiting.pop(ticket, None)
        if begun_at is not None:
            self._observe(now() - begun_at)

    def end(
        self, ticket: int, *, failed: bool, rest_seconds: float = 0.0
    ) -> None:
        """It is over: answered, failed, or left by its caller. Where it
        failed, `rest_seconds` is how long the replica asked to be spared.
        """
        self.in_flight -= 1
        begun_at = self._waiting.pop(ticket, None)
        age = 0.0 if begun_at is None else now() - begun_at
        believed = self._estimate * self._weight()
        if failed:
            self.failures += 1
            self._observe(
                max(age, 2 * believed, rest_seconds, self._failure_seconds)
            )
        elif age > (believed if self.known else self._failure_seconds):
            # Left while waiting: it says that the replica is slow, or nothing.
            self._observe(age)

    def _observe(self, seconds: float) -> None:
        """Up at once, down slowly."""
        seconds, weight = min(seconds, self._max_seconds), self._weight()
        if seconds < self._estimate:
            seconds = self._estimate * weight + seconds * (1 - weight)
        self._estimate, self._estimated_at = seconds, now()

    def _weight(self) -> float:
        return exp((self._estimated_at - now()) / self._decay_seconds)
