"""What is read out of a question."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimizations.caching.similar.reading import Reading
from optimizations.caching.similar.vocabulary import Vocabulary


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("for 20 euros", {("20", "euro"): 1}),
        ("for €20", {("20", "euro"): 1}),
        ("two adults, 2 adults", {("2", "adult"): 2}),
        ("1,000 watts", {("1000", "w"): 1}),
        ("5 min", {("5", "minut"): 1}),
        ("5 minutes", {("5", "minut"): 1}),
        ("2 metres", {("2", "m"): 1}),
        ("at 9:00", {("9:00", ""): 1}),
        (".5 l or 0.5 litres", {("0.5", "l"): 2}),
        ("the one I want", {}),
    ],
)
def test_numbers_come_with_their_units(
    text: str, numbers: dict[tuple[str, str], int]
) -> None:
    assert Reading(text).numbers == Counter(numbers)


def test_what_carries_meaning_is_neither_small_words_nor_numbers() -> None:
    text = "Please tell me: why isn't my 3 m cable working?"
    assert Reading(text).content == ["cabl", "working"]


def test_a_denial_points_at_the_next_word_that_carries_meaning() -> None:
    assert Reading("not in the red, never").denied == ["red", ""]
    assert Reading("It hasn’t arrived").denied == ["arriv"]


def test_a_verb_belongs_to_who_stands_before_it() -> None:
    said = Reading("I would like to return what you have sent")
    assert said.doers == {"return": "I", "send": "you"}
    assert Reading("Do you owe me?").roles == ["you", "owe", "I"]


def test_a_capital_within_a_sentence_is_a_name() -> None:
    assert Reading("The shop in Oslo. Is it Ada's?").names == {"oslo", "ada's"}


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Tell me where it is", "where"),
        ("How long does it take?", "how long"),
        ("How is it made?", "how"),
        ("Nowhere", ""),
    ],
)
def test_what_kind_of_thing_is_asked_for(text: str, kind: str) -> None:
    assert Reading(text).kind == kind


def test_the_vocabulary_decides_what_counts_as_one_word() -> None:
    zoo = Vocabulary("lion cat")
    assert Reading("cats and lions", zoo).content == ["lion", "lion"]
    assert Reading("cats and lions", Vocabulary()).content == ["cat", "lion"]


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.text(st.characters(), max_size=60))
def test_any_text_can_be_read(text: str) -> None:
    said = Reading(text)
    assert len(said.content) <= len(said.words)
    assert len(said.denied) <= len(said.words)
    assert said.kind in text.lower()
