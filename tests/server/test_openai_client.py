"""The client that most people use, against the server. It is imported inside
the tests, since that takes longer than most of them.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from optimizations.errors import (
    Incomplete,
    LLMError,
    RateLimited,
    UpstreamError,
)
from optimizations.llm import LLM, Chunk
from optimizations.mock import MockModel
from optimizations.server.caller import tenant_of
from tests.helpers import STOP, Scripted
from tests.raw_http import run_real
from tests.server.serving import address

if TYPE_CHECKING:
    from openai import AsyncOpenAI

ASKED: dict[str, Any] = {
    "model": "mock",
    "messages": [{"role": "user", "content": "Where is my parcel?"}],
}


@asynccontextmanager
async def client_of(model: LLM, **settings: Any) -> AsyncIterator[AsyncOpenAI]:
    """OpenAI's client of a server of this model; it tries once."""
    from openai import AsyncOpenAI

    async with (
        address(model, **settings) as url,
        AsyncOpenAI(
            base_url=f"{url}/v1", api_key="sk-1", max_retries=0, timeout=10
        ) as client,
    ):
        yield client


def test_it_reads_a_whole_answer() -> None:
    async def main() -> None:
        model = Scripted(["Hel", "lo", STOP])
        async with client_of(model) as client:
            answer = await client.chat.completions.create(**ASKED)
            assert answer.choices[0].message.content == "Hello"
            assert answer.choices[0].finish_reason == "stop"
            assert answer.usage is not None
            assert answer.usage.total_tokens == 13
            assert model.requests[0].tenant == tenant_of("sk-1")

    run_real(main())


def test_it_reads_a_stream_with_its_usage() -> None:
    async def main() -> None:
        async with client_of(Scripted(["Hel", "lo", STOP])) as client:
            stream = await client.chat.completions.create(
                **ASKED, stream=True, stream_options={"include_usage": True}
            )
            events = [event async for event in stream]
            *pieces, last = events
            deltas = [event.choices[0].delta for event in pieces]
            assert deltas[0].role == "assistant"
            assert [delta.content for delta in deltas] == ["Hel", "lo", None]
            assert last.choices == []
            assert last.usage is not None
            assert last.usage.total_tokens == 13

    run_real(main())


def test_it_reads_two_choices_both_ways() -> None:
    async def main() -> None:
        async with client_of(MockModel("instant")) as client:
            whole = await client.chat.completions.create(**ASKED, n=2)
            texts = [choice.message.content for choice in whole.choices]
            stream = await client.chat.completions.create(
                **ASKED, n=2, stream=True
            )
            pieces = ["", ""]
            async for event in stream:
                for choice in event.choices:
                    pieces[choice.index] += choice.delta.content or ""
            assert pieces == texts

    run_real(main())


def test_it_is_billed_once_under_one_idempotency_key() -> None:
    async def main() -> None:
        model = MockModel("instant")
        async with client_of(model) as client:
            for _ in range(2):
                await client.chat.completions.create(
                    **ASKED, extra_headers={"Idempotency-Key": "once"}
                )
            assert (model.ledger.answers, model.ledger.replayed) == (1, 1)

    run_real(main())


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (RateLimited("slow down", retry_after=3), "RateLimitError"),
        (UpstreamError("broken", status=500), "InternalServerError"),
        (UpstreamError("who?", status=401), "AuthenticationError"),
        (UpstreamError("no", status=403), "PermissionDeniedError"),
        (UpstreamError("busy", status=503), "InternalServerError"),
    ],
)
def test_it_raises_its_own_kind_of_each_error(
    error: LLMError, kind: str, stream: bool
) -> None:
    async def main() -> None:
        from openai import APIStatusError

        async with client_of(Scripted([error])) as client:
            with pytest.raises(APIStatusError) as raised:
                await client.chat.completions.create(**ASKED, stream=stream)
            assert type(raised.value).__name__ == kind
            assert raised.value.status_code == error.status
            assert raised.value.code == error.code
            wait = raised.value.response.headers.get("retry-after")
            assert wait == ("3" if error.retry_after else None)

    run_real(main())


def test_it_is_told_which_field_is_wrong() -> None:
    async def main() -> None:
        from openai import BadRequestError

        async with client_of(Scripted()) as client:
            with pytest.raises(BadRequestError, match="temperature") as raised:
                await client.chat.completions.create(**ASKED, temperature=3)
            assert raised.value.param == "temperature"

    run_real(main())


def test_a_wrong_key_is_an_authentication_error() -> None:
    async def main() -> None:
        from openai import AuthenticationError

        async with client_of(Scripted(), api_key="sk-2") as client:
            with pytest.raises(AuthenticationError):
                await client.chat.completions.create(**ASKED)

    run_real(main())


def test_an_error_inside_the_stream_reaches_it() -> None:
    async def main() -> None:
        from openai import APIError

        async with client_of(Scripted(["a", UpstreamError("oom")])) as client:
            stream = await client.chat.completions.create(**ASKED, stream=True)
            with pytest.raises(APIError, match="oom"):
                _ = [event async for event in stream]

    run_real(main())


def test_a_cut_stream_does_not_look_whole_to_it() -> None:
    async def main() -> None:
        from openai import APIConnectionError

        async with client_of(Scripted(["a", Incomplete("a")])) as client:
            stream = await client.chat.completions.create(**ASKED, stream=True)
            with pytest.raises(APIConnectionError):
                _ = [event async for event in stream]

    run_real(main())


def test_it_sends_and_reads_tool_calls() -> None:
    tool: Any = {"type": "function", "function": {"name": "find"}}

    async def main() -> None:
        def piece(**function: str) -> Chunk:
            call: dict[str, Any] = {"index": 0, "function": function}
            if "name" in function:
                call |= {"id": "c1", "type": "function"}
            return Chunk(extra={"tool_calls": [call]})

        script = [
            piece(name="find", arguments=""),
            piece(arguments='{"id":'),
            piece(arguments=" 1}"),
            Chunk(finish_reason="tool_calls"),
        ]
        model = Scripted(script)
        async with client_of(model) as client:
            answer = await client.chat.completions.create(
                **ASKED, tools=[tool]
            )
            (call,) = answer.choices[0].message.tool_calls or []
            assert call.type == "function"
            assert call.function.arguments == '{"id": 1}'
            assert model.requests[0].options["tools"] == [tool]

    run_real(main())
