"""An embedder may fail in any way: that is a miss, and it is counted."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from math import inf

import numpy as np
import pytest

from lab.questions import load_bank
from optimizations.caching.similar.checks import disagreement
from optimizations.caching.similar.embedding import (
    Embedder,
    HashingEmbedder,
    Matrix,
    WordLlamaEmbedder,
)
from optimizations.caching.similar.semantic import SemanticStore
from optimizations.clock import now, run_virtual
from tests.caching.answers import answer
from tests.helpers import ask, other_tasks, pause, turns


class Fixed(Embedder):
    """An embedder that always says the same, or raises it."""

    width = 4
    threshold = 0.8

    def __init__(self, says: object) -> None:
        self.says = says
        self.calls = 0
        self.closed = 0
        self.seconds = 0.0

    async def aclose(self) -> None:
        self.closed += 1

    async def embed(self, texts: Sequence[str]) -> Matrix:
        self.calls += 1
        if self.seconds:
            await pause(self.seconds)
        if isinstance(self.says, Exception):
            raise self.says
        return self.says  # type: ignore[return-value]


GOOD = np.array([[1, 0, 0, 0]], np.float32)


@pytest.mark.parametrize(
    "says",
    [
        RuntimeError("no model"),
        np.full((1, 4), np.nan, np.float32),
        np.full((1, 4), np.inf, np.float32),
        GOOD * 2,
        GOOD[:, :3],
        GOOD[0],
        np.concatenate([GOOD, GOOD]),
        None,
        "nonsense",
    ],
    ids=str,
)
def test_a_bad_embedding_is_a_miss(says: object) -> None:
    async def main() -> None:
        embedder = Fixed(GOOD)
        store = SemanticStore(embedder)
        await store.keep(ask("kept while it worked"), answer())
        embedder.says = says
        assert await store.find(ask("asked when it did not")) is None
        await store.keep(ask("kept when it did not"), answer())
        numbers = store.snapshot()
        assert (numbers["errors"], numbers["entries"]) == (2, 1)
        embedder.says = GOOD
        assert await store.find(ask("Kept while it worked!")) is not None

    run_virtual(main())


def test_the_same_text_costs_no_embedding() -> None:
    async def main() -> None:
        embedder = Fixed(GOOD)
        store = SemanticStore(embedder)
        await store.keep(ask(), answer())
        for _ in range(10):
            assert await store.find(ask())
        assert embedder.calls == 1

    run_virtual(main())


def test_a_miss_and_its_fill_embed_once() -> None:
    async def main() -> None:
        embedder = Fixed(GOOD)
        store = SemanticStore(embedder, second_check=lambda *_: "other")
        await store.keep(ask("one"), answer())
        assert await store.find(ask("two")) is None
        await store.keep(ask("two"), answer())
        assert embedder.calls == 2

    run_virtual(main())


def test_where_nothing_was_kept_nothing_is_embedded() -> None:
    async def main() -> None:
        embedder = Fixed(GOOD)
        assert await SemanticStore(embedder).find(ask()) is None
        assert embedder.calls == 0

    run_virtual(main())


def test_an_embedder_that_hangs_is_left() -> None:
    async def main() -> None:
        embedder = Fixed(GOOD)
        store = SemanticStore(embedder, embed_seconds=2)
        await store.keep(ask("kept while it worked"), answer())
        embedder.seconds = inf
        assert await store.find(ask("asked when it hung")) is None
        assert now() == 2
        assert store.snapshot()["errors"] == 1

    run_virtual(main())


def test_a_caller_who_leaves_ends_the_embedding() -> None:
    async def main() -> None:
        embedder = Fixed(GOOD)
        store = SemanticStore(embedder)
        await store.keep(ask("one"), answer())
        embedder.seconds = inf
        task = asyncio.create_task(store.find(ask("two")))
        await turns(3)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not other_tasks()
        assert store.snapshot()["errors"] == 0

    run_virtual(main())


def test_what_was_evicted_during_the_embedding_is_not_found() -> None:
    """The partition was there before the wait, and gone after it."""

    async def main() -> None:
        embedder = Fixed(GOOD)
        store = SemanticStore(embedder, max_entries=1)
        await store.keep(ask("one"), answer())
        embedder.seconds = 1
        found = asyncio.create_task(store.find(ask("one, please")))
        await turns(3)
        embedder.seconds = 0
        await store.keep(ask("two", tenant="other"), answer())
        assert await found is None

    run_virtual(main())


def test_a_deletion_that_cannot_search_says_so() -> None:
    """Whatever is near may still be there."""

    async def main() -> None:
        embedder = Fixed(GOOD)
        store = SemanticStore(embedder)
        await store.keep(ask("one"), answer())
        await store.keep(ask("two"), answer())
        embedder.says = RuntimeError("no model")
        with pytest.raises(RuntimeError, match="no model"):
            await store.delete(ask("three"))
        await store.aclose()
        assert embedder.closed == 1

    run_virtual(main())


@pytest.mark.parametrize("threshold", [0, 0.0, -1, 1.01, float("nan")])
def test_a_threshold_that_means_nothing_is_refused(threshold: float) -> None:
    """Zero must not mean "the default": `threshold or default` did."""
    with pytest.raises(ValueError, match="threshold"):
        SemanticStore(Fixed(GOOD), threshold=threshold)


@pytest.mark.parametrize("name", ["embed_seconds", "graph_above"])
def test_bounds_that_mean_nothing_are_refused(name: str) -> None:
    for bad in (0, -1, float("nan")):
        with pytest.raises(ValueError, match=name):
            SemanticStore(Fixed(GOOD), **{name: bad})  # type: ignore[arg-type]


@pytest.mark.parametrize("make", [HashingEmbedder, WordLlamaEmbedder])
def test_near_misses_get_another_answer(make: type[Embedder]) -> None:
    """Of the question bank's near misses, at most 1 in 100 is served the
    answer of its neighbour; without the second check most are.
    """

    async def false_hits(store: SemanticStore) -> float:
        wrong = 0
        for n, (stored, asked) in enumerate(pairs):
            tenant = f"pair {n}"
            await store.keep(ask(stored, tenant=tenant), answer())
            wrong += await store.find(ask(asked, tenant=tenant)) is not None
        return wrong / len(pairs)

    pairs = [(miss.first, miss.second) for miss in load_bank().near_misses]
    assert len(pairs) > 500
    embedder = make()
    checked = SemanticStore(embedder, second_check=disagreement)
    blind = SemanticStore(embedder, second_check=None)
    assert run_virtual(false_hits(checked)) <= 0.01
    assert run_virtual(false_hits(blind)) > 0.5
