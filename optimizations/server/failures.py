"""What failed, as a response: OpenAI's error object and the status that the
error itself knows.

An error that nobody expected is told as an internal one. The log names its
kind and its lines, without values, since those may be somebody's prompt or
somebody's key.
"""

from __future__ import annotations

import logging
import math
import traceback

from aiohttp import web

from optimizations.errors import BadRequest, LLMError
from optimizations.wire import error_body, write_object

_logger = logging.getLogger(__name__)


def respond(body: dict[str, object], status: int = 200) -> web.Response:
    """A response of JSON."""
    return web.Response(
        body=write_object(body), status=status, content_type="application/json"
    )


def failure(error: LLMError, allow: str | None = None) -> web.Response:
    """The response to a request that failed."""
    status = error.status if 400 <= error.status <= 599 else 502
    response = respond(error_body(error), status)
    if error.retry_after is not None and math.isfinite(error.retry_after):
        # Whole seconds, as HTTP has it; rounded up, so nobody comes early.
        response.headers["Retry-After"] = str(math.ceil(error.retry_after))
    if allow is not None:
        response.headers["Allow"] = allow
    return response


def http_error(cause: web.HTTPException) -> LLMError:
    """What aiohttp refuses itself: no such path, wrong method, too large."""
    large = cause.status == 413
    return BadRequest(
        "the body is larger than 1 MiB" if large else cause.reason,
        status=cause.status,
        code="not_found" if cause.status == 404 else None,
    )


def internal(error: BaseException, request_id: str) -> LLMError:
    """What a client may know of an error that nobody expected; the rest is
    logged under the request's id.
    """
    lines = "".join(traceback.format_tb(error.__traceback__))
    _logger.error("%s: %s\n%s", request_id, type(error).__name__, lines)
    return LLMError("an internal error")
