"""A search by similarity never leaves its partition, and never grows without
bound: laws of both stores that search.
"""

from __future__ import annotations

import asyncio
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from math import inf
from random import Random
from typing import Any

import pytest

from optimizations.caching.similar.embedding import HashingEmbedder
from optimizations.caching.similar.fuzzy import FuzzyStore
from optimizations.caching.similar.near import NearStore
from optimizations.caching.similar.semantic import SemanticStore
from optimizations.clock import now, run_virtual
from optimizations.llm import Message, Request
from tests.caching.answers import answer
from tests.helpers import ask

Make = Callable[..., NearStore[Any]]


def fuzzy(width: int = 0, **rest: Any) -> NearStore[Any]:
    return FuzzyStore(**rest)


def semantic(width: int = 256, **rest: Any) -> NearStore[Any]:
    return SemanticStore(HashingEmbedder(width), **rest)


every_store = pytest.mark.parametrize("make", [fuzzy, semantic])


async def text(store: NearStore[Any], request: Request) -> str | None:
    found = await store.find(request)
    return None if found is None else found.reply.text


@every_store
def test_nearly_the_same_question_finds_the_answer(make: Make) -> None:
    async def main() -> None:
        store = make()
        request = ask("where is my parcel now")
        assert await text(store, request) is None
        await store.keep(ask("Where is my parcel?"), answer("Here."))
        found = await store.find(request)
        assert found is not None
        assert found.reply.text == "Here."
        assert (store.hits, store.misses) == (1, 1)

    run_virtual(main())


@every_store
def test_another_question_does_not(make: Make) -> None:
    async def main() -> None:
        store = make()
        await store.keep(ask("Where is my parcel?"), answer())
        assert await text(store, ask("Do you sell toasters?")) is None

    run_virtual(main())


@every_store
def test_what_the_check_objects_to_is_a_miss_and_counted(make: Make) -> None:
    async def main() -> None:
        checked, blind = make(), make(second_check=None)
        stored, asked = ask("Cancel order 70551."), ask("Cancel order 70557.")
        for store in (checked, blind):
            await store.keep(stored, answer())
        assert await text(checked, asked) is None
        assert checked.snapshot()["vetoed"] == 1
        assert await text(blind, asked) == "On its way."

    run_virtual(main())


@every_store
def test_behind_a_vetoed_question_the_right_one_is_found(make: Make) -> None:
    async def main() -> None:
        store = make()
        await store.keep(ask("Cancel order 70551 now"), answer("one"))
        await store.keep(ask("Cancel the order 70557"), answer("two"))
        assert await text(store, ask("Cancel order 70557")) == "two"

    run_virtual(main())


def circumstances() -> list[dict[str, Any]]:
    """The same question, each time under other circumstances."""
    question = Message("user", "Where is my parcel?")
    return [
        {"tenant": tenant, **rest}
        for tenant in ("a", "b", "c")
        for rest in (
            {},
            {"model": "other"},
            {"max_tokens": 9},
            {"temperature": 0.5},
            {"options": {"top_p": 0.5}},
            {"options": {"user": "u"}},
            {"messages": (Message("system", "Be brief."), question)},
            {"messages": (Message("system", "Be long."), question)},
            {
                "messages": (
                    Message("user", "Hello"),
                    Message("assistant", "Hi"),
                    question,
                )
            },
        )
    ]


@every_store
def test_no_answer_crosses_a_partition(make: Make) -> None:
    """4,000 random look-ups over tenants, models, parameters, system prompts
    and histories: 0 foreign answers.
    """

    async def main() -> None:
        store, draws, found = make(second_check=None), Random(5), 0
        places = circumstances()
        for _ in range(4000):
            which = draws.randrange(len(places))
            request = ask(**places[which])
            if draws.random() < 0.02:
                await store.keep(request, answer(f"for {which}"))
            got = await text(store, request)
            assert got in (None, f"for {which}")
            found += got is not None
        assert found > 1000

    run_virtual(main())


