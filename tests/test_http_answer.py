"""When an HTTP response is a whole answer, and when it is none."""

from __future__ import annotations

import json
from typing import Any

import pytest

from optimizations.errors import Incomplete, TimedOut, UpstreamError
from optimizations.http_model import HTTPModel
from optimizations.llm import Chunk, Request, Usage
from tests.helpers import ask, outcome
from tests.raw_http import (
    RESET,
    STREAM_END,
    STREAM_HEAD,
    Step,
    part,
    response,
    run_real,
    saying,
)


def event(text: str = "", index: int = 0, reason: str | None = None) -> bytes:
    """One event of an answer."""
    choice = {"index": index, "delta": {"content": text}}
    body = {"choices": [choice | {"finish_reason": reason}]}
    return f"data: {json.dumps(body)}\n\n".encode()


def usage(prompt: int, completion: int) -> bytes:
    """The event that tells the usage."""
    counts = {"prompt_tokens": prompt, "completion_tokens": completion}
    return f"data: {json.dumps({'choices': [], 'usage': counts})}\n\n".encode()


DONE = b"data: [DONE]\n\n"
ANSWER = event("Hel") + event("lo", reason="stop") + usage(3, 2) + DONE


def answer(
    *steps: Step, request: Request | None = None, read_seconds: float = 20.0
) -> tuple[str, Usage | None, Exception | None]:
    """The text, the usage, and the error of a server that says this."""

    async def main() -> tuple[list[Chunk], Exception | None]:
        async with (
            saying(*steps) as server,
            HTTPModel(server.url, read_seconds=read_seconds) as model,
        ):
            return await outcome(model.stream(request or ask()))

    chunks, error = run_real(main())
    told = [chunk.usage for chunk in chunks if chunk.usage is not None]
    assert len(told) <= 1
    text = "".join(chunk.text for chunk in chunks)
    return text, told[0] if told else None, error


def streamed(*parts: bytes, end: Step = STREAM_END) -> list[Step]:
    """The steps that send these as a chunked stream."""
    return [STREAM_HEAD, *map(part, parts), end]


def test_a_stream_becomes_text_and_usage() -> None:
    assert answer(*streamed(ANSWER)) == ("Hello", Usage(3, 2), None)


def test_any_cut_of_the_bytes_gives_the_same_answer() -> None:
    whole = streamed(*(bytes([byte]) for byte in ANSWER))
    assert answer(*whole) == ("Hello", Usage(3, 2), None)


@pytest.mark.parametrize(
    "steps",
    [
        streamed(ANSWER.removesuffix(DONE)),
        streamed(ANSWER, end=RESET),
        # HTTP/1.0: the end of the connection is the end of the body
        [
            b"HTTP/1.0 200 OK\r\nContent-Type: text/event-stream\r\n\r\n",
            ANSWER.removesuffix(DONE),
        ],
        [response(ANSWER, "200 OK", "text/event-stream")],
    ],
    ids=["end of body", "[DONE], then a reset", "HTTP/1.0", "with a length"],
)
def test_an_answer_is_whole_after_its_reasons_and_an_end(
    steps: list[Step],
) -> None:
    assert answer(*steps) == ("Hello", Usage(3, 2), None)


@pytest.mark.parametrize(
    "steps",
    [
        streamed(event("Hello"), DONE),
        streamed(event("Hello")),
        streamed(event("Hello", reason="stop"), end=RESET),
        streamed(event("Hello", reason="stop"), end=b""),
        streamed(event("Hello"), event(reason="stop")[:-1]),
        streamed(event("Hello"), end=RESET),
        [response(event("Hello"), "200 OK", "text/event-stream")[:-1]],
    ],
    ids=[
        "[DONE] without a reason",
        "an end without a reason",
        "a reason, then a reset",
        "a reason, then a body without its end",
        "a reason in half an event",
        "a reset",
        "shorter than its length",
    ],
)
def test_whatever_else_ends_it_leaves_it_incomplete(steps: list[Step]) -> None:
    text, _, error = answer(*steps)
    assert isinstance(error, Incomplete)
    assert error.partial == text
    assert text in ("Hello", "")


def test_a_broken_frame_of_http_ends_the_wait() -> None:
    """aiohttp closed the connection, stopped its timer and told nobody: the
    reader waited for ever.
    """
    steps = streamed(event("Hello", reason="stop"), end=0.05)
    text, _, error = answer(*steps, b"no hex\r\n", read_seconds=0.2)
    assert text == "Hello"
    assert isinstance(error, TimedOut)


def test_each_choice_has_to_say_why_it_ended() -> None:
    two = ask(options={"n": 2})
    half = event("a", 0, "stop") + event("b", 1)
    assert isinstance(
        answer(*streamed(half, DONE), request=two)[2], Incomplete
    )
    full = half + event("", 1, "stop")
    assert answer(*streamed(full, DONE), request=two)[2] is None


def test_usage_that_nobody_tells_is_estimated_and_says_so() -> None:
    text, told, error = answer(*streamed(event("one two", 0, "stop"), DONE))
    assert (text, error) == ("one two", None)
    assert told == Usage(9, 2, estimated=True)


def test_an_error_inside_a_stream_is_the_providers_and_comes_in_its_turn() -> (
    None
):
    fault = b'data: {"error": {"message": "out of memory", "code": "oom"}}\n\n'
    text, _, error = answer(*streamed(event("Hel") + fault + event("lo")))
    assert text == "Hel"
    assert isinstance(error, UpstreamError)
    assert (str(error), error.code) == ("out of memory", "oom")


def test_an_error_in_a_200_body_is_an_error() -> None:
    _, _, error = answer(response(b'{"error": {"message": "no"}}'))
    assert isinstance(error, UpstreamError)


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ([response(b"<html>", "200 OK", "text/html")], "type text/html"),
        ([response(b"{", "200 OK")], "can't be read"),
        ([response(b"\xff", "200 OK")], "not UTF-8"),
        ([response(b"[]", "200 OK")], "not an object"),
        ([response(b"{}", "200 OK")], "without choices"),
        (
            [
                response(
                    b"{}",
                    "200 OK",
                    "application/json\r\nContent-Encoding: gzip",
                )
            ],
            "encoded as gzip",
        ),
        (streamed(b"data: {\n\n"), "can't be read"),
        (streamed(b"data: \xff\n\n"), "not UTF-8"),
        (streamed(event("x", 7)), "choice 7 of 1"),
        (streamed(*[b"x" * 65536] * 17), "longer than"),
        ([response(b" " * (8 * 1024 * 1024 + 1))], "without an end"),
    ],
)
def test_garbage_is_the_providers_error_with_a_clear_message(
    steps: list[Step], message: str
) -> None:
    _, _, error = answer(*steps)
    assert isinstance(error, UpstreamError)
    assert error.status == 502
    assert message in str(error)


@pytest.mark.parametrize("wanted", [True, False])
def test_an_answer_is_read_the_way_it_comes(wanted: bool) -> None:
    body: dict[str, Any] = {
        "choices": [
            {
                "index": i,
                "message": {"role": "assistant", "content": "hi"},
                "finish_reason": "stop",
            }
            for i in range(2)
        ],
        "usage": {"prompt_tokens": 3, "completion_tokens": 2},
    }
    request = ask(streamed=wanted, options={"n": 2})
    whole = response(json.dumps(body).encode())
    assert answer(whole, request=request) == ("hihi", Usage(3, 2), None)
    assert (
        answer(*streamed(ANSWER), request=ask(streamed=wanted))[0] == "Hello"
    )
