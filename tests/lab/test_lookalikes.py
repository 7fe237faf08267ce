"""A store held against what it must and must not find."""

from __future__ import annotations

from lab.lookalikes import Found, look_up
from lab.questions import load_bank
from optimizations.caching.memory.lru import LRUCache
from optimizations.caching.similar.fuzzy import FuzzyStore
from optimizations.caching.store import Answer, MemoryStore
from optimizations.clock import run_virtual
from optimizations.llm import Reply, Request, Trace
from optimizations.messages import Choice

BANK = load_bank()


class AnswersEverything(MemoryStore):
    """A store that finds the same answer for whatever is asked."""

    async def find(self, request: Request) -> Answer | None:
        choice = Choice(BANK.intents[0].answer, "stop")
        return Answer(Reply((choice,), None, Trace()), born_at=0.0)


def test_an_exact_store_finds_only_what_it_has() -> None:
    async def main() -> None:
        store = MemoryStore(LRUCache(max_entries=10_000))
        found = await look_up(store, BANK, seed=1)
        assert found.reworded < 0.2
        assert found.paraphrased == found.wrong == found.near_misses == 0
        assert found.examples == ()

    run_virtual(main())


def test_a_store_that_answers_everything_is_found_out() -> None:
    async def main() -> None:
        store = AnswersEverything(LRUCache(max_entries=10))
        found = await look_up(store, BANK, seed=1)
        assert found.near_misses == 1
        assert found.wrong > 0.9
        assert found.paraphrased < 0.1
        assert len(found.examples) == 6
        assert {hit.answered for hit in found.examples} == {
            BANK.intents[0].answer
        }

    run_virtual(main())


def test_a_wrong_answer_is_shown_with_whose_it_was() -> None:
    async def main() -> None:
        store = FuzzyStore(70, second_check=None)
        found = await look_up(store, BANK, seed=1)
        near_misses = {miss.second: miss.first for miss in BANK.near_misses}
        assert found.near_misses > 0.5
        for hit in found.examples:
            assert hit.stored
            assert hit.stored != hit.asked
            stored = near_misses.get(hit.asked, hit.stored)
            assert (
                hit.answered
                == BANK.answer(
                    Request.ask(stored, tenant="shop", request_id="lookalike")
                )
                or hit.asked in near_misses
            )
        assert any(hit.asked in near_misses for hit in found.examples)

    run_virtual(main())


def test_one_seed_asks_the_same_questions() -> None:
    async def ask(seed: int) -> Found:
        store = MemoryStore(LRUCache(max_entries=10_000))
        return await look_up(store, BANK, seed=seed)

    assert run_virtual(ask(1)) == run_virtual(ask(1))