@every_store
def test_what_was_used_least_recently_goes_with_its_index(make: Make) -> None:
    async def main() -> None:
        store = make(max_entries=10)
        for n in range(50):
            await store.keep(ask(f"topic {n}", tenant=f"t{n}"), answer())
        numbers = store.snapshot()
        assert numbers["entries"] == numbers["partitions"] == 10
        assert numbers["evictions"] == 40
        assert await text(store, ask("topic 40", tenant="t40"))
        await store.keep(ask("topic 50", tenant="t50"), answer())
        assert await text(store, ask("topic 40", tenant="t40"))
        assert await text(store, ask("topic 41", tenant="t41")) is None

    run_virtual(main())


@every_store
def test_its_bytes_are_bounded(make: Make) -> None:
    async def main() -> None:
        store = make(max_bytes=20_000)
        for n in range(20):
            await store.keep(ask(f"topic {n}"), answer("x" * 500))
            assert store.snapshot()["bytes"] <= 20_000
        entries = store.snapshot()["entries"]
        assert 3 < entries < 10
        await store.keep(ask("novel"), answer("x" * 20_000))
        assert store.snapshot()["entries"] == entries

    run_virtual(main())


@every_store
@pytest.mark.parametrize("partitions", [1, 500])
def test_the_bound_is_on_the_memory_that_it_takes(
    make: Make, partitions: int
) -> None:
    """Only the answers were counted: ten thousand tenants with one question
    each took many times the bound, for the vectors.
    """
    mib = 1024 * 1024

    async def main() -> int:
        store = make(max_bytes=mib, width=1024)
        tracemalloc.start()
        try:
            for n in range(500):
                tenant = f"t{n % partitions}"
                await store.keep(ask(f"topic {n}", tenant=tenant), answer())
            await asyncio.sleep(0)  # the loop forgets timers that are over
            return tracemalloc.get_traced_memory()[0]
        finally:
            tracemalloc.stop()

    # The vectors of the latest questions have a mebibyte of their own.
    assert run_virtual(main()) <= 2 * mib


@every_store
def test_at_the_bound_one_goes_for_each_that_comes(make: Make) -> None:
    """An index that doubled when full pushed out half of the answers."""

    async def main() -> None:
        store = make(max_bytes=300_000)
        entries = []
        for n in range(400):
            await store.keep(ask(f"topic {n}"), answer())
            entries.append(store.snapshot()["entries"])
        assert store.snapshot()["evictions"] > 100
        assert max(entries) - entries[-1] <= 1

    run_virtual(main())


@every_store
def test_keeping_again_replaces(make: Make) -> None:
    """An update added a second entry, and the old answer lived on."""

    async def main() -> None:
        store = make()
        for said in ("old", "new"):
            await store.keep(ask(), answer(said))
        assert await text(store, ask()) == "new"
        assert await text(store, ask("Where is my parcel now?")) == "new"
        assert store.snapshot()["entries"] == 1

    run_virtual(main())


@every_store
def test_an_answer_expires_when_it_has_lived_its_time(make: Make) -> None:
    """Reading does not extend it, and what it was kept late counts."""

    async def main() -> None:
        store = make(ttl_seconds=10)
        await asyncio.sleep(5)
        await store.keep(ask(), replace(answer(), born_at=now() - 4))
        await asyncio.sleep(5.9)
        assert await text(store, ask())
        assert await text(store, ask("Where is my parcel now?"))
        await asyncio.sleep(0.1)
        assert await text(store, ask("Where is my parcel now?")) is None
        assert await text(store, ask()) is None
        await store.keep(ask(), replace(answer(), born_at=now() - 10))
        numbers = store.snapshot()
        assert numbers["entries"] == numbers["partitions"] == 0
        assert numbers["bytes"] == 0
        assert numbers["expirations"] == 1

    run_virtual(main())


@every_store
def test_a_deleted_answer_is_not_found_by_any_words(make: Make) -> None:
    async def main() -> None:
        store = make()
        for said in ("Where is my parcel?", "where is my parcel now"):
            await store.keep(ask(said), answer("wrong"))
        await store.keep(ask("Do you sell toasters?"), answer("right"))
        await store.delete(ask("Where's my parcel?"))
        assert await text(store, ask("Where is my parcel?")) is None
        assert await text(store, ask("where is my parcel now")) is None
        assert await text(store, ask("Do you sell toasters?")) == "right"
        await store.delete(ask("never asked", tenant="nobody"))
        await store.delete(ask(messages=()))
        assert store.snapshot()["entries"] == 1

    run_virtual(main())


