"""Verdict: what the end of a call says about the replica that was asked.

Breakers and balancers learn from errors, and learn nonsense from the wrong
ones. A caller who leaves, a deadline that was too short, a question that no
model could answer: none of them is the replica's failure, nor its success. A
429 is a failure of a replica that is alive. All else that breaks is a failure,
and so is a key that one replica does not accept. Each error knows whom to
blame; here that becomes what a watcher of replicas has to know.

When it does not help: it knows one error at a time. A replica that answers
nonsense in good form is well, as far as this goes.
"""

from __future__ import annotations

from enum import Enum

from optimizations.errors import Blame, LLMError


class Outcome(Enum):
    """How a call ended, in the eyes of whoever watches a replica."""

    SUCCESS = "success"
    FAILURE = "failure"
    THROTTLED = "throttled"  # a failure, but of a replica that is alive
    NEITHER = "neither"


def judge(error: BaseException) -> Outcome:
    """What an error says about the replica.

    >>> from optimizations.errors import DeadlineExceeded, UpstreamError
    >>> judge(UpstreamError("too many requests", status=429)).value
    'throttled'
    >>> judge(DeadlineExceeded()).value
    'neither'
    """
    match error:
        case LLMError(blame=Blame.LOAD):
            return Outcome.THROTTLED
        case LLMError(blame=Blame.REPLICA):
            return Outcome.FAILURE
        case _:
            return Outcome.NEITHER
