"""Sending a stream to readers who are slow, stop, or leave."""

from __future__ import annotations

import asyncio
import json
from contextlib import aclosing
from math import inf
from typing import Any

import aiohttp
import pytest

from optimizations.errors import (
    ConnectionFailed,
    Incomplete,
    UpstreamError,
)
from optimizations.http_model import HTTPModel
from optimizations.llm import Chunk, Usage
from optimizations.mock import Fault, MockModel
from optimizations.server import create_app, listening
from optimizations.server.app import SERVICE
from tests.helpers import (
    STOP,
    Scripted,
    Step,
    ask,
    collect,
    eventually,
    outcome,
    read,
    take,
)
from tests.raw_http import run_real
from tests.server.serving import address, served

CHAT = "/v1/chat/completions"
BODY = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}


def post(**fields: Any) -> bytes:
    """A request as bytes."""
    body = json.dumps(BODY | fields).encode()
    head = f"POST {CHAT} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}"
    return f"{head}\r\n\r\n".encode() + body


def test_a_stream_is_events_with_usage_last_and_a_proper_end() -> None:
    async def main() -> tuple[list[str], dict[str, str]]:
        model = Scripted(["Hel", "lo", STOP])
        fields = {"stream": True, "stream_options": {"include_usage": True}}
        async with (
            address(model) as url,
            aiohttp.ClientSession() as session,
            session.post(url + CHAT, json=BODY | fields) as response,
        ):
            text = await response.text()
            return text.split("\n\n"), dict(response.headers)

    events, headers = run_real(main())
    assert headers["Content-Type"] == "text/event-stream"
    assert headers["Cache-Control"] == "no-cache"
    assert headers["X-Accel-Buffering"] == "no"
    *pieces, usage, done, rest = events
    assert (done, rest) == ("data: [DONE]", "")
    deltas = [json.loads(piece[6:])["choices"][0] for piece in pieces]
    assert [choice["delta"] for choice in deltas] == [
        {"role": "assistant", "content": "Hel"},
        {"content": "lo"},
        {},
    ]
    assert deltas[-1]["finish_reason"] == "stop"
    assert json.loads(usage[6:])["usage"]["prompt_tokens"] == 10


def test_usage_is_told_only_to_who_asks_for_it() -> None:
    async def main() -> None:
        async with (
            address(Scripted()) as url,
            aiohttp.ClientSession() as session,
            session.post(url + CHAT, json=BODY | {"stream": True}) as response,
        ):
            assert b"usage" not in await response.read()

    run_real(main())


@pytest.mark.parametrize("choices", [1, 2])
def test_every_part_of_an_answer_survives_the_way(choices: int) -> None:
    sent = [
        Chunk(f"{i}: \u2028 \U0001f600", i, extra={"reasoning": "hm"})
        for i in range(choices)
    ]
    sent += [Chunk("", i, "stop") for i in range(choices)]
    sent += [Chunk(usage=Usage(9, 4, 2))]

    async def main() -> None:
        async with served(Scripted(sent)) as client:
            request = ask(options={"n": choices} if choices > 1 else {})
            assert await collect(client.stream(request)) == sent

    run_real(main())


def test_an_error_inside_the_stream_comes_after_what_was_said() -> None:
    async def main() -> None:
        model = Scripted(["Hel", "lo", UpstreamError("broken", code="oom")])
        async with served(model) as client:
            chunks, error = await outcome(client.stream(ask()))
            assert [chunk.text for chunk in chunks] == ["Hel", "lo"]
            assert isinstance(error, UpstreamError)
            assert (str(error), error.code) == ("broken", "oom")

    run_real(main())


@pytest.mark.parametrize(
    "wrong",
    [
        RuntimeError("somebody's prompt"),
        TimeoutError(),
        ConnectionResetError(),
        Chunk("lo", extra={"score": float("nan")}),
    ],
)
def test_an_unexpected_error_inside_the_stream_is_an_event_too(
    wrong: Step, caplog: pytest.LogCaptureFixture
) -> None:
    """Only an `LLMError` was; any other put a second response head into the
    open body, and the client waited for the rest of it.
    """

    async def main() -> bytes:
        async with address(Scripted(["Hel", wrong, STOP])) as url:
            host, port = url.removeprefix("http://").split(":")
            reader, writer = await asyncio.open_connection(host, int(port))
            writer.write(post(stream=True))
            said = await reader.readuntil(b"0\r\n\r\n")
            writer.close()
            return said

    said = run_real(main(), 5.0)
    assert said.count(b"HTTP/1.1") == 1
    assert b'"Hel"' in said
    assert b'data: {"error":{"message":"an internal error"' in said
    assert b"[DONE]" not in said
    assert "prompt" not in caplog.text


