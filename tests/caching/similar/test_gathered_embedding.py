"""Look-ups that come together are embedded together, and fail alone."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from math import inf
from typing import Any

import numpy as np
import pytest

from optimizations.caching.similar.embedding import Embedder, Matrix
from optimizations.caching.similar.gathered_embedding import GatheredEmbedder
from optimizations.clock import now, run_virtual
from optimizations.errors import (
    BadRequest,
    ConnectionFailed,
    Overloaded,
    Refused,
    UpstreamError,
)
from tests.helpers import other_tasks, pause, turns


class Slow(Embedder):
    """A text's row is its length, after a second; "poison" is refused."""

    width = 1
    threshold = 0.9

    def __init__(self, seconds: float = 1.0) -> None:
        self.seconds = seconds
        self.calls: list[list[str]] = []
        self.running = self.peak = self.closed = 0
        self.error: Exception | None = None

    async def embed(self, texts: Sequence[str]) -> Matrix:
        self.calls.append([*texts])
        self.running += 1
        self.peak = max(self.peak, self.running)
        try:
            await pause(self.seconds)
        finally:
            self.running -= 1
        if self.error:
            raise self.error
        if "poison" in texts:
            raise BadRequest("not that one")
        return np.array([[len(text)] for text in texts], np.float32)

    async def aclose(self) -> None:
        self.closed += 1


async def rows(embedder: Embedder, *texts: str) -> list[Any]:
    """What each text becomes, asked for one by one at once."""
    asking = (embedder.embed([text]) for text in texts)
    results = await asyncio.gather(*asking, return_exceptions=True)
    return [
        result if isinstance(result, BaseException) else result.tolist()
        for result in results
    ]


def test_what_comes_within_a_moment_is_one_call() -> None:
    async def main() -> None:
        slow = Slow()
        gathered = GatheredEmbedder(slow, linger_seconds=0.5)
        assert await rows(gathered, "a", "bb", "a") == [[[1]], [[2]], [[1]]]
        assert slow.calls == [["a", "bb"]]
        assert now() == 1.5
        assert (gathered.width, gathered.threshold) == (1, 0.9)
        assert not other_tasks()

    run_virtual(main())


def test_a_full_call_does_not_linger() -> None:
    async def main() -> None:
        slow = Slow()
        gathered = GatheredEmbedder(slow, max_texts=2, linger_seconds=9)
        assert await rows(gathered, "a", "bb") == [[[1]], [[2]]]
        assert now() == 1

    run_virtual(main())


def test_a_long_list_goes_in_pieces_and_comes_in_order() -> None:
    async def main() -> None:
        slow = Slow()
        gathered = GatheredEmbedder(slow, max_texts=2, linger_seconds=0)
        texts = ["a", "bb", "ccc", "dddd", "eeeee"]
        found = await gathered.embed(texts)
        assert found.tolist() == [[1], [2], [3], [4], [5]]
        assert [len(call) for call in slow.calls] == [2, 2, 1]
        assert (await gathered.embed([])).shape == (0, 1)

    run_virtual(main())


def test_a_text_that_is_refused_fails_alone() -> None:
    async def main() -> None:
        slow = Slow()
        gathered = GatheredEmbedder(slow)
        a, bad, ccc, dd = await rows(gathered, "a", "poison", "ccc", "dd")
        assert isinstance(bad, BadRequest)
        assert [a, ccc, dd] == [[[1]], [[3]], [[2]]]
        assert gathered.calls == 5  # 4, then 2, 1, 1 and 2

    run_virtual(main())


def test_a_text_that_many_ask_for_and_is_refused_is_asked_for_once() -> None:
    async def main() -> None:
        slow = Slow()
        found = await rows(GatheredEmbedder(slow), *["poison"] * 64)
        assert [type(error) for error in found] == [BadRequest] * 64
        assert slow.calls == [["poison"]]

    run_virtual(main())


def test_a_model_that_is_not_there_is_no_texts_fault() -> None:
    """A 404 for 64 texts made 127 calls: the call was halved as if one of the
    texts had spoilt it.
    """

    async def main() -> None:
        slow = Slow()
        slow.error = BadRequest("no such model", status=404)
        found = await rows(GatheredEmbedder(slow), *map(str, range(64)))
        assert found == [slow.error] * 64
        assert len(slow.calls) == 1

    run_virtual(main())


def test_another_error_is_everybodys_and_not_tried_again() -> None:
    async def main() -> None:
        slow = Slow()
        slow.error = UpstreamError("broken")
        found = await rows(GatheredEmbedder(slow), "a", "b")
        assert found == [slow.error, slow.error]
        assert len(slow.calls) == 1

    run_virtual(main())


def test_rows_of_another_shape_are_an_error() -> None:
    async def main() -> None:
        gathered = GatheredEmbedder(Slow())
        gathered.width = 2
        (error,) = await rows(gathered, "a")
        assert isinstance(error, ValueError)

    run_virtual(main())


def test_who_leaves_takes_nobody_along() -> None:
    async def main() -> None:
        slow = Slow()
        gathered = GatheredEmbedder(slow)
        leaving = asyncio.create_task(gathered.embed(["a"]))
        staying = asyncio.create_task(gathered.embed(["bb"]))
        await asyncio.sleep(0.5)
        leaving.cancel()
        assert (await staying).tolist() == [[2]]
        assert leaving.cancelled()

    run_virtual(main())


def test_a_call_that_nobody_waits_for_is_ended() -> None:
    async def main() -> None:
        slow = Slow(inf)
        gathered = GatheredEmbedder(slow, linger_seconds=0)
        for seconds in (0, 0.5):  # before the call, and during it
            task = asyncio.create_task(gathered.embed(["a"]))
            await turns(1)
            await asyncio.sleep(seconds)
            task.cancel()
            await turns(4)
            await asyncio.sleep(0.1)
            assert slow.running == gathered.waiting == 0
            assert not other_tasks()

    run_virtual(main())


def test_no_more_than_so_many_run_and_wait() -> None:
    async def main() -> None:
        slow = Slow()
        gathered = GatheredEmbedder(
            slow, max_texts=1, max_running=2, max_waiting=5
        )
        found = await rows(gathered, *"abcdefg")
        assert slow.peak == 2
        assert found[:5] == [[[1]]] * 5
        assert all(isinstance(error, Overloaded) for error in found[5:])
        assert now() == 3
        assert await rows(gathered, "a") == [[[1]]]

    run_virtual(main())


def test_closing_ends_what_runs_and_what_gathers() -> None:
    async def main() -> None:
        slow = Slow(inf)
        gathered = GatheredEmbedder(slow, max_texts=1, max_running=1)
        asking = asyncio.create_task(rows(gathered, "a", "b"))
        lingering = GatheredEmbedder(slow, linger_seconds=9)
        late = asyncio.create_task(rows(lingering, "c"))
        await turns(3)
        await gathered.aclose()
        await lingering.aclose()
        for error in (*await asking, *await late):
            assert isinstance(error, (ConnectionFailed, Refused))
        (error,) = await rows(gathered, "d")
        assert isinstance(error, Refused)
        assert (slow.running, slow.closed) == (0, 2)
        assert not other_tasks()

    run_virtual(main())


@pytest.mark.parametrize(
    "bad",
    [
        {"max_texts": 0},
        {"max_running": 0},
        {"max_waiting": 0},
        {"linger_seconds": -1},
        {"linger_seconds": inf},
        {"linger_seconds": float("nan")},
    ],
)
def test_bad_bounds_are_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        GatheredEmbedder(Slow(), **bad)
