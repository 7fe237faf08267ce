"""A hit asks nobody, and says what was said."""

from __future__ import annotations

import asyncio
from math import inf, nan
from typing import Any

import pytest

from optimizations.caching.cache_fill import CacheFill
from optimizations.caching.cached import Cached, replay
from optimizations.caching.store import MemoryStore
from optimizations.clock import now, run_virtual
from optimizations.llm import (
    CacheControl,
    Choice,
    Chunk,
    Reply,
    Trace,
    Usage,
)
from tests.caching.answers import answer
from tests.caching.stores import Broken, Slow, onion
from tests.helpers import (
    Scripted,
    ask,
    collect,
    read,
    says,
)


def test_the_second_time_nobody_is_asked() -> None:
    async def main() -> None:
        model, store = Scripted(says("Hel", "lo")), MemoryStore()
        chatbot = onion(model, store)
        first, second = ask(n=1), ask(n=2)
        assert (await chatbot.complete(first)).text == "Hello"
        again = await chatbot.complete(second)
        assert again.text == "Hello"
        assert again.usage == Usage(10, 3)
        assert again.trace is second.trace
        assert second.trace.served_by == "memory"
        assert second.trace.attempts == 0
        assert model.calls == 1
        assert (chatbot.hits, chatbot.misses) == (1, 1)

    run_virtual(main())


def test_a_hit_is_a_stream_of_pieces_or_one_chunk_as_it_was_wanted() -> None:
    text = "Where is my parcel? Here it is."

    async def main() -> None:
        store = MemoryStore()
        await store.keep(ask(), answer(text))
        chatbot = Cached(Scripted(), store)
        whole = await collect(chatbot.stream(ask(streamed=False)))
        assert whole == [Chunk(text, 0, "stop", Usage(10, 3))]
        pieces = await collect(chatbot.stream(ask()))
        assert len(pieces) > 5
        assert "".join(chunk.text for chunk in pieces) == text
        assert pieces[-1].finish_reason == "stop"
        assert [chunk.usage for chunk in pieces[:-1]].count(None) == (
            len(pieces) - 1
        )

    run_virtual(main())


@pytest.mark.parametrize("in_pieces", [True, False])
@pytest.mark.parametrize("texts", [("",), ("a b", ""), ("a", "b c d", "e")])
def test_a_replay_says_what_was_said(
    texts: tuple[str, ...], in_pieces: bool
) -> None:
    choices = tuple(Choice(text, "stop") for text in texts)
    chunks = list(
        replay(Reply(choices, Usage(1, 2), Trace()), in_pieces=in_pieces)
    )
    said = ["" for _ in texts]
    for chunk in chunks:
        said[chunk.index] += chunk.text
    assert tuple(said) == texts
    ends = [c.index for c in chunks if c.finish_reason]
    assert ends == list(range(len(texts)))
    assert [c.usage for c in chunks if c.usage] == [Usage(1, 2)]
    assert chunks[-1].usage == Usage(1, 2)


@pytest.mark.parametrize(
    "fields",
    [
        {"temperature": 1.0},
        {"options": {"tools": [{"type": "function"}]}},
        {"options": {"store": False}},
        {"cache": CacheControl(no_store=True)},
    ],
)
def test_what_may_not_be_reused_is_neither_kept_nor_looked_up(
    fields: dict[str, Any],
) -> None:
    async def main() -> None:
        model, store = Scripted(), MemoryStore()
        chatbot = onion(model, store)
        for n in range(2):
            await chatbot.complete(ask(n=n, **fields))
        assert model.calls == 2
        assert chatbot.bypassed == 2
        assert store.snapshot()["entries"] == 0

    run_virtual(main())


def test_a_store_that_is_slow_is_a_miss_and_holds_nobody_up() -> None:
    """One that hung held each request for as long as it hung."""

    async def main() -> None:
        model, good, slow = Scripted(), MemoryStore(), Slow()
        fill = CacheFill(model, slow, good)
        chatbot = Cached(fill, slow)
        assert await read(chatbot, ask()) == "t asked: Where is my parcel?"
        assert now() == 0.5  # a quarter to look, a quarter to keep
        assert chatbot.snapshot()["timeouts"] == chatbot.misses == 1
        assert fill.snapshot()["timeouts"] == fill.kept == 1
        assert await good.find(ask()) is not None
        assert slow.snapshot()["entries"] == 0

    run_virtual(main())


