"""Everything that can go wrong, as one tree.

    LLMError
    ├── BadRequest         can never succeed as it is: ask something else
    │   └── Unauthorized       nobody whom we know asks: another key may pass
    ├── Refused            a layer of ours said no; nothing was sent
    │   ├── RateLimited        the budget is spent for now
    │   ├── Overloaded         a queue is full
    │   ├── CircuitOpen        the breaker of this replica is open
    │   └── NoReplica          nobody is left to ask
    ├── TimedOut           nothing came in time: `phase` says what for
    │   └── DeadlineExceeded   the request's own budget is used up
    ├── ConnectionFailed   no answer began: the line broke, nobody listens
    ├── UpstreamError      the provider's error, before or inside its stream
    └── Incomplete         an answer began and did not end: `partial` came

A layer raises only to refuse; an error from inside passes it unchanged. Each
error knows the HTTP status and the OpenAI error code under which a server
reports it, and whose fault it is (`blame`), so that no table elsewhere can
disagree.
"""

from __future__ import annotations

from enum import Enum


class Blame(Enum):
    """Whose fault an error is. What may be learnt from it goes by that: a
    breaker looks for a sick replica, a batch for the item that spoils it.
    """

    CONTENT = "content"  # of this request: the next one may pass
    CALLER = "caller"  # asks for what is not there, or may not ask
    LOAD = "load"  # too much at once, for a replica that is alive
    REPLICA = "replica"  # broken, silent, or with a key that is no good
    NOBODY = "nobody"  # a refusal of ours, a deadline, two who collided

    @classmethod
    def of_status(cls, status: int) -> Blame:
        """What an HTTP status says. A key that one replica does not accept is
        the replica's: it would else look like the quickest of all.
        """
        match status:
            case 400 | 413 | 422:
                return cls.CONTENT
            case 404:
                return cls.CALLER
            case 429:
                return cls.LOAD
            case 401 | 402 | 403 | 408:
                return cls.REPLICA
            case _:
                return cls.REPLICA if status >= 500 else cls.NOBODY


class LLMError(Exception):
    """The root: catch this to catch all that a model or a layer may raise."""

    status = 500  # of HTTP
    code = "internal_error"  # OpenAI's `error.code`
    type = "server_error"  # OpenAI's `error.type`
    param: str | None = None  # OpenAI's `error.param`: which field is wrong
    blame = Blame.NOBODY
    retryable = False  # whether the same request may succeed a little later
    retry_after: float | None = None  # seconds, where somebody said so


class BadRequest(LLMError):
    """The request is malformed, too long, or asks for what this model does not
    have. A provider's own words replace ours.
    """

    status = 400
    code = "invalid_request"
    type = "invalid_request_error"
    blame = Blame.CONTENT

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        code: str | None = None,
        type: str | None = None,
        param: str | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status or self.status
        self.code = code or self.code
        self.type = type or self.type
        self.param = param
        if Blame.of_status(self.status) is not Blame.CONTENT:
            self.blame = Blame.CALLER


class Unauthorized(BadRequest):
    """Who asks has no key, or not the one that is asked for."""

    status = 401
    code = "invalid_api_key"


class Refused(LLMError):
    """A layer of ours said no before anything was sent."""

    status = 503
    code = "unavailable"
    retryable = True

    def __init__(
        self, message: str, *, retry_after: float | None = None
    ) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class RateLimited(Refused):
    """The budget of requests or tokens is spent; `retry_after` says when it is
    not.
    """

    status = 429
    code = "rate_limit_exceeded"
    type = "rate_limit_error"


class Overloaded(Refused):
    """A queue is full. Waiting longer would only make everybody late."""

    code = "overloaded"


class CircuitOpen(Refused):
    """The breaker is open: this replica failed too often and rests until
    `retry_after`.
    """

    code = "circuit_open"


class NoReplica(Refused):
    """No replica is available."""

    code = "no_replica"


class TimedOut(LLMError):
    """Nothing came in time. `phase` is what was waited for: connect, first
    token, next token, deadline.
    """

    status = 504
    code = "timeout"
    blame = Blame.REPLICA
    retryable = True

    def __init__(self, phase: str, seconds: float) -> None:
        super().__init__(
            f"nothing came within {seconds:.3g} s while waiting for: {phase}"
        )
        self.phase = phase
        self.seconds = seconds


class DeadlineExceeded(TimedOut):
    """The request's own budget is used up, whoever used it."""

    code = "deadline_exceeded"
    blame = Blame.NOBODY
    retryable = False

    def __init__(self) -> None:
        super().__init__("deadline", 0.0)
        self.args = ("the request's deadline has passed",)


class ConnectionFailed(LLMError):
    """Nothing listens there, or the line broke before the first byte of an
    answer.
    """

    status = 502
    code = "connection_failed"
    blame = Blame.REPLICA
    retryable = True


class UpstreamError(LLMError):
    """The provider's own error, with the status and code that it gave."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 500,
        code: str = "server_error",
        type: str = "server_error",
        param: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.type = type
        self.param = param
        self.blame = Blame.of_status(status)
        self.retry_after = retry_after
        self.retryable = status in (408, 409, 429) or status >= 500


class Incomplete(LLMError):
    """The answer began and did not end. Never success, never cached, never
    replayed. `partial` is what came.
    """

    status = 502
    code = "incomplete"
    blame = Blame.REPLICA

    def __init__(
        self,
        partial: str = "",
        message: str = "the answer ended before it was whole",
    ) -> None:
        super().__init__(message)
        self.partial = partial
