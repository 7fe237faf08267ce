"""Rewording changes a question's looks and never its answer."""

from __future__ import annotations

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from lab.questions import Bank, Intent, NearMiss, load_bank
from lab.wording import Understanding, core, reword
from optimizations.llm import Request

BANK = load_bank()


def ask(text: str) -> Request:
    return Request.ask(text, tenant="shop", request_id="r")


@given(text=st.sampled_from(BANK.questions), seed=st.integers(0, 999))
@settings(max_examples=200, derandomize=True, deadline=None)
def test_a_reworded_question_has_the_answer_of_the_original(
    text: str, seed: int
) -> None:
    understanding = Understanding(BANK)
    reworded = reword(text, Random(seed))
    expected = BANK.answer(ask(text))
    assert understanding.answer(ask(reworded)) == expected


def test_rewording_changes_something_nearly_always() -> None:
    draws = Random(1)
    changed = sum(reword(text, draws) != text for text in BANK.questions)
    assert changed > 0.95 * len(BANK.questions)


def test_no_two_wishes_come_down_to_the_same_core() -> None:
    intents: dict[str, set[str]] = {}
    for intent in BANK.intents:
        for phrasing in intent.phrasings:
            intents.setdefault(core(phrasing), set()).add(intent.name)
    assert all(len(names) == 1 for names in intents.values())


def test_near_misses_keep_answers_of_their_own_when_reworded() -> None:
    bank = Bank(
        [Intent("a", "An answer.", ("What is A?",))],
        [NearMiss("number", "In 3 weeks?", "In 3 years?")],
    )
    answer = Understanding(bank).answer
    assert answer(ask("hello, in 3 weeks")) == answer(ask("In 3 weeks?"))
    assert answer(ask("hello, in 3 weeks")) != answer(ask("In 3 years?"))


def test_what_the_bank_does_not_know_is_answered_as_it_stands() -> None:
    unknown = ask("hello, who painted the ceiling?")
    assert Understanding(BANK).answer(unknown) == BANK.answer(unknown)
