"""A written schedule of what goes wrong and when: windows in time, rather than
a probability that never comes when wanted.

    0-10 error status=500 share=0.3     three in ten of those of 10 s
    20-30 error status=429 retry_after=2
    30-inf stall seconds=60 period=8    flapping: 4 s ill, 4 s well, and again

Whether a `share` hits a request is drawn from its own chance, so the same
request meets the same fate in every run.

When it does not help: it knows the faults that somebody thought of. Whatever
your provider does to you that is not here, add it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from math import inf
from random import Random
from typing import Any

from optimizations.errors import ConnectionFailed, Incomplete, UpstreamError

KINDS = {
    "error": "answers with `status` (and `retry_after`) instead of beginning",
    "refuse": "breaks the connection before the answer begins",
    "slow": "takes `factor` times as long for everything",
    "silent": "says nothing for `seconds` before the first token",
    "stall": "pauses for `seconds` after `after_tokens`",
    "drip": "lets `seconds` pass before every token",
    "cut": "ends without an end after `after_tokens`",
    "error_in_stream": "sends an error after `after_tokens`, inside a 200",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One window of one kind of fault. Times are seconds since the model was
    made.
    """

    kind: str
    start: float = 0.0
    end: float = inf
    share: float = 1.0  # of the requests that arrive in the window
    status: int = 500
    retry_after: float | None = None
    factor: float = 4.0
    seconds: float = 30.0
    after_tokens: int = 5
    # flapping, in seconds: ill for the first `duty` of every period
    period: float | None = None
    duty: float = 0.5

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(
                f"unknown fault {self.kind!r}: one of {', '.join(KINDS)}"
            )
        rules = {
            "0 <= start < end": 0 <= self.start < self.end,
            "a share within 0..1": 0 <= self.share <= 1,
            "a status within 400..599": 400 <= self.status <= 599,
            "retry_after from 0": self.retry_after is None
            or self.retry_after >= 0,
            "factor from 0": self.factor >= 0,
            "seconds from 0": self.seconds >= 0,
            "after_tokens from 0": self.after_tokens >= 0,
            "a period above 0": self.period is None or self.period > 0,
            "a duty above 0 and up to 1": 0 < self.duty <= 1,
        }
        for rule, kept in rules.items():
            if not kept:  # nor is it for a NaN
                raise ValueError(f"fault {self.kind} needs {rule}")

    @classmethod
    def parse(cls, text: str) -> Fault:
        """Read one line of a schedule: `START-END KIND [name=value ...]`.
        Raises ValueError that names what is wrong.

        >>> Fault.parse("10-20 slow factor=8").factor
        8.0
        """
        try:
            window, kind, *settings = text.split()
            start, end = map(float, window.split("-"))
            values: dict[str, Any] = {}
            for setting in settings:
                name, value = setting.split("=")
                values[name] = (
                    int(value)
                    if name in ("status", "after_tokens")
                    else float(value)
                )
        except ValueError:
            raise ValueError(
                f"cannot read {text!r}: it is START-END KIND name=value ..."
            ) from None
        known = {field.name for field in fields(cls)}
        if unknown := values.keys() - (known - {"kind", "start", "end"}):
            raise ValueError(
                f"fault {text!r} has no setting {', '.join(sorted(unknown))}"
            )
        return cls(kind, start, end, **values)

    def active(self, seconds: float) -> bool:
        """Whether a request that arrives at this time is in the window."""
        if not self.start <= seconds < self.end:
            return False
        return (
            self.period is None
            or (seconds - self.start) % self.period < self.duty * self.period
        )

    def before_the_answer(self) -> None:
        """Raise, where this fault lets no answer begin."""
        if self.kind == "refuse":
            raise ConnectionFailed("the connection was refused, as planned")
        if self.kind == "error":
            limited = self.status == 429
            raise UpstreamError(
                "a planned fault",
                status=self.status,
                code="rate_limit_exceeded" if limited else "server_error",
                type="rate_limit_error" if limited else "server_error",
                retry_after=self.retry_after,
            )

    def inside_the_answer(self, partial: str) -> float:
        """Raise, where this fault breaks an answer off; else the seconds that
        it pauses.
        """
        if self.kind == "cut":
            raise Incomplete(partial)
        if self.kind == "error_in_stream":
            raise UpstreamError("a planned fault in the middle of the answer")
        return self.seconds if self.kind == "stall" else 0.0


class FaultSchedule:
    """The faults of one model, in order of precedence: a request meets the
    first that applies.
    """

    def __init__(self, faults: Iterable[Fault] = ()) -> None:
        self.faults = tuple(faults)

    def meet(self, seconds: float, rng: Random) -> Fault | None:
        """What happens to a request that arrives now; `rng` is the
        request's own.
        """
        for fault in self.faults:
            if fault.active(seconds) and (
                fault.share == 1 or rng.random() < fault.share
            ):
                return fault
        return None
