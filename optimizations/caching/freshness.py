"""When an answer from a cache is still good, and when to ask anew.

The problem: an answer expires, and everybody who wants it waits for the model
at once. Two ideas let nobody wait:

- *Stale while revalidate* (RFC 5861): for a while after its time an answer is
  served although it is old, and asked anew behind the reader's back.
- *Early refresh*: one of the readers asks anew a little before the time. Each
  draws, and the nearer the end and the longer the model took, the likelier it
  is. So a popular answer is replaced before it expires, the sooner the more
  readers draw; a rare one is left to expire, and nobody has to agree with
  anybody. (XFetch: Vattani, Chierichetti, Lowenstein, "Optimal probabilistic
  cache stampede prevention", 2015.)

This is the rule alone; `Cached` applies it. The store has to keep an answer as
long as it may be served: `fresh_seconds` and `stale_seconds` together.

When it does not help: what must never be old, not even for one reader. And an
answer that is asked for once an hour is refreshed by no one in time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from math import inf, log

_LONGEST = 37  # no draw of 53 bits is further ahead: -log(2 ** -53)


class Verdict(Enum):
    """What to do with an answer that was found."""

    SERVE = "serve"
    SERVE_AND_REFRESH = "serve, and ask anew behind the reader's back"
    EXPIRED = "a miss"


@dataclass(frozen=True, slots=True)
class Freshness:
    """An answer is fresh for `fresh_seconds`, and may be served stale for
    `stale_seconds` more. `early` scales how soon before its time it is asked
    anew: 0 never, 1 as in the paper, more is sooner.

    Raises `ValueError` unless `fresh_seconds` is more than 0 and the others
    are from 0, NaN being neither.
    """

    fresh_seconds: float = inf
    stale_seconds: float = 0.0
    early: float = 0.0

    def __post_init__(self) -> None:
        if not (
            self.fresh_seconds > 0
            and self.stale_seconds >= 0
            and 0 <= self.early < inf
        ):
            raise ValueError(
                "fresh_seconds must be more than 0, stale_seconds from 0, "
                f"early finite and from 0, not {self}"
            )

    def judge(
        self,
        age_seconds: float,
        made_in_seconds: float,
        draw: Callable[[], float],
    ) -> Verdict:
        """What to do with an answer of this age, which took the model so
        long. `draw` gives a number from 0, below 1; it is asked only near the
        end, where chance decides.

        >>> rule = Freshness(60, stale_seconds=30)
        >>> [rule.judge(age, 2.0, lambda: 0.5).name for age in (59, 61, 91)]
        ['SERVE', 'SERVE_AND_REFRESH', 'EXPIRED']
        """
        if age_seconds >= self.fresh_seconds + self.stale_seconds:
            return Verdict.EXPIRED
        scale = made_in_seconds * self.early
        ahead = 0.0
        if age_seconds + scale * _LONGEST >= self.fresh_seconds > age_seconds:
            # `1 - draw()` is never 0, which has no logarithm.
            ahead = -log(1 - draw()) * scale
        if age_seconds + ahead >= self.fresh_seconds:
            return Verdict.SERVE_AND_REFRESH
        return Verdict.SERVE
