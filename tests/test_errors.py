"""The tree of what can go wrong."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from optimizations import errors
from optimizations.errors import (
    BadRequest,
    Blame,
    CircuitOpen,
    ConnectionFailed,
    DeadlineExceeded,
    Incomplete,
    LLMError,
    NoReplica,
    Overloaded,
    RateLimited,
    Refused,
    TimedOut,
    Unauthorized,
    UpstreamError,
)

ONE_OF_EACH = [
    BadRequest("too long"),
    Unauthorized("no key"),
    Refused("no"),
    RateLimited("later", retry_after=2.0),
    Overloaded("full"),
    CircuitOpen("open", retry_after=30.0),
    NoReplica("nobody"),
    TimedOut("first token", 5.0),
    DeadlineExceeded(),
    ConnectionFailed("refused"),
    UpstreamError("theirs", status=529),
    Incomplete("so far"),
]


def tree(kind: type[LLMError]) -> Iterator[type[LLMError]]:
    """All kinds below, at any depth."""
    for sub in kind.__subclasses__():
        if sub.__module__ == errors.__name__:
            yield sub
            yield from tree(sub)


def test_one_of_each_is_looked_at_here() -> None:
    assert {type(error) for error in ONE_OF_EACH} == set(tree(LLMError))


@pytest.mark.parametrize("error", ONE_OF_EACH, ids=lambda e: type(e).__name__)
def test_each_knows_how_a_server_reports_it(error: LLMError) -> None:
    assert 400 <= error.status <= 599
    assert error.code.isidentifier()
    assert error.type.isidentifier()
    assert str(error)


@pytest.mark.parametrize("error", ONE_OF_EACH, ids=lambda e: type(e).__name__)
def test_the_docstring_shows_each_in_the_tree(error: LLMError) -> None:
    assert errors.__doc__ is not None
    assert f"─ {type(error).__name__} " in errors.__doc__


def test_what_may_be_tried_again_says_so() -> None:
    again = {type(e).__name__ for e in ONE_OF_EACH if e.retryable}
    assert again == {
        "Refused",
        "RateLimited",
        "Overloaded",
        "CircuitOpen",
        "NoReplica",
        "TimedOut",
        "ConnectionFailed",
        "UpstreamError",
    }


@pytest.mark.parametrize(
    ("status", "again"),
    [(400, False), (401, False), (408, True), (429, True), (500, True)],
)
def test_a_providers_error_is_judged_by_its_status(
    status: int, again: bool
) -> None:
    assert UpstreamError("theirs", status=status).retryable is again


@pytest.mark.parametrize(
    ("status", "blame"),
    [
        (400, Blame.CONTENT),
        (413, Blame.CONTENT),
        (404, Blame.CALLER),
        (401, Blame.REPLICA),
        (408, Blame.REPLICA),
        (409, Blame.NOBODY),
        (429, Blame.LOAD),
        (500, Blame.REPLICA),
        (529, Blame.REPLICA),
    ],
)
def test_a_providers_status_tells_whom_to_blame(
    status: int, blame: Blame
) -> None:
    assert UpstreamError("theirs", status=status).blame is blame


@pytest.mark.parametrize("status", [None, 401, 404, 408, 413])
def test_a_bad_request_is_never_blamed_on_a_replica(
    status: int | None,
) -> None:
    blame = BadRequest("no", status=status).blame
    assert blame in (Blame.CONTENT, Blame.CALLER)


def test_a_bad_request_keeps_what_the_provider_called_it() -> None:
    error = BadRequest("no", code="context_length_exceeded", param="messages")
    assert error.code == "context_length_exceeded"
    assert (error.status, error.type, error.param) == (
        400,
        BadRequest.type,
        "messages",
    )


def test_a_timeout_tells_what_was_waited_for() -> None:
    error = TimedOut("first token", 5.0)
    assert (error.phase, error.seconds) == ("first token", 5.0)
    assert "5 s" in str(error)
    assert "first token" in str(error)


def test_a_deadline_is_a_timeout_that_no_retry_can_help() -> None:
    error = DeadlineExceeded()
    assert isinstance(error, TimedOut)
    assert error.phase == "deadline"
    assert not error.retryable


def test_what_came_of_an_answer_is_kept() -> None:
    assert Incomplete("so far").partial == "so far"
    assert Incomplete().partial == ""
