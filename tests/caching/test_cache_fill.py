"""What is kept, and when: only an answer that was read to its own end."""

from __future__ import annotations

import asyncio
from contextlib import aclosing, suppress

import pytest

from optimizations.caching.cache_fill import CacheFill
from optimizations.caching.keys import squeeze
from optimizations.caching.store import Answer, MemoryStore
from optimizations.clock import now, run_virtual
from optimizations.errors import Incomplete, UpstreamError
from optimizations.llm import (
    Chunk,
    Request,
)
from tests.caching.stores import Broken, Slow, onion
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
def test_an_answer_that_may_mislead_is_never_kept(script: list[Step]) -> None:
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


def test_what_no_store_took_in_time_is_not_counted_as_kept() -> None:
    async def main() -> None:
        fill = CacheFill(Scripted(), Slow(), Broken(), store_seconds=1.0)
        await read(fill, ask())
        assert now() == 1
        assert (fill.kept, fill.not_kept) == (0, 1)
        numbers = fill.snapshot()
        assert (numbers["timeouts"], numbers["failures"]) == (1, 1)

    run_virtual(main())


def test_the_answer_that_was_asked_for_later_stays() -> None:
    """The older of two flights landed last, and put the old answer back."""

    async def main() -> None:
        model = Scripted(says("old", gap_seconds=5), says("new"))
        store = MemoryStore()
        fill = CacheFill(model, store)
        early = asyncio.create_task(read(fill, ask()))
        await asyncio.sleep(1)
        await read(fill, ask())
        await early
        found = await store.find(ask())
        assert found is not None
        assert found.reply.text == "new"

    run_virtual(main())


def test_an_empty_list_of_tool_calls_is_no_obstacle() -> None:
    """Whole answers of some providers have one, and were never kept."""
    extra = {"role": "assistant", "tool_calls": [], "annotations": []}

    async def main() -> None:
        fill = CacheFill(
            Scripted([Chunk("a", extra=extra), STOP]), MemoryStore()
        )
        await read(fill, ask())
        assert fill.kept == 1

    run_virtual(main())


def test_the_newer_answer_stays_in_a_store_that_takes_both_for_the_same() -> (
    None
):
    async def main() -> None:
        model = Scripted(says("old", gap_seconds=5), says("new"))
        store = MemoryStore(normalise=squeeze)
        fill = CacheFill(model, store)
        early = asyncio.create_task(read(fill, ask("Where is IT?")))
        await asyncio.sleep(1)
        await read(fill, ask("where is it?"))
        await early
        found = await store.find(ask("Where is IT?"))
        assert found is not None
        assert found.reply.text == "new"

    run_virtual(main())


def test_an_older_answer_that_is_being_written_does_not_delete_the_newer() -> (
    None
):
    """It was overtaken while the store took its time, and was taken back from
    there: the newer answer went with it.
    """

    class TakesTime(MemoryStore):
        async def keep(self, request: Request, answer: Answer) -> None:
            await asyncio.sleep(0.2)
            await super().keep(request, answer)

    async def main() -> None:
        model = Scripted(says("old"), says("new"))
        store = TakesTime()
        fill = CacheFill(model, store)
        early = asyncio.create_task(read(fill, ask()))
        await asyncio.sleep(0.1)
        await read(fill, ask())
        await early
        found = await store.find(ask())
        assert found is not None
        assert found.reply.text == "new"
        assert fill.kept == 2

    run_virtual(main())


def test_a_store_that_was_late_is_left_alone_for_a_second() -> None:
    async def main() -> None:
        slow = Slow()
        chatbot = onion(Scripted(), slow)
        for n in range(100):
            await read(chatbot, ask(f"question {n}"))
        assert now() < 1  # once to look, once to keep
        await asyncio.sleep(1)
        await read(chatbot, ask())
        assert chatbot.snapshot()["timeouts"] == 2

    run_virtual(main())