@pytest.mark.parametrize("seconds", [0, -1, inf, nan])
def test_to_wait_for_ever_for_a_store_is_refused(seconds: float) -> None:
    store = MemoryStore()
    with pytest.raises(ValueError, match="store_seconds"):
        Cached(Scripted(), store, store_seconds=seconds)
    with pytest.raises(ValueError, match="store_seconds"):
        CacheFill(Scripted(), store, store_seconds=seconds)


def test_a_store_that_fails_is_a_miss_and_hides_no_answer() -> None:
    async def main() -> None:
        model, good, broken = Scripted(), MemoryStore(), Broken()
        fill = CacheFill(model, broken, good)
        chatbot = Cached(fill, broken)
        assert await read(chatbot, ask()) == "t asked: Where is my parcel?"
        for layer in (chatbot, fill):
            assert layer.snapshot()["failures"] == 1
        assert await good.find(ask()) is not None

    run_virtual(main())


def test_a_caller_may_want_a_new_answer_which_takes_the_old_ones_place() -> (
    None
):
    """An update that added a second entry left the old answer alive."""

    async def main() -> None:
        store = MemoryStore()
        chatbot = onion(Scripted(says("old"), says("new")), store)
        anew = CacheControl(no_cache=True)
        assert await read(chatbot, ask()) == "old"
        assert await read(chatbot, ask(cache=anew)) == "new"
        assert await read(chatbot, ask()) == "new"
        assert store.snapshot()["entries"] == 1

    run_virtual(main())


def test_a_caller_may_refuse_an_answer_above_an_age() -> None:
    async def main() -> None:
        chatbot = onion(Scripted(says("old"), says("new")), MemoryStore())
        young = CacheControl(max_age_seconds=10)
        assert await read(chatbot, ask()) == "old"
        await asyncio.sleep(10)
        request = ask(cache=young)
        assert await read(chatbot, request) == "old"
        assert request.trace.age_seconds == 10
        await asyncio.sleep(1)
        assert await read(chatbot, ask(cache=young)) == "new"

    run_virtual(main())


@pytest.mark.parametrize("seconds", [-1, nan])
def test_an_age_below_zero_is_refused(seconds: float) -> None:
    with pytest.raises(ValueError, match="max_age_seconds"):
        CacheControl(max_age_seconds=seconds)


def test_a_replay_has_the_pace_that_was_chosen() -> None:
    async def main() -> None:
        store = MemoryStore()
        await store.keep(ask(), answer("one two three four"))
        chatbot = Cached(Scripted(), store, tokens_per_second=2)
        pieces = await collect(chatbot.stream(ask()))
        assert now() == (len(pieces) - 1) / 2  # the last is not waited for

    run_virtual(main())


@pytest.mark.parametrize("pace", [0, -1, nan])
def test_a_pace_that_gets_nowhere_is_refused(pace: float) -> None:
    with pytest.raises(ValueError, match="tokens_per_second"):
        Cached(Scripted(), MemoryStore(), tokens_per_second=pace)


def test_closing_the_onion_closes_model_and_store() -> None:
    async def main() -> None:
        model, store = Scripted(), Broken()
        async with Cached(model, store):
            assert not store.closed
        assert store.closed
        assert model.shut == 1

    run_virtual(main())


def test_the_numbers_of_the_store_are_among_those_of_the_layer() -> None:
    async def main() -> None:
        chatbot = onion(Scripted(), MemoryStore())
        for n in range(3):
            await chatbot.complete(ask(n=n))
        numbers = chatbot.snapshot()
        assert numbers["hits"] == numbers["store_hits"] == 2
        assert chatbot.inner.snapshot()["kept"] == 1

    run_virtual(main())
