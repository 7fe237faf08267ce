"""Single turns and conversations: who asks what, after what was said."""

from __future__ import annotations

import math
from itertools import count, islice, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.conversations import conversations, single_turns
from lab.traffic import Arrival, constant, poisson
from optimizations.llm import Request


def answer(request: Request) -> str:
    return f"about {request.question}"


def talks(
    number: int, *, turns: int = 4, think_seconds: float = 20.0
) -> list[Arrival]:
    """The first so many turns of customers who come every 5 s."""
    questions = (f"question {n}" for n in count())
    coming = conversations(
        constant(0.2),
        questions,
        answer,
        turns=turns,
        think_seconds=think_seconds,
        seed=1,
        system="Be kind.",
    )
    return list(islice(coming, number))


def test_each_single_turn_has_its_own_id_and_the_system_prompt_in_front() -> (
    None
):
    first, second = single_turns(["a", "b"], system="Be kind.")
    assert (first.request_id, second.request_id) == ("r0", "r1")
    assert [m.content for m in second.messages] == ["Be kind.", "b"]


def test_a_turn_carries_all_that_was_said_before_it() -> None:
    known: set[tuple[str, ...]] = set()
    longest = 0
    for arrival in talks(200):
        said = tuple(m.content for m in arrival.request.messages)
        roles = [m.role for m in arrival.request.messages]
        assert roles[0] == "system"
        assert roles[1:] == ["user", "assistant"] * (len(roles) // 2 - 1) + [
            "user"
        ]
        if len(said) > 2:  # a later turn: the one before it, and its answer
            assert said[:-2] in known
            assert said[-2] == f"about {said[-3]}"
        known.add(said)
        longest = max(longest, len(said))
    assert longest > 4


def test_conversations_go_on_side_by_side() -> None:
    turns = [len(a.request.messages) // 2 for a in talks(100)]
    assert any(later < sooner for sooner, later in pairwise(turns))


@given(
    seed=st.integers(),
    turns=st.integers(1, 6),
    think=st.floats(0, 100),
)
@settings(max_examples=30, derandomize=True, deadline=None)
def test_turns_come_in_order_and_repeat_with_their_seed(
    seed: int, turns: int, think: float
) -> None:
    def drawn() -> list[Arrival]:
        coming = conversations(
            poisson(1.0, seed=seed),
            (f"question {n}" for n in count()),
            answer,
            turns=turns,
            think_seconds=think,
            seed=seed,
        )
        return list(islice(coming, 40))

    due = [arrival.due_seconds for arrival in drawn()]
    assert due == sorted(due)
    assert drawn() == drawn()


def test_customers_think_half_of_the_time_at_least() -> None:
    asked: dict[str, float] = {}
    for arrival in talks(200, think_seconds=10.0):
        *_, question = arrival.request.messages
        if len(arrival.request.messages) > 2:
            before = arrival.request.messages[-3].content
            assert arrival.due_seconds >= asked[before] + 5.0
        asked[question.content] = arrival.due_seconds


def test_the_number_of_turns_is_the_one_asked_for() -> None:
    starts = [float(n) for n in range(500)]
    questions = (f"question {n}" for n in count())
    coming = conversations(starts, questions, answer, turns=4, seed=1)
    assert len(list(coming)) == pytest.approx(4 * 500, rel=0.1)


def test_when_the_questions_end_so_does_the_talk() -> None:
    coming = conversations(constant(1.0), ["a", "b"], answer, seed=1)
    assert [a.request.question for a in coming] == ["a", "b"]


@pytest.mark.parametrize(
    ("turns", "think_seconds"), [(0, 1.0), (1, -1.0), (1, math.nan)]
)
def test_a_conversation_that_makes_no_sense_is_refused(
    turns: int, think_seconds: float
) -> None:
    with pytest.raises(ValueError, match="turns from 1"):
        talks(1, turns=turns, think_seconds=think_seconds)
