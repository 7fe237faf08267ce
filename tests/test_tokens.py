"""Counting and pricing."""

from __future__ import annotations

from math import inf, nan

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from optimizations.llm import Message, Usage
from optimizations.tokens import (
    Price,
    count_prompt,
    count_tokens,
    split_tokens,
)

quick = settings(max_examples=60, deadline=None, derandomize=True)


@quick
@given(st.text())
@example(" \n")
@example("end \t\n\n")
@example("\u00a0weiß\u2003東京 👋🏽")
def test_the_pieces_joined_are_the_text(text: str) -> None:
    assert "".join(split_tokens(text)) == text


@quick
@given(st.text())
def test_the_count_is_that_of_the_pieces(text: str) -> None:
    assert count_tokens(text) == len(split_tokens(text))


def test_nothing_counts_nothing() -> None:
    assert count_tokens("") == 0


def test_english_counts_about_four_tokens_for_three_words() -> None:
    text = (
        "Could you please tell me where the parcel is that I ordered last "
        "Wednesday, and whether somebody responsible can redirect it to my "
        "neighbour's apartment?"
    )
    words = len(text.split())
    assert 1.1 * words <= count_tokens(text) <= 1.5 * words


def test_a_long_run_of_spaces_is_counted_quickly() -> None:
    assert count_tokens(" " * 1_000_000) == 1


def test_each_message_costs_its_text_and_its_wrapping() -> None:
    turns = [Message("user", "Hello"), Message("assistant", "Hello")]
    assert count_prompt(turns) == 2 * count_prompt(turns[:1])
    assert count_prompt(turns[:1]) > count_tokens("Hello")


def test_a_counter_of_ones_own_is_used() -> None:
    turns = [Message("user", "Hello")]
    assert count_prompt(turns, count=lambda text: 100) == 104


def test_a_million_tokens_cost_the_listed_price() -> None:
    price = Price(prompt=0.15, cached=0.075, completion=0.60)
    assert price.nanodollars(Usage(1_000_000, 0)) == 150_000_000
    assert price.nanodollars(Usage(0, 1_000_000)) == 600_000_000


def test_the_cached_part_of_a_prompt_is_billed_at_its_own_price() -> None:
    price = Price(prompt=1.0, cached=0.25, completion=0.0)
    usage = Usage(prompt_tokens=1000, completion_tokens=0, cached_tokens=400)
    assert price.nanodollars(usage) == 600 * 1000 + 400 * 250


@pytest.mark.parametrize("dollars", [-0.1, nan, inf])
def test_a_price_that_is_none_is_refused(dollars: float) -> None:
    with pytest.raises(ValueError, match="price"):
        Price(prompt=dollars, cached=0, completion=0)
