"""The HTTP client against our server, and against servers that lie."""

from __future__ import annotations

import asyncio
import gc
import logging
import traceback
from collections.abc import Callable
from contextlib import aclosing
from math import inf
from typing import Any

import pytest

from optimizations.clock import now
from optimizations.errors import (
    BadRequest,
    ConnectionFailed,
    DeadlineExceeded,
    LLMError,
    TimedOut,
    UpstreamError,
)
from optimizations.http_model import HTTPModel
from optimizations.llm import CacheControl, Request
from tests.helpers import ask, collect, eventually, outcome, read, take
from tests.raw_http import (
    AGAIN,
    RESET,
    STREAM_END,
    STREAM_HEAD,
    Step,
    part,
    response,
    run_real,
    saying,
)

WHOLE = response(
    b'{"choices": [{"index": 0, "finish_reason": "stop",'
    b' "message": {"content": "hi"}}],'
    b' "usage": {"prompt_tokens": 3, "completion_tokens": 1}}'
)
HELLO = part(b'data: {"choices": [{"delta": {"content": "Hello"}}]}\n\n')
STOP = part(b'data: {"choices": [{"delta": {}, "finish_reason": "stop"}]}\n\n')
DONE = part(b"data: [DONE]\n\n")


def failure(
    *steps: Step, request: Request | None = None, **settings: Any
) -> LLMError:
    """What goes wrong with a server that says this."""

    async def main() -> Exception | None:
        async with (
            saying(*steps) as server,
            HTTPModel(server.url, **settings) as model,
        ):
            _, error = await outcome(model.stream(request or ask()))
            assert model.running == 0
            return error

    error = run_real(main())
    assert isinstance(error, LLMError)
    return error


@pytest.mark.parametrize("suffix", ["", "/", "/v1", "/v1/"])
def test_the_address_may_have_its_v1_or_not(suffix: str) -> None:
    async def main() -> bytes:
        async with (
            saying(WHOLE) as server,
            HTTPModel(server.url + suffix) as model,
        ):
            assert await read(model, ask()) == "hi"
            return server.requests[0].partition(b"\r\n")[0]

    assert run_real(main()) == b"POST /v1/chat/completions HTTP/1.1"


def test_ids_travel_in_headers_and_the_model_has_its_providers_name() -> None:
    async def main() -> bytes:
        async with (
            saying(WHOLE) as server,
            HTTPModel(server.url, api_key="sk-1", model="gpt") as model,
        ):
            anew = CacheControl(no_cache=True)
            request = ask(idempotency_key="once", cache=anew)
            await collect(model.stream(request))
            return server.requests[0]

    sent = run_real(main())
    for line in (
        b"Authorization: Bearer sk-1\r\n",
        b"X-Request-ID: t-1\r\n",
        b"Idempotency-Key: once\r\n",
        b"Cache-Control: no-cache\r\n",
        b"Accept-Encoding: identity\r\n",
    ):
        assert sent.count(line) == 1
    assert b'"model":"gpt"' in sent
    assert b'"stream_options":{"include_usage":true}' in sent


def test_requests_at_once_share_one_session_and_its_bound() -> None:
    """Two sessions would have two pools, and the bound would be none."""

    async def main() -> None:
        async with (
            saying(STREAM_HEAD, HELLO, 0.02, STOP + STREAM_END) as server,
            HTTPModel(server.url, max_connections=3) as model,
        ):
            tasks = [
                asyncio.create_task(read(model, ask(n=n))) for n in range(9)
            ]
            for task in tasks:
                assert await task == "Hello"
            assert (model.running, server.peak) == (0, 3)

    run_real(main())


def test_a_finished_stream_gives_its_connection_back() -> None:
    """Left after [DONE], with the end of the body unread, each request needed
    a new connection.
    """
    head = STREAM_HEAD.replace(b"Connection: close\r\n", b"")
    once: list[Step] = [head + HELLO + STOP + DONE, 0.02, STREAM_END]

    async def main() -> None:
        async with (
            saying(*once, AGAIN, *once, AGAIN, *once) as server,
            HTTPModel(server.url) as model,
        ):
            for n in range(3):
                assert await read(model, ask(n=n)) == "Hello"
            assert (server.connections, len(server.requests)) == (1, 3)

    run_real(main())


