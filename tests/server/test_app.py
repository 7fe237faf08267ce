"""The server as its clients meet it: answers, errors, drains, departures."""

from __future__ import annotations

import asyncio
import json
import logging
from io import BytesIO
from math import inf
from typing import Any

import aiohttp
import pytest

from optimizations.errors import (
    CircuitOpen,
    ConnectionFailed,
    Incomplete,
    LLMError,
    RateLimited,
    TimedOut,
    UpstreamError,
)
from optimizations.llm import LLM, Request
from optimizations.mock import MockModel
from optimizations.server import create_app, listening
from optimizations.server.app import SERVICE
from optimizations.server.caller import tenant_of
from tests.helpers import STOP, Scripted, Step, ask, echo
from tests.raw_http import run_real
from tests.server.serving import address, served

CHAT = "/v1/chat/completions"
BODY = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}


def call(
    model: LLM,
    method: str,
    path: str,
    *,
    data: bytes | None = None,
    headers: dict[str, str] | None = None,
    **settings: Any,
) -> tuple[int, dict[str, Any], dict[str, str]]:
    """Status, body and headers of one exchange."""

    async def main() -> tuple[int, dict[str, Any], dict[str, str]]:
        async with (
            address(model, **settings) as url,
            aiohttp.ClientSession() as session,
            session.request(
                method,
                url + path,
                data=data and BytesIO(data),
                headers=headers,
            ) as response,
        ):
            body = json.loads(await response.read())
            shown = {k.lower(): v for k, v in response.headers.items()}
            return response.status, body, shown

    return run_real(main())


def chat(
    model: LLM, headers: dict[str, str] | None = None, **fields: Any
) -> tuple[int, dict[str, Any], dict[str, str]]:
    """One chat completion."""
    data = json.dumps(BODY | fields).encode()
    return call(model, "POST", CHAT, data=data, headers=headers)


def test_a_whole_answer_has_the_shape_that_clients_expect() -> None:
    model = Scripted(["Hel", "lo", STOP])
    status, body, headers = chat(model, {"X-Request-ID": "7"})
    assert status == 200
    assert headers["content-type"].startswith("application/json")
    assert headers["x-request-id"] == "7"
    assert body["id"] == "chatcmpl-7"
    assert body["object"] == "chat.completion"
    assert body["choices"][0]["message"]["content"] == "Hello"
    assert body["usage"]["total_tokens"] == 13
    assert not model.requests[0].streamed


@pytest.mark.parametrize(
    ("method", "path", "data", "status", "message"),
    [
        ("GET", "/nowhere", None, 404, "Not Found"),
        ("GET", CHAT, None, 405, "Method Not Allowed"),
        ("POST", CHAT, b"", 400, "the body: this is not JSON"),
        ("POST", CHAT, b"[]", 400, "the body: this JSON is not an object"),
        ("POST", CHAT, b"\xff", 400, "the body: this is not UTF-8"),
        ("POST", CHAT, b"{}", 400, "messages: "),
        ("POST", CHAT, b"x" * 1_048_577, 413, "the body is larger"),
    ],
)
def test_whatever_a_client_gets_wrong_is_an_error_object(
    method: str, path: str, data: bytes | None, status: int, message: str
) -> None:
    got, body, headers = call(Scripted(), method, path, data=data)
    assert got == status
    assert body["error"]["message"].startswith(message)
    assert body["error"]["type"] == "invalid_request_error"
    assert set(body["error"]) == {"message", "type", "param", "code"}
    assert headers["x-request-id"]
    assert (headers.get("allow") == "POST") == (status == 405)


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(
    ("error", "status", "retry_after"),
    [
        (RateLimited("slow", retry_after=1.2), 429, "2"),
        (CircuitOpen("resting", retry_after=0), 503, "0"),
        (CircuitOpen("for good", retry_after=inf), 503, None),
        (TimedOut("first token", 5), 504, None),
        (UpstreamError("odd", status=200), 502, None),
        (ConnectionFailed("gone"), 502, None),
        (Incomplete("half"), 502, None),
    ],
)
def test_an_error_before_the_answer_is_a_status_with_an_error_object(
    error: LLMError, status: int, retry_after: str | None, stream: bool
) -> None:
    got, body, headers = chat(Scripted([error]), stream=stream)
    assert got == status
    assert body["error"]["message"] == str(error)
    assert body["error"]["code"] == error.code
    assert headers.get("retry-after") == retry_after


def test_the_inside_of_an_unexpected_error_stays_inside(
    caplog: pytest.LogCaptureFixture,
) -> None:
    model = Scripted([RuntimeError("somebody's prompt")])
    status, body, _ = chat(model, {"X-Request-ID": "r-7"})
    assert status == 500
    assert body["error"]["message"] == "an internal error"
    assert "r-7: RuntimeError" in caplog.text
    assert "prompt" not in caplog.text


