"""An endpoint's vectors are taken only if they are what was asked for."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import Any

import numpy as np
import pytest

from optimizations.caching.similar.embedding import Matrix
from optimizations.caching.similar.endpoint_embedding import EndpointEmbedder
from optimizations.caching.similar.gathered_embedding import GatheredEmbedder
from optimizations.caching.similar.semantic import SemanticStore
from optimizations.errors import (
    BadRequest,
    ConnectionFailed,
    LLMError,
    TimedOut,
    UpstreamError,
)
from tests.caching.answers import answer
from tests.helpers import ask
from tests.raw_http import response, run_real, saying

KEY = "sk-very-secret"


def made(url: str, **rest: Any) -> EndpointEmbedder:
    given: dict[str, Any] = {"model": "small", "width": 2, "threshold": 0.8}
    return EndpointEmbedder(url, **(given | rest))


def said(*vectors: Any, **rest: Any) -> bytes:
    data = [{"index": i, "embedding": v} for i, v in enumerate(vectors)]
    return response(json.dumps({"data": data, **rest}).encode())


async def embedded(
    answered: bytes, *texts: str, **rest: Any
) -> tuple[Matrix, dict[str, Any]]:
    """The rows, and what was asked for them."""
    async with saying(answered) as server:
        embedder = made(server.url, **rest)
        try:
            rows = await embedder.embed(texts)
        finally:
            await embedder.aclose()
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    return rows, json.loads(body) | {"head": head.decode()}


async def refused(answered: bytes, **rest: Any) -> LLMError:
    with pytest.raises(LLMError) as caught:
        await embedded(answered, "a", "b", **rest)
    return caught.value


def test_all_texts_go_in_one_call_and_come_as_unit_rows() -> None:
    async def main() -> None:
        rows, asked = await embedded(
            said([3, 4], [0, 2]),
            "a",
            " ",
            "half \ud800",
            api_key=KEY,
            options={"dimensions": 2},
        )
        assert rows == pytest.approx(np.array([[0.6, 0.8], [0, 0], [0, 1]]))
        assert rows.dtype == np.float32
        assert asked["input"] == ["a", "half ?"]
        assert (asked["model"], asked["dimensions"]) == ("small", 2)
        assert asked["head"].startswith("POST /v1/embeddings ")
        assert f"Authorization: Bearer {KEY}" in asked["head"]

    run_real(main())


def test_rows_go_by_their_index_and_may_be_base64() -> None:
    async def main() -> None:
        packed = base64.b64encode(np.array([0, 2], "<f4").tobytes()).decode()
        data = [
            {"index": 1, "embedding": [1, 0]},
            {"index": 0, "embedding": packed},
        ]
        rows, _ = await embedded(
            response(json.dumps({"data": data}).encode()), "a", "b"
        )
        assert rows.tolist() == [[0, 1], [1, 0]]

    run_real(main())


@pytest.mark.parametrize(
    "body",
    [
        said([1, 0]),
        said([1, 0], [0, 1], [1, 1]),
        said([1, 0], [1, 0, 0]),
        said([1, 0], [[1, 0]]),
        said([1, 0], None),
        said([1, 0], "not base64"),
        said([1, 0], "AAAA"),
        said([1, 0], ["x", "y"]),
        said([1, 0], {"a": 1}),
        response(b'{"data": [{"embedding": [1, 0]}, 7]}'),
        response(b'{"data": [{"embedding": [1, 0]}, {"index": 9}]}'),
        response(
            b'{"data": [{"index": 0, "embedding": [1, 0]},'
            b' {"index": 0, "embedding": [1, 0]}]}'
        ),
        response(b'{"data": [{"embedding": [1, 0]},{"embedding": [NaN, 0]}]}'),
        response(
            b'{"data": [{"embedding": [1, 0]},{"embedding": [1e999, 0]}]}'
        ),
        response(b'{"data": 7}'),
        response(b"[]"),
        response(b"<html>"),
        response(b""),
    ],
    ids=range(18),
)
def test_what_is_no_vector_for_each_text_is_an_error(body: bytes) -> None:
    async def main() -> None:
        error = await refused(body)
        assert isinstance(error, UpstreamError)
        assert error.status == 502

    run_real(main())


def test_a_refusal_is_told_with_its_kind_and_without_the_key() -> None:
    async def main() -> None:
        body = json.dumps({"error": {"message": f"bad key {KEY}"}}).encode()
        unknown = await refused(
            response(body, "401 Unauthorized"), api_key=KEY
        )
        assert KEY not in repr(unknown)
        assert KEY not in str(unknown.__cause__) + str(unknown.__context__)
        assert isinstance(unknown, UpstreamError)
        too_long = await refused(response(b"too long", "400 Bad Request"))
        assert isinstance(too_long, BadRequest)
        busy = await refused(
            response(
                b"",
                "429 Too Many Requests",
                "application/json",
                "Retry-After: 7",
            )
        )
        assert busy.retry_after == 7
        moved = response(
            b"", "307 Temporary Redirect", "text/plain", "Location: /v2"
        )
        assert "307" in str(await refused(moved))

    run_real(main())


def test_every_wait_has_an_end() -> None:
    async def main() -> None:
        async with saying(5.0) as server:
            embedder = made(server.url, read_seconds=0.05)
            with pytest.raises(TimedOut):
                await embedder.embed(["a"])
            await embedder.aclose()
            with pytest.raises(ConnectionFailed):
                await embedder.embed(["a"])
            assert (await embedder.embed([" "])).tolist() == [[0, 0]]
        embedder = made(server.url, api_key=KEY)
        with pytest.raises(ConnectionFailed) as caught:
            await embedder.embed(["a"])
        await embedder.aclose()
        assert caught.value.__context__ is None
        assert KEY not in repr(embedder)

    run_real(main())


def test_behind_a_store_look_ups_share_a_call_and_failures_are_misses() -> (
    None
):
    async def main() -> None:
        async with saying(said([1, 0])) as server:
            inner = made(server.url, read_seconds=2)
            store = SemanticStore(GatheredEmbedder(inner), second_check=None)
            await store.keep(ask("one"), answer("kept"))
            found = await asyncio.gather(
                *(store.find(ask("two")) for _ in range(9))
            )
            assert [f.reply.text for f in found if f] == ["kept"] * 9
            assert inner.calls == 2
        assert await store.find(ask("nobody listens any more")) is None
        assert store.snapshot()["errors"] == 1
        await store.aclose()

    run_real(main())


@pytest.mark.parametrize(
    "bad",
    [
        {"url": "ftp://host"},
        {"url": "http://user:pw@host"},
        {"url": "http://host/v1?key=1"},
        {"width": 0},
        {"threshold": 0},
        {"threshold": float("nan")},
        {"api_key": "two words"},
        {"api_key": ""},
        {"connect_seconds": 0},
        {"read_seconds": float("inf")},
        {"max_connections": 0},
    ],
)
def test_bad_settings_are_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        made(**({"url": "http://host"} | bad))
