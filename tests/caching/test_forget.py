"""Deleting removes every copy, the ones on their way included."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from optimizations.caching.cache_fill import CacheFill
from optimizations.caching.cached import Cached
from optimizations.caching.forget import forget
from optimizations.caching.keys import squeeze
from optimizations.caching.similar.embedding import HashingEmbedder
from optimizations.caching.similar.fuzzy import FuzzyStore
from optimizations.caching.similar.semantic import SemanticStore
from optimizations.caching.single_flight import SingleFlight
from optimizations.caching.store import Answer, MemoryStore, Store
from optimizations.clock import run_virtual
from optimizations.llm import LLM, Message, Request
from tests.helpers import Scripted, ask, read, says


def onion(model: LLM, *stores: Store) -> LLM:
    """All look-ups outside, one flight, one fill."""
    llm: LLM = SingleFlight(CacheFill(model, *stores))
    for store in reversed(stores):
        llm = Cached(llm, store)
    return llm


def test_after_deleting_the_model_is_asked_again() -> None:
    async def main() -> None:
        stores: list[Store] = [
            MemoryStore(),
            FuzzyStore(),
            SemanticStore(HashingEmbedder()),
        ]
        chatbot = onion(Scripted(says("old"), says("new")), *stores)
        assert await read(chatbot, ask()) == "old"
        await forget(chatbot, ask())
        for store in stores:
            assert store.snapshot()["entries"] == 0
        assert await read(chatbot, ask()) == "new"

    run_virtual(main())


def test_the_answer_that_a_paraphrase_was_lent_goes_too() -> None:
    async def main() -> None:
        near = FuzzyStore()
        chatbot = onion(Scripted(says("old"), says("new")), near)
        asked = ask("where is my parcel")
        await read(chatbot, ask("Where is my parcel?"))
        assert await read(chatbot, asked) == "old"
        await forget(chatbot, asked)
        assert await read(chatbot, asked) == "new"

    run_virtual(main())


def test_the_lenders_own_copy_goes_with_what_it_lent() -> None:
    async def main() -> None:
        exact, near = MemoryStore(), FuzzyStore()
        chatbot = onion(Scripted(says("old"), says("new")), exact, near)
        lender = ask("Where is my parcel?")
        await read(chatbot, lender)
        await forget(chatbot, ask("where is my parcel"))
        assert await read(chatbot, lender) == "new"

    run_virtual(main())


@pytest.mark.parametrize(
    "store",
    [MemoryStore(normalise=squeeze), FuzzyStore()],
    ids=lambda s: s.name,
)
def test_an_answer_under_way_to_the_same_in_other_letters_is_not_kept(
    store: Store,
) -> None:
    async def main() -> None:
        model = Scripted(says("old", gap_seconds=1), says("new"))
        chatbot = onion(model, store)
        early = asyncio.create_task(read(chatbot, ask("Where IS my parcel?")))
        await asyncio.sleep(0.5)
        await forget(chatbot, ask("where is my parcel?"))
        await early
        assert await read(chatbot, ask("where is my parcel?")) == "new"

    run_virtual(main())


def test_every_turn_of_a_conversation_may_be_in_other_letters() -> None:
    """The store takes "Hi" for "hi" in every turn, not only in the last."""

    def talk(greeting: str) -> Request:
        said = (Message("user", greeting), Message("assistant", "Hello."))
        return ask(messages=(*said, Message("user", "Where is it?")))

    async def main() -> None:
        model = Scripted(says("old", gap_seconds=1), says("new"))
        chatbot = onion(model, MemoryStore(normalise=squeeze))
        early = asyncio.create_task(read(chatbot, talk("Hi THERE")))
        await asyncio.sleep(0.5)
        await forget(chatbot, talk("hi there"))
        await early
        assert await read(chatbot, talk("hi there")) == "new"

    run_virtual(main())


def test_an_answer_under_way_is_neither_joined_nor_kept() -> None:
    async def main() -> None:
        model = Scripted(says("old", gap_seconds=1), says("new"))
        store = MemoryStore()
        chatbot = onion(model, store)
        early = asyncio.create_task(read(chatbot, ask(n=1)))
        await asyncio.sleep(0.5)
        await forget(chatbot, ask())
        assert await read(chatbot, ask(n=2)) == "new"
        assert await early == "old"
        found = await store.find(ask())
        assert found is not None
        assert found.reply.text == "new"

    run_virtual(main())


def test_an_answer_that_is_just_being_kept_is_deleted_after_all() -> None:
    class Slow(MemoryStore):
        async def keep(self, request: Request, answer: Answer) -> None:
            await asyncio.sleep(0.1)
            await super().keep(request, answer)

    async def main() -> None:
        store = Slow()
        chatbot = onion(Scripted(says("old")), store)
        reading = asyncio.create_task(read(chatbot, ask()))
        await asyncio.sleep(0.05)
        await forget(chatbot, ask())
        await reading
        assert await store.find(ask()) is None

    run_virtual(main())


def test_a_keep_that_came_through_and_was_late_is_deleted_too() -> None:
    """A store may have written what it did not confirm in time."""

    class Late(MemoryStore):
        async def keep(self, request: Request, answer: Answer) -> None:
            await super().keep(request, answer)
            await asyncio.sleep(10)

    async def main() -> None:
        store = Late()
        chatbot = onion(Scripted(says("old")), store)
        reading = asyncio.create_task(read(chatbot, ask()))
        await asyncio.sleep(0.1)
        await forget(chatbot, ask())
        await reading
        assert await store.find(ask()) is None

    run_virtual(main())


def test_what_was_forgotten_reaches_no_further_store() -> None:
    """The second store got it, and had to be able to delete it again."""

    class Slow(MemoryStore):
        async def keep(self, request: Request, answer: Answer) -> None:
            await asyncio.sleep(0.1)
            await super().keep(request, answer)

    async def main() -> None:
        first, second = Slow(), MemoryStore()
        chatbot = onion(Scripted(says("wrong")), first, second)
        reading = asyncio.create_task(read(chatbot, ask()))
        await asyncio.sleep(0.05)
        await forget(chatbot, ask())
        await reading
        for store in (first, second):
            assert store.snapshot()["entries"] == 0

    run_virtual(main())


def test_stores_that_are_only_filled_are_emptied_too() -> None:
    async def main() -> None:
        store = MemoryStore()
        warming_up = CacheFill(Scripted(), store)
        await read(warming_up, ask())
        await forget(warming_up, ask())
        assert store.snapshot()["entries"] == 0
        await forget(warming_up, replace(ask(), messages=()))

    run_virtual(main())


def test_a_store_that_cannot_delete_says_so_after_the_others_have() -> None:
    class Broken(MemoryStore):
        async def delete(self, request: Request) -> Sequence[str]:
            raise ConnectionError("gone")

    async def main() -> None:
        good = MemoryStore()
        chatbot = onion(Scripted(), Broken(), good)
        await read(chatbot, ask())
        with pytest.raises(ConnectionError):
            await forget(chatbot, ask())
        assert await good.find(ask()) is None

    run_virtual(main())


def test_a_flight_that_was_forgotten_still_ends_with_the_layer() -> None:
    async def main() -> None:
        model = Scripted(says("old", gap_seconds=9))
        chatbot = onion(model, MemoryStore())
        reading = asyncio.create_task(read(chatbot, ask()))
        await asyncio.sleep(0.5)
        await forget(chatbot, ask())
        await chatbot.aclose()
        assert model.running == 0
        await asyncio.wait([reading])
        assert reading.exception() is not None

    run_virtual(main())
