"""Errors as OpenAI's error objects, in both directions.

Writing is plain, since each error knows its own status, type and code. Reading
must expect anything: a proxy's HTML page, a bare string, no body at all, and a
`Retry-After` that is negative, a date, or nine digits long.

A provider's error stays an `UpstreamError`, so that a caller can tell it from
a refusal of our own. Two kinds come back as what they are: a request that can
never succeed is a `BadRequest`, and an answer that broke off is `Incomplete`.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from optimizations.errors import (
    BadRequest,
    Blame,
    Incomplete,
    LLMError,
    UpstreamError,
)
from optimizations.wire.strict_json import read_object

MAX_RETRY_SECONDS = 86_400.0
_MESSAGE_CHARACTERS = 500


def error_body(error: LLMError) -> dict[str, Any]:
    """The error object that a client expects."""
    return {
        "error": {
            "message": str(error),
            "type": error.type,
            "param": error.param,
            "code": error.code,
        }
    }


def read_error(
    status: int, body: bytes, retry_after: str | None = None
) -> LLMError:
    """The error to raise for a response that is no answer. `retry_after` is
    that header, as it came.
    """
    seconds = retry_seconds(retry_after)
    try:
        fault = read_object(body)
    except ValueError:
        fault = {"error": body.decode(errors="replace")}
    return read_error_object(fault, status, seconds)


def read_error_object(
    body: dict[str, Any],
    status: int = 500,
    retry_after: float | None = None,
) -> LLMError:
    """The same for JSON: also for an error event inside a stream, where the
    status has to be guessed.
    """
    # OpenAI wraps an object in `error`; others a string, or wrap nothing.
    fault = body.get("error") or body
    fault = fault if isinstance(fault, dict) else {"message": fault}
    code = fault.get("code")
    if type(code) is int and 400 <= code <= 599:
        status = code  # some put the status there
    detail = fault.get("message") or fault.get("detail") or ""
    message = str(detail).strip()[:_MESSAGE_CHARACTERS] or f"status {status}"
    if code == Incomplete.code:
        return Incomplete(message=message)
    kind, param = _text(fault.get("type")), _text(fault.get("param"))
    if Blame.of_status(status) in (Blame.CONTENT, Blame.CALLER):
        return BadRequest(
            message, status=status, code=_text(code), type=kind, param=param
        )
    return UpstreamError(
        message,
        # A redirect or an odd success is a fault of the provider as well.
        status=status if 400 <= status <= 599 else 502,
        code=_text(code) or "server_error",
        type=kind or "server_error",
        param=param,
        retry_after=retry_after,
    )


def retry_seconds(
    header: str | None, today: datetime | None = None
) -> float | None:
    """Seconds to wait as `Retry-After` says it: a number or a date, which is
    compared with the wall clock. None for nonsense; a day at most.

    >>> retry_seconds("2"), retry_seconds("-1"), retry_seconds("1e9")
    (2.0, None, 86400.0)
    """
    if header is None:
        return None
    try:
        seconds = float(header)
    except ValueError:
        return _seconds_until(header, today or datetime.now(UTC))
    if math.isnan(seconds) or seconds < 0:
        return None
    return min(seconds, MAX_RETRY_SECONDS)


def _seconds_until(date: str, today: datetime) -> float | None:
    try:
        then = parsedate_to_datetime(date)
    except (ValueError, OverflowError):
        return None
    if then.tzinfo is None:  # "-0000": a time that doesn't say where
        then = then.replace(tzinfo=UTC)
    return min(max((then - today).total_seconds(), 0.0), MAX_RETRY_SECONDS)


def _text(value: object) -> str | None:
    return value[:200] if isinstance(value, str) and value else None
