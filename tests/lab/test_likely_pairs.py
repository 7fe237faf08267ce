"""Pairs that a cache has to tell apart."""

from __future__ import annotations

from collections import Counter

from lab.likely_pairs import LikelyPair, likely_pairs
from lab.questions import Bank, Intent, load_bank
from lab.wording import core
from optimizations.caching.similar.embedding import HashingEmbedder
from optimizations.clock import run_virtual

BANK = load_bank()


def pairs_of(bank: Bank, *, seed: int = 1) -> list[LikelyPair]:
    return run_virtual(
        likely_pairs(bank, HashingEmbedder(256), seed=seed, most=60)
    )


def test_each_kind_has_as_many_as_asked_for() -> None:
    kinds = Counter(pair.kind for pair in pairs_of(BANK))
    assert kinds == {"reworded": 60, "paraphrased": 60, "different": 60}


def test_a_reworded_question_says_the_same() -> None:
    again = [p for p in pairs_of(BANK) if p.kind == "reworded"]
    assert all(core(p.asked) == core(p.known) for p in again)
    assert sum(p.asked != p.known for p in again) > 50  # of 60


def test_near_misses_are_those_of_the_bank() -> None:
    known = {(miss.second, miss.first) for miss in BANK.near_misses}
    different = [p for p in pairs_of(BANK) if not p.same_answer]
    assert {(p.asked, p.known) for p in different} <= known


def test_without_near_misses_the_nearest_of_another_intent_is_different() -> (
    None
):
    names = {t: i.name for i in BANK.intents for t in i.phrasings}
    pairs = pairs_of(Bank(BANK.intents))
    for pair in pairs:
        if pair.kind != "reworded":
            same = names[pair.asked] == names[pair.known]
            assert same is pair.same_answer
    assert Counter(p.kind for p in pairs)["different"] == 60


def test_another_seed_draws_others() -> None:
    assert pairs_of(BANK, seed=2) != pairs_of(BANK)


def test_a_bank_where_nobody_says_it_twice_has_no_pairs() -> None:
    assert pairs_of(Bank([Intent("a", "A.", ("What?",))])) == []