def test_nobody_listening_is_a_failed_connection() -> None:
    async def main() -> None:
        server = await asyncio.start_server(lambda r, w: None, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        server.close()
        await server.wait_closed()
        async with HTTPModel(f"http://127.0.0.1:{port}") as model:
            with pytest.raises(ConnectionFailed, match="connect"):
                await collect(model.stream(ask()))

    run_real(main())


@pytest.mark.parametrize("steps", [(), (RESET,), (b"HTTP/1.1 20", RESET)])
def test_a_line_that_breaks_before_the_answer_is_a_failed_connection(
    steps: tuple[Step, ...],
) -> None:
    error = failure(*steps)
    assert isinstance(error, ConnectionFailed)
    assert error.retryable


def test_what_is_not_http_is_the_providers_error() -> None:
    error = failure(b"220 mail.example ESMTP\r\n\r\n")
    assert isinstance(error, UpstreamError)
    assert "no HTTP" in str(error)


@pytest.mark.parametrize(
    ("steps", "phase"),
    [
        ((inf,), "first token"),
        ((STREAM_HEAD, inf), "first token"),
        ((STREAM_HEAD, HELLO, inf), "next token"),
    ],
)
def test_silence_times_out_and_says_what_for(
    steps: tuple[Step, ...], phase: str
) -> None:
    error = failure(*steps, read_seconds=0.05)
    assert type(error) is TimedOut
    assert (error.phase, error.seconds) == (phase, 0.05)


def test_waiting_for_a_connection_has_an_end() -> None:
    async def main() -> None:
        async with (
            saying(STREAM_HEAD, HELLO, inf) as server,
            HTTPModel(
                server.url, max_connections=1, connect_seconds=0.05
            ) as model,
            aclosing(model.stream(ask())) as holding,
        ):
            await anext(holding)
            with pytest.raises(TimedOut) as late:
                await collect(model.stream(ask(n=2)))
            assert late.value.phase == "connect"

    run_real(main())


@pytest.mark.parametrize(
    "steps", [(inf,), (STREAM_HEAD, inf), (STREAM_HEAD, HELLO, inf)]
)
def test_the_deadline_ends_every_wait(steps: tuple[Step, ...]) -> None:
    async def main() -> None:
        async with saying(*steps) as server, HTTPModel(server.url) as model:
            request = ask(deadline=now() + 0.1)
            _, error = await outcome(model.stream(request))
            assert type(error) is DeadlineExceeded
            assert request.deadline is not None
            assert 0 <= now() - request.deadline < 2

    run_real(main())


def test_a_deadline_in_the_past_asks_nobody() -> None:
    async def main() -> None:
        async with saying(WHOLE) as server, HTTPModel(server.url) as model:
            with pytest.raises(DeadlineExceeded):
                await collect(model.stream(ask(deadline=now() - 1)))
            assert server.connections == 0

    run_real(main())


def test_a_slow_reader_is_not_timed() -> None:
    """A timeout left open over a yield would cancel whoever reads slowly."""

    async def main() -> None:
        async with (
            saying(STREAM_HEAD + HELLO + STOP + DONE + STREAM_END) as server,
            HTTPModel(server.url, read_seconds=0.05) as model,
            aclosing(model.stream(ask())) as chunks,
        ):
            await anext(chunks)
            await asyncio.sleep(0.15)
            assert len(await collect(chunks)) == 2

    run_real(main())


def test_a_redirect_is_not_followed() -> None:
    async def main() -> None:
        async with saying(WHOLE) as inside:
            head = response(b"", "307 Moved", "text/plain")
            moved = head.replace(
                b"\r\n\r\n", f"\r\nLocation: {inside.url}\r\n\r\n".encode()
            )
            async with saying(moved) as server, HTTPModel(server.url) as model:
                with pytest.raises(UpstreamError) as refused:
                    await collect(model.stream(ask()))
                assert refused.value.status == 502
                assert inside.connections == 0

    run_real(main())


def test_a_refusal_keeps_its_status_message_and_patience() -> None:
    body = (
        b'{"error": {"message": "slow down", "code": "rate_limit_exceeded"}}'
    )
    told = response(body, "429 Slow", "application/json", "Retry-After: 7")
    error = failure(told)
    assert isinstance(error, UpstreamError)
    assert (error.status, error.retry_after) == (429, 7.0)
    assert (str(error), error.code) == ("slow down", "rate_limit_exceeded")


@pytest.mark.parametrize(
    "body", [response(b"x" * 100_000, "503 X"), response(b"", "503 X")]
)
def test_a_refusal_without_a_readable_body_is_one_too(body: bytes) -> None:
    error = failure(body)
    assert isinstance(error, UpstreamError)
    assert (error.status, str(error)) == (503, "status 503")


@pytest.mark.parametrize("said", [(inf,), (b"x", 0.1) * 40])
def test_a_refusal_whose_body_stays_out_keeps_its_status_and_patience(
    said: tuple[Step, ...],
) -> None:
    """A 503 whose body was silent or dripped became `TimedOut`: nobody knew
    when to come back.
    """
    head = response(b"x" * 99, "503 X", "text/plain", "Retry-After: 7")
    began = now()
    error = failure(head[:-99], *said)
    assert isinstance(error, UpstreamError)
    assert (error.status, error.retry_after) == (503, 7.0)
    assert now() - began < 3.5


def test_a_refusal_is_known_by_the_deadline() -> None:
    head = response(b"x" * 99, "429 X", "text/plain", "Retry-After: 7")
    error = failure(head[:-99], inf, request=ask(deadline=now() + 0.2))
    assert (error.status, error.retry_after) == (429, 7.0)


def test_a_cut_refusal_is_no_incomplete_answer() -> None:
    error = failure(response(b"{}", "500 X")[:-1], RESET)
    assert isinstance(error, UpstreamError)
    assert error.status == 500


def test_who_answered_is_what_the_server_says_of_itself() -> None:
    async def main() -> tuple[str, str]:
        named = WHOLE.replace(b"\r\n\r\n", b"\r\nx-served-by: b\r\n\r\n", 1)
        served = []
        for said in (named, WHOLE):
            async with (
                saying(said) as server,
                HTTPModel(server.url, name="here") as model,
            ):
                request = ask()
                await collect(model.stream(request))
                assert request.trace.attempts == 1
                served.append(request.trace.served_by)
        return served[0], served[1]

    assert run_real(main()) == ("b", "here")


@pytest.mark.parametrize(
    "fields",
    [
        {"request_id": "a\r\nX-Evil: 1"},
        {"request_id": ""},
        {"idempotency_key": "caf\u00e9"},
        {"options": {"seed": float("nan")}},
        {"options": {"stop": {1, 2}}},
    ],
)
def test_what_cannot_be_sent_is_a_bad_request(fields: dict[str, Any]) -> None:
    error = failure(WHOLE, request=ask(**fields))
    assert isinstance(error, BadRequest)


@pytest.mark.parametrize(
    "make",
    [
        lambda: HTTPModel("localhost:8000"),
        lambda: HTTPModel("ftp://localhost"),
        lambda: HTTPModel("http://me:secret@localhost"),
        lambda: HTTPModel("http://localhost/v1?key=secret"),
        lambda: HTTPModel("http://h", api_key="two words"),
        lambda: HTTPModel("http://h", api_key=""),
        lambda: HTTPModel("http://h", connect_seconds=0),
        lambda: HTTPModel("http://h", read_seconds=inf),
        lambda: HTTPModel("http://h", read_seconds=float("nan")),
        lambda: HTTPModel("http://h", max_connections=0),
    ],
)
def test_settings_without_sense_are_refused_and_not_quoted(
    make: Callable[[], HTTPModel],
) -> None:
    with pytest.raises(ValueError) as refused:
        make()
    assert "secret" not in str(refused.value)
    assert "two words" not in str(refused.value)


@pytest.mark.parametrize("streamed", [True, False])
def test_leaving_closes_the_connection(streamed: bool) -> None:
    async def main() -> None:
        drip: list[Step] = [HELLO, 0.01]
        steps = [STREAM_HEAD, *drip * 500] if streamed else [inf]
        async with saying(*steps) as server, HTTPModel(server.url) as model:
            stream = model.stream(ask(streamed=streamed))
            if streamed:
                await take(stream, 2)
                await stream.aclose()
                await eventually(lambda: server.left == 1)
            else:
                reading = asyncio.ensure_future(anext(stream))
                await eventually(lambda: len(server.requests) == 1)
                reading.cancel()
                await asyncio.wait([reading])
                assert reading.cancelled()
            assert model.running == 0

    run_real(main())


CANARY = "sk-canary-7f3a"
ECHO = b'{"error": {"message": "Incorrect API key: sk-canary-7f3a"}}'


@pytest.mark.parametrize(
    "steps",
    [
        (),
        (RESET,),
        (b"nonsense\r\n\r\n",),
        (response(ECHO, "401 No"),),
        (response(ECHO, "302 Go"),),
        (response(ECHO),),
        (STREAM_HEAD, part(b"data: " + ECHO + b"\n\n")),
        (STREAM_HEAD, part(b"data: {\n\n")),
        (inf,),
    ],
)
def test_the_key_shows_up_in_no_error_repr_or_log(
    steps: tuple[Step, ...], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    async def main() -> None:
        async with (
            saying(*steps) as server,
            HTTPModel(server.url, api_key=CANARY, read_seconds=0.1) as model,
        ):
            shown = [repr(model), str(model.snapshot()), repr(ask())]
            error: BaseException | None = None
            try:
                await collect(model.stream(ask()))
            except LLMError as raised:
                error = raised
            assert error is not None
            while error is not None:
                shown += [repr(error), repr(vars(error))]
                shown += traceback.format_exception(error)
                error = error.__cause__ or error.__context__
            gc.collect()
            assert not [text for text in shown if CANARY in text]
            assert CANARY in server.requests[0].decode()

    run_real(main())
    assert CANARY not in caplog.text