def test_the_key_shows_up_in_no_log_and_no_request(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    model = Scripted([RuntimeError("x")])
    chat(model, {"Authorization": "Bearer sk-canary"})
    assert "sk-canary" not in caplog.text
    assert "sk-canary" not in repr(model.requests)
    assert model.requests[0].tenant == tenant_of("sk-canary")


def test_a_wrong_key_gets_no_answer_and_costs_nothing() -> None:
    model = Scripted()
    data = json.dumps(BODY).encode()
    status, body, _ = call(model, "POST", CHAT, data=data, api_key="right")
    assert (status, model.calls) == (401, 0)
    assert body["error"]["code"] == "invalid_api_key"
    assert "right" not in body["error"]["message"]


def test_a_body_that_never_arrives_is_not_waited_for() -> None:
    async def main() -> None:
        async with (
            address(Scripted(), read_seconds=0.05) as url,
            aiohttp.ClientSession() as session,
        ):

            async def never() -> Any:
                yield b"{"
                yield b" " * 10
                await released.wait()

            released = asyncio.Event()
            async with session.post(url + CHAT, data=never()) as response:
                assert response.status == 408
                released.set()

    run_real(main())


@pytest.mark.parametrize(
    ("header", "value", "status"),
    [
        ("Content-Encoding", "gzip", 400),
        ("Content-Encoding", "deflate", 400),
        ("Expect", "foo", 417),
    ],
)
def test_a_header_that_the_request_does_not_keep_is_the_clients_mistake(
    header: str, value: str, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    """The first were 500, and after the last the connection ended without a
    word, since `sign` looked for an id that nobody had given yet.
    """
    data = json.dumps(BODY).encode()
    headers = {header: value, "X-Request-ID": "7"}
    got, body, shown = exchange(data, headers)
    assert (got, body["error"]["type"]) == (status, "invalid_request_error")
    assert shown["x-request-id"] == "7"
    assert "Traceback" not in caplog.text


def exchange(
    data: bytes, headers: dict[str, str]
) -> tuple[int, dict[str, Any], dict[str, str]]:
    """One chat completion, as bytes that no client would send."""
    length = {"Host": "x", "Content-Length": str(len(data))}
    lines = [f"{k}: {v}" for k, v in (headers | length).items()]
    head = "\r\n".join([f"POST {CHAT} HTTP/1.1", *lines, "Connection: close"])

    async def main() -> bytes:
        async with address(Scripted()) as url:
            host, port = url.removeprefix("http://").split(":")
            reader, writer = await asyncio.open_connection(host, int(port))
            writer.write(head.encode() + b"\r\n\r\n" + data)
            said = await reader.read()
            writer.close()
            return said

    top, _, body = run_real(main(), 5.0).decode().partition("\r\n\r\n")
    first, *rest = top.split("\r\n")
    shown = dict(line.lower().split(": ", 1) for line in rest)
    return int(first.split()[1]), json.loads(body), shown


@pytest.mark.parametrize("path", [CHAT, "/nowhere"])
def test_an_expectation_is_refused_wherever_it_goes(path: str) -> None:
    async def main() -> None:
        async with (
            address(Scripted()) as url,
            aiohttp.ClientSession() as session,
            session.post(url + path, headers={"Expect": "foo"}) as response,
        ):
            assert response.status == 417
            assert response.headers["X-Request-ID"]

    run_real(main())


def test_who_asks_first_is_told_to_go_on() -> None:
    status, body, _ = chat(Scripted(), {"Expect": "100-continue"})
    assert (status, body["object"]) == (200, "chat.completion")


def test_readiness_follows_the_model_and_ends_with_draining() -> None:
    async def main() -> None:
        model = Scripted()
        app = create_app(model)
        async with (
            listening(app) as url,
            aiohttp.ClientSession() as session,
        ):

            async def status(path: str) -> int:
                async with session.get(url + path) as response:
                    return response.status

            assert await status("/readyz") == 200
            model.up = False
            assert await status("/readyz") == 503
            model.up = True
            app[SERVICE].draining = True
            assert await status("/readyz") == 503
            assert await status("/healthz") == 200

    run_real(main())


def test_each_response_says_who_gave_it() -> None:
    async def main() -> str:
        model = MockModel("instant", name="b")
        async with served(model, name="a") as client:
            return (await client.complete(ask())).trace.served_by

    assert run_real(main()) == "b"
    assert call(Scripted(), "GET", "/x", name="a")[2]["x-served-by"] == "a"


def test_the_models_are_listed() -> None:
    _, body, _ = call(Scripted(), "GET", "/v1/models", name="a")
    assert [entry["id"] for entry in body["data"]] == ["a"]


def test_who_asks_reaches_the_model() -> None:
    async def main() -> None:
        model = Scripted()
        async with served(model) as client:
            await client.complete(ask(idempotency_key="k"))
        (request,) = model.requests
        assert (request.request_id, request.idempotency_key) == ("t-1", "k")
        assert request.tenant == "public"

    run_real(main())


def test_idle_waits_for_the_answers_on_their_way() -> None:
    async def main() -> None:
        model = Scripted(["a", 0.05, STOP])
        app = create_app(model)
        service = app[SERVICE]
        async with listening(app) as url, aiohttp.ClientSession() as session:
            async with session.post(
                url + CHAT, json=BODY | {"stream": True}
            ) as response:
                assert service.answering == 1
                await service.idle()
                assert b"[DONE]" in await response.read()
            assert service.answering == 0

    run_real(main())


@pytest.mark.parametrize(
    "settings",
    [
        {"name": ""},
        {"name": "a\nb"},
        {"api_key": ""},
        {"write_seconds": 0},
        {"read_seconds": inf},
        {"read_seconds": float("nan")},
    ],
)
def test_settings_without_sense_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        create_app(Scripted(), **settings)


def test_an_answer_from_a_cache_says_how_old_it_is() -> None:
    def ages(request: Request) -> list[Step]:
        request.trace.age_seconds = 61.4
        return echo(request)

    *_, headers = call(
        Scripted(play=ages), "POST", CHAT, data=json.dumps(BODY).encode()
    )
    assert headers["age"] == "61"
    *_, headers = call(
        Scripted(), "POST", CHAT, data=json.dumps(BODY).encode()
    )
    assert "age" not in headers
