"""How a failure is answered, before a response began and inside one."""

from __future__ import annotations

import json
from typing import Any

import pytest
from aiohttp import web

from optimizations.errors import RateLimited, UpstreamError
from optimizations.server.failures import failure, http_error, internal


def told(response: web.Response) -> dict[str, Any]:
    """The error object in it."""
    assert isinstance(response.body, bytes)
    body: dict[str, Any] = json.loads(response.body)["error"]
    return body


def test_a_failure_has_the_status_and_the_patience_of_its_error() -> None:
    response = failure(RateLimited("slow", retry_after=1.2))
    assert (response.status, response.headers["Retry-After"]) == (429, "2")
    assert told(response)["code"] == "rate_limit_exceeded"
    assert failure(UpstreamError("odd", status=302)).status == 502


def test_what_aiohttp_refuses_is_the_clients_mistake() -> None:
    error = http_error(web.HTTPNotFound())
    assert (error.status, error.code) == (404, "not_found")
    large = web.HTTPRequestEntityTooLarge(max_size=1, actual_size=2)
    assert "1 MiB" in str(http_error(large))


def test_an_unexpected_error_is_logged_without_its_values(
    caplog: pytest.LogCaptureFixture,
) -> None:
    error = internal(RuntimeError("somebody's prompt"), "r-7")
    assert (error.status, str(error)) == (500, "an internal error")
    assert "r-7: RuntimeError" in caplog.text
    assert "prompt" not in caplog.text
