"""A hit asks nobody; a miss is kept only if it was a whole answer."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import aclosing, suppress
from math import inf, nan
from typing import Any

import pytest

from optimizations.caching.cache_fill import CacheFill
from optimizations.caching.cached import Cached, replay
from optimizations.caching.store import Answer, MemoryStore
from optimizations.clock import now, run_virtual
from optimizations.errors import Incomplete, UpstreamError
from optimizations.llm import (
    LLM,
    CacheControl,
    Choice,
    Chunk,
    Reply,
    Request,
    Trace,
    Usage,
)
from tests.caching.answers import answer
from tests.helpers import (
    STOP,
    Scripted,
    Step,
    ask,
    collect,
    other_tasks,
    read,
    says,
    take,
)


def onion(model: LLM, store: MemoryStore) -> Cached:
    return Cached(CacheFill(model, store), store)


class Broken:
    """A store that only fails."""

    name = "broken"
    closed = False

    async def find(self, request: Request) -> Answer | None:
        raise OSError("find")

    async def keep(self, request: Request, answer: Answer) -> None:
        raise OSError("keep")

    async def delete(self, request: Request) -> None:
        raise OSError("delete")

    def snapshot(self) -> Mapping[str, float]:
        return {}

    async def aclose(self) -> None:
        self.closed = True


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


NEVER: dict[str, list[Step]] = {
    "an error at once": [UpstreamError("no")],
    "an error after a piece": ["a", UpstreamError("no")],
    "cut by its token limit": ["a", Chunk("b", finish_reason="length")],
    "filtered": ["a", Chunk(finish_reason="content_filter")],
    "a stream that just ends": ["a", "b"],
    "incomplete, and says so": ["a", Incomplete("a")],
    "half of two choices": [Chunk("a", 0, "stop"), Chunk("b", 1)],
    "tool calls": [
        Chunk(extra={"tool_calls": [{"id": "1"}]}),
        Chunk(finish_reason="stop"),
    ],
    "what a reply cannot hold": [Chunk("a", extra={"reasoning": "r"}), STOP],
    "nothing at all": [],
}


@pytest.mark.parametrize("script", list(NEVER.values()), ids=list(NEVER))
def test_it_is_never_kept(script: list[Step]) -> None:
    async def main() -> None:
        store = MemoryStore()
        fill = CacheFill(Scripted(script), store)
        wants = (
            {"n": 2}
            if any(isinstance(step, Chunk) and step.index for step in script)
            else {}
        )
        with suppress(UpstreamError, Incomplete):
            await collect(fill.stream(ask(options=wants)))
        assert store.snapshot()["entries"] == 0
        assert fill.kept == 0

    run_virtual(main())


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


@pytest.mark.parametrize("after", [0, 1, 2, 3])
def test_an_abandoned_stream_keeps_nothing(after: int) -> None:
    """Not even when its last chunk was read: the end was not."""

    async def main() -> None:
        model, store = Scripted(says("a", "b")), MemoryStore()
        async with aclosing(onion(model, store).stream(ask())) as chunks:
            await take(chunks, after)
        assert store.snapshot()["entries"] == 0
        assert model.running == 0

    run_virtual(main())


@pytest.mark.parametrize("after_seconds", [0.0, 0.5, 1.5, 2.5])
def test_a_cancelled_reader_keeps_nothing(after_seconds: float) -> None:
    async def main() -> None:
        model = Scripted([*says("a", "b", gap_seconds=1), 1.0])
        store = MemoryStore()
        task = asyncio.create_task(read(onion(model, store), ask()))
        await asyncio.sleep(after_seconds)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert store.snapshot()["entries"] == 0
        assert model.running == 0
        assert not other_tasks()

    run_virtual(main())


def test_the_answer_is_kept_before_the_end_is_handed_on() -> None:
    async def main() -> None:
        store = MemoryStore()
        fill = CacheFill(Scripted(says("a")), store)
        async with aclosing(fill.stream(ask())) as chunks:
            async for _ in chunks:
                assert await store.find(ask()) is None
        assert await store.find(ask()) is not None

    run_virtual(main())


def test_the_model_is_closed_before_a_slow_store_is_waited_for() -> None:
    class Watching(MemoryStore):
        async def keep(self, request: Request, answer: Answer) -> None:
            running.append(model.running)

    running: list[int] = []
    model = Scripted(says("a"))

    async def main() -> None:
        await collect(CacheFill(model, Watching()).stream(ask()))
        assert running == [0]

    run_virtual(main())


class Slow(MemoryStore):
    """A store that takes an hour for everything."""

    async def find(self, request: Request) -> Answer | None:
        await asyncio.sleep(3600)
        return await super().find(request)

    async def keep(self, request: Request, answer: Answer) -> None:
        await asyncio.sleep(3600)
        await super().keep(request, answer)


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


def test_what_no_store_took_in_time_is_not_counted_as_kept() -> None:
    async def main() -> None:
        fill = CacheFill(Scripted(), Slow(), Broken(), store_seconds=1.0)
        await read(fill, ask())
        assert now() == 1
        assert (fill.kept, fill.not_kept) == (0, 1)
        assert (fill.store_timeouts, fill.store_errors) == (1, 1)

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
        assert chatbot.store_errors == fill.store_errors == 1
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
        assert await read(chatbot, ask(cache=young)) == "old"
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
