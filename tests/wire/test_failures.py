"""Errors: status and body become an error of ours, and back."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from optimizations.errors import (
    BadRequest,
    Incomplete,
    LLMError,
    Overloaded,
    RateLimited,
    TimedOut,
    UpstreamError,
)
from optimizations.wire import (
    error_body,
    read_error,
    read_error_object,
    write_object,
)
from optimizations.wire.failures import retry_seconds


@pytest.mark.parametrize("status", [400, 404, 413, 422])
def test_a_hopeless_request_comes_back_as_a_bad_one(status: int) -> None:
    error = read_error(status, b'{"error": {"message": "no", "param": "n"}}')
    assert isinstance(error, BadRequest)
    assert (error.status, error.param, str(error)) == (status, "n", "no")
    assert not error.retryable


@pytest.mark.parametrize("status", [401, 403, 408, 409, 429, 500, 503, 529])
def test_other_errors_stay_the_providers(status: int) -> None:
    error = read_error(status, b"{}", "3")
    assert isinstance(error, UpstreamError)
    assert (error.status, error.retry_after) == (status, 3.0)
    assert error.retryable == (status not in (401, 403))


@pytest.mark.parametrize("status", [204, 301, 307, 999])
def test_what_is_neither_answer_nor_error_is_a_bad_gateway(
    status: int,
) -> None:
    assert read_error(status, b"").status == 502


@pytest.mark.parametrize(
    "error",
    [
        RateLimited("slow down", retry_after=2),
        Overloaded("full"),
        TimedOut("connect", 5),
        UpstreamError("broken", status=500, code="server_error"),
    ],
)
def test_message_status_and_code_survive_the_way_back(error: LLMError) -> None:
    back = read_error(error.status, write_object(error_body(error)), "2")
    assert isinstance(back, UpstreamError)
    assert (str(back), back.status) == (str(error), error.status)
    assert (back.code, back.type) == (error.code, error.type)


def test_an_incomplete_answer_stays_incomplete() -> None:
    """As an UpstreamError 502 it would be asked for again and billed twice."""
    body = write_object(error_body(Incomplete("half")))
    assert isinstance(read_error(502, body), Incomplete)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"<html>Bad Gateway</html>", "<html>Bad Gateway</html>"),
        (b'{"error": "plain words"}', "plain words"),
        (b'{"detail": "not found"}', "not found"),
        (b'{"message": "wrapped in nothing"}', "wrapped in nothing"),
        (b"", "status 503"),
        (b"{}", "status 503"),
        (b'{"error": {"message": null}}', "status 503"),
        (b"\xff\xfe", "\ufffd\ufffd"),
        (b"x" * 9999, "x" * 500),
    ],
)
def test_any_body_gives_a_message(body: bytes, message: str) -> None:
    assert str(read_error(503, body)) == message


def test_a_status_in_the_code_counts_inside_a_stream() -> None:
    error = read_error_object({"error": {"message": "busy", "code": 503}})
    assert error.status == 503


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("2", 2.0),
        ("0.5", 0.5),
        ("0", 0.0),
        ("-1", None),
        ("nan", None),
        ("1e9", 86400.0),
        ("inf", 86400.0),
        ("soon", None),
        ("", None),
        ("Thu, 01 Jan 2026 00:00:30 GMT", 30.0),
        ("Thu, 01 Jan 2026 00:00:30 -0000", 30.0),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
        ("Thu, 01 Jan 2099 00:00:00 GMT", 86400.0),
        ("Thu, 99 Jan 2099 00:00:00 GMT", None),
        ("Thu, 01 Jan 99999999 00:00:00 GMT", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_a_date_and_never_trusted(
    header: str | None, seconds: float | None
) -> None:
    today = datetime(2026, 1, 1, tzinfo=UTC)
    assert retry_seconds(header, today) == seconds
