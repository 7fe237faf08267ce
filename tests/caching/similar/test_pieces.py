"""Text is cut alike, however it was typed."""

from __future__ import annotations

import pytest

from optimizations.caching.similar.pieces import (
    core,
    kind,
    latin,
    names,
    plain,
    symbols,
    words,
)


@pytest.mark.parametrize("mark", "'’´`ʼ‘")
def test_every_apostrophe_is_one(mark: str) -> None:
    assert words(plain(f"don{mark}t")) == ["don't"]


def test_letters_with_digits_are_a_code_and_digits_with_letters_a_unit() -> (
    None
):
    assert words("an i7 of 20kg") == ["an", "i7", "of", "20", "kg"]


def test_fractions_and_full_width_letters_are_plain() -> None:
    assert words(plain("½ ＡＢ")) == ["1", "2", "ab"]


def test_a_number_may_begin_with_its_point() -> None:
    assert words("from .5 l. 7") == ["from", ".5", "l", "7"]


def test_a_power_is_not_one_more_digit() -> None:
    assert plain("5²") == "5^2"
    assert words(plain("5²")) != words(plain("52"))


@pytest.mark.parametrize(
    "text", ["Where is it?", "hello, where is it", "Hi! Where is it, thanks"]
)
def test_greetings_and_thanks_are_no_part_of_a_question(text: str) -> None:
    assert core(text).lower() == "where is it"


def test_a_percent_or_a_currency_beside_a_number_is_its_unit() -> None:
    assert symbols("5 % of €20") == []
    assert symbols("the % column") == ["%"]


def test_what_begins_a_sentence_is_no_name() -> None:
    assert names("The shop in Oslo. Is it Ada's?") == {"Oslo", "Ada's"}


def test_the_longer_question_word_counts() -> None:
    assert (kind("How long?"), kind("How?"), kind("Nowhere")) == (
        "how long",
        "how",
        "",
    )


def test_other_scripts_are_told() -> None:
    assert latin("Größe é")
    assert not latin("Где")
