"""Verdict: what the end of a call says about the replica that was asked.

Breakers and balancers learn from errors, and learn nonsense from the wrong
ones. A caller who leaves, a deadline that was too short, a question that no
model could answer: none of them is the replica's failure, nor its success. A
429 is a failure of a replica that is alive. All else that breaks is a failure,
and so is a key that one replica does not accept: it answers within a
millisecond, and would otherwise look like the quickest of all.
"""

from __future__ import annotations

from enum import Enum

from optimizations.errors import (
    ConnectionFailed,
    DeadlineExceeded,
    Incomplete,
    TimedOut,
    UpstreamError,
)

_NOT_THE_CALLERS = (401, 402, 403, 408)


class Outcome(Enum):
    """How a call ended, in the eyes of whoever watches a replica."""

    SUCCESS = "success"
    FAILURE = "failure"
    THROTTLED = "throttled"  # a failure, but of a replica that is alive
    NEITHER = "neither"


def judge(error: BaseException) -> Outcome:
    """What an error says about the replica.

    >>> judge(UpstreamError("too many requests", status=429)).value
    'throttled'
    >>> judge(DeadlineExceeded()).value
    'neither'
    """
    match error:
        case DeadlineExceeded():
            return Outcome.NEITHER
        case UpstreamError(status=429):
            return Outcome.THROTTLED
        case UpstreamError(status=status):
            blamed = status >= 500 or status in _NOT_THE_CALLERS
            return Outcome.FAILURE if blamed else Outcome.NEITHER
        case TimedOut() | ConnectionFailed() | Incomplete():
            return Outcome.FAILURE
        case _:
            return Outcome.NEITHER