@every_store
def test_deleting_many_lets_others_have_their_turn(make: Make) -> None:
    async def main() -> None:
        store, turns, deleting = make(), 0, True

        async def others() -> None:
            nonlocal turns
            while deleting:
                turns += 1
                await asyncio.sleep(0)

        for number in range(100):
            said = "Where is my parcel" + "!" * number
            await store.keep(ask(said), answer("wrong"))
        watching = asyncio.create_task(others())
        assert len(await store.delete(ask("Where is my parcel?"))) == 100
        deleting = False
        await watching
        assert turns > 5
        assert store.snapshot()["entries"] == 0

    run_virtual(main())


@every_store
def test_it_tells_which_question_lent_its_answer(make: Make) -> None:
    async def main() -> None:
        store = make()
        await store.keep(ask("Where is my parcel?"), answer("Here."))
        near = await store.match(ask("Where is my parcel now?"))
        same = await store.match(ask("Where is my parcel?"))
        assert near is not None
        assert near.question == "Where is my parcel?"
        assert near.answer.reply.text == "Here."
        assert store.threshold <= near.score < store.same
        assert same is not None
        assert same.score == store.same
        assert await store.match(ask("Do you sell toasters?")) is None
        assert (store.hits, store.misses) == (0, 0)

    run_virtual(main())


@every_store
@pytest.mark.parametrize(
    "question", ["", " ", "?!", "\ud800", "\0", "x" * 1_000_000, "日本語"]
)
def test_no_text_is_too_strange(make: Make, question: str) -> None:
    async def main() -> None:
        store = make()
        await store.keep(ask("Where is my parcel?"), answer("Here."))
        await store.keep(ask(question), answer("strange"))
        assert await text(store, ask(question)) in (None, "strange")
        assert await text(store, ask("Where is my parcel?")) == "Here."
        assert store.snapshot()["errors"] == 0

    run_virtual(main())


@every_store
def test_a_half_said_turn_is_no_question(make: Make) -> None:
    async def main() -> None:
        store = make()
        turn = Message("user", "hi"), Message("assistant", "hel")
        await store.keep(ask(messages=turn), answer())
        assert await text(store, ask(messages=turn)) is None
        assert await text(store, ask(messages=())) is None
        assert store.snapshot()["entries"] == 0

    run_virtual(main())


@every_store
@pytest.mark.parametrize(
    "bad",
    [
        {"threshold": -0.1},
        {"threshold": 101},
        {"threshold": float("nan")},
        {"max_entries": 0},
        {"max_bytes": 0},
        {"max_question_chars": 0},
        {"ttl_seconds": 0},
        {"ttl_seconds": float("nan")},
    ],
)
def test_bad_bounds_are_refused(make: Make, bad: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        make(**bad)


@every_store
def test_a_pair_scores_as_the_store_would_compare_it(make: Make) -> None:
    async def main() -> None:
        store = make()
        same, near, turned = [
            await store.score("Where is my parcel?", stored)
            for stored in (
                "Where is my parcel?",
                "where is my parcel now",
                "Where is my parcel not?",
            )
        ]
        assert same == pytest.approx(store.same)
        assert store.threshold < near < same
        assert turned == -inf
        assert await store.score("", "Where is my parcel?") == -inf
        assert store.snapshot()["entries"] == 0

    run_virtual(main())


@every_store
def test_what_is_fitted_to_scores_is_what_the_store_keeps_to(
    make: Make,
) -> None:
    async def main() -> None:
        store = make(second_check=None)
        await store.keep(ask("Where is my parcel?"), answer())
        store.threshold = await store.score(
            "where is my parcel now", "Where is my parcel?"
        )
        assert await store.find(ask("where is my parcel now")) is not None
        store.threshold += 0.001
        assert await store.find(ask("where is my parcel now")) is None

    run_virtual(main())


@every_store
def test_the_answer_that_was_asked_for_later_stays(make: Make) -> None:
    async def main() -> None:
        store = make()
        await asyncio.sleep(60)
        await store.keep(ask("Where is my parcel?"), answer("newer"))
        older = answer("older", made_in_seconds=30.0)
        await store.keep(ask("Where is my parcel?"), older)
        assert await text(store, ask("Where is my parcel?")) == "newer"

    run_virtual(main())
