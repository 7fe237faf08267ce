"""Turns that ask the same come down to the same words."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimizations.caching.similar.phrasing import asked, shortest


@pytest.mark.parametrize(
    "polite",
    [
        "Could you tell me where it is",
        "can you please show me where it is",
        "Please tell me, where it is",
        "I'd like to know where it is",
        "I was wondering if where it is",
        "Do you know where it is",
    ],
)
def test_what_only_leads_up_to_a_question_is_left_out(polite: str) -> None:
    assert asked(polite) == "where it is"


@pytest.mark.parametrize(
    "text", ["Could you show me a lamp", "Do you know Oslo", "Tell me a joke"]
)
def test_a_wish_stays_whole(text: str) -> None:
    assert asked(text) == text


@pytest.mark.parametrize(
    "turns",
    [
        ["can i pay by card", "Am I able to pay with card"],
        ["can i pay by card", "is it possible for me to pay using card"],
        ["how do i pay", "How can I pay", "how to pay", "how should I pay"],
        ["must i pay", "Do I have to pay", "do I need to pay"],
        ["do you have it", "Have you got it"],
        ["cancel it", "I want to cancel it", "I'd like to cancel it"],
        ["did you not send it", "have you not sent it"],
        ["what are lamps", "what are some lamps"],
    ],
)
def test_each_turn_becomes_the_shortest(turns: list[str]) -> None:
    short, *others = turns
    for turn in others:
        said = shortest(turn).replace("sent", "send").split()
        assert sorted(said) == sorted(short.split())


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.text(st.characters(), max_size=60))
def test_any_text_can_be_shortened(text: str) -> None:
    assert len(asked(text)) <= len(text)
    shortest(text)
