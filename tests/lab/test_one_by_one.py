"""The same thousand questions through different caches."""

from __future__ import annotations

from collections.abc import MutableMapping

from lab.one_by_one import ASKED, ONE_OFF_EVERY, Run, ask_one_by_one
from lab.questions import load_bank
from optimizations.caching.memory.lru import LRUCache
from optimizations.caching.store import Answer
from optimizations.clock import run_virtual
from optimizations.mock import MockModel

BANK = load_bank()


def through(cache: MutableMapping[str, Answer] | None) -> Run:
    async def main() -> Run:
        model = MockModel("hosted", answer=BANK.answer, seed=1)
        return await ask_one_by_one(cache, model, BANK, seed=1)

    return run_virtual(main())


def test_without_a_cache_everybody_waits_and_all_is_paid() -> None:
    run = through(None)
    assert run.hits == run.entries == 0
    assert min(run.waits) > 0
    assert not any(hit for _, hit in run.moments)


def test_a_dict_finds_whatever_was_asked_before_and_keeps_it_all() -> None:
    run = through({})
    assert run.entries == ASKED - round(run.hits * ASKED)
    assert run.entries > ASKED / ONE_OFF_EVERY  # the one-offs, at least
    assert run.dollars < through(None).dollars
    assert run.waits.count(0.0) == sum(hit for _, hit in run.moments)


def test_a_bounded_cache_keeps_less_and_finds_less() -> None:
    small, large = through(LRUCache(20)), through(LRUCache(200))
    assert small.entries == 20
    assert small.bytes < large.bytes
    assert small.hits < large.hits < through({}).hits
