"""A slip of the finger is told from another word."""

from __future__ import annotations

import pytest

from optimizations.caching.similar.typos import MOST_TYPOS, typos


@pytest.mark.parametrize(
    ("word", "slip"),
    [
        ("parcel", "pacrel"),
        ("received", "recieved"),
        ("confirmation", "confrmation"),
        ("delivered", "deliverred"),
    ],
)
def test_a_slip_is_the_same_word_from_both_sides(word: str, slip: str) -> None:
    assert typos({word, "my"}, {slip, "my"}) == 1
    assert typos({slip, "my"}, {word, "my"}) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("contract", "contact"),
        ("lamp", "lamb"),
        ("cat", "act"),
        ("planet", "plant"),
        ("dinner", "diner"),
        ("desert", "dessert"),
        ("county", "count"),
        ("marble", "table"),
        ("casual", "causal"),
        ("silver", "sliver"),
        ("order", "orderings"),
    ],
)
def test_another_letter_makes_another_word(one: str, other: str) -> None:
    assert typos({one}, {other}) == 0


def test_texts_that_differ_in_many_words_are_not_compared() -> None:
    words = [f"parcel{chr(97 + n)}" for n in range(MOST_TYPOS + 1)]
    ours, theirs = set(words), {f"{word}{word[-1]}" for word in words}
    assert typos(ours, theirs) == 0
    assert typos(ours - {words[0]}, theirs) == MOST_TYPOS