@pytest.mark.parametrize("after", [0, 1, 2, 7, 30])
@pytest.mark.parametrize("streamed", [True, False])
def test_a_cut_is_incomplete_wherever_it_comes(
    after: int, streamed: bool
) -> None:
    async def main() -> None:
        model = MockModel("instant", faults=[Fault("cut", after_tokens=after)])
        plain = MockModel("instant")
        async with served(model) as client:
            chunks, error = await outcome(
                client.stream(ask(streamed=streamed))
            )
        assert isinstance(error, Incomplete)
        whole = await collect(plain.stream(ask()))
        said = "".join(chunk.text for chunk in whole[:after])
        text = "".join(chunk.text for chunk in chunks)
        assert text == error.partial == (said if streamed else "")

    run_real(main())


@pytest.mark.parametrize(
    "script", [[], ["all of it"], [Chunk(usage=Usage(1, 1))]]
)
@pytest.mark.parametrize("streamed", [True, False])
def test_a_model_that_just_stops_has_not_answered(
    script: list[Step], streamed: bool
) -> None:
    async def main() -> None:
        async with served(Scripted(script)) as client:
            _, error = await outcome(client.stream(ask(streamed=streamed)))
            assert isinstance(error, Incomplete)

    run_real(main())


@pytest.mark.parametrize("streamed", [True, False])
def test_a_simulated_refusal_breaks_the_connection(streamed: bool) -> None:
    async def main() -> None:
        model = Scripted([ConnectionFailed("as planned")])
        async with served(model, drop_refused=True) as client:
            _, error = await outcome(client.stream(ask(streamed=streamed)))
            assert isinstance(error, ConnectionFailed)

    run_real(main())


WAYS = {
    "queued": ("hosted", [], True),
    "before the first token": ("quick", [Fault("silent")], True),
    "mid-stream": ("quick", [Fault("stall")], True),
    "not streamed": ("quick", [Fault("stall")], False),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_client_that_leaves_frees_the_model_at_once(way: str) -> None:
    """aiohttp's default lets the handler run on, and the bill with it."""
    profile, faults, streamed = WAYS[way]

    async def main() -> None:
        model = MockModel(profile, faults=faults)
        async with address(model) as url:
            async with HTTPModel(url, max_connections=200) as client:
                room = model.profile.capacity if way == "queued" else 0
                tasks = [
                    asyncio.create_task(
                        read(client, ask(n=n, streamed=streamed))
                    )
                    for n in range(room + 1)
                ]
                await eventually(lambda: model.running == max(room, 1))
                if way == "queued":
                    await eventually(lambda: model.waiting == 1)
                if way == "mid-stream":
                    await asyncio.sleep(0.15)
                for task in tasks:
                    task.cancel()
                await asyncio.wait(tasks)
                await eventually(lambda: model.running + model.waiting == 0, 1)
            assert model.ledger.answers == 0
            assert len(model.ledger.entries) == max(room, 1)
            if way == "mid-stream":
                assert model.ledger.wasted_tokens == 5

    run_real(main())


def test_a_reader_who_pauses_does_not_hold_the_model() -> None:
    async def main() -> None:
        model = Scripted(["x" * 1000] * 100 + [STOP])
        async with (
            address(model) as url,
            HTTPModel(url) as client,
            aclosing(client.stream(ask())) as chunks,
        ):
            await take(chunks, 1)
            await eventually(lambda: model.running == 0)
            assert model.left == 0
            assert len(await collect(chunks)) == 101

    run_real(main())


@pytest.mark.parametrize("streamed", [True, False])
def test_a_reader_who_takes_nothing_is_cut_off(streamed: bool) -> None:
    async def main() -> None:
        model = Scripted(["x" * 100_000] * 300 + [STOP])
        app = create_app(model, write_seconds=0.2)
        service = app[SERVICE]
        async with listening(app) as url:
            host, port = url.removeprefix("http://").split(":")
            reader, writer = await asyncio.open_connection(
                host, int(port), limit=1024
            )
            writer.write(post(stream=streamed))
            await eventually(lambda: model.calls == 1)
            await eventually(lambda: service.answering == 0)
            assert model.running == 0
            assert model.left == streamed  # else it had finished already
            with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
                await reader.readexactly(30_000_000)
            writer.close()

    run_real(main())


def test_a_hundred_streams_side_by_side_do_not_mix() -> None:
    async def main() -> None:
        async with (
            address(Scripted()) as url,
            HTTPModel(url, max_connections=100) as client,
        ):
            tasks = [
                asyncio.create_task(read(client, ask(f"question {n}", n=n)))
                for n in range(100)
            ]
            for n, task in enumerate(tasks):
                assert await task == f"public asked: question {n}"

    run_real(main())


def test_after_two_hundred_leavers_nothing_is_left() -> None:
    async def main() -> None:
        model = Scripted(["a", "b", inf])
        before = len(asyncio.all_tasks())
        async with served(model) as client:
            for n in range(200):
                async with aclosing(client.stream(ask(n=n))) as chunks:
                    await take(chunks, 1 + n % 2)
            await eventually(lambda: model.running == 0)
            assert model.closed == model.left == 200
        await eventually(lambda: len(asyncio.all_tasks()) == before)

    run_real(main())
