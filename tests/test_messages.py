"""What travels through an onion."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace
from math import inf

import pytest

from optimizations.errors import BadRequest, Incomplete
from optimizations.messages import (
    Choice,
    Chunk,
    Draft,
    Endings,
    Message,
    Reply,
    Request,
    Trace,
    Usage,
)
from tests.helpers import ask


def test_an_answer_is_whole_when_every_choice_has_ended() -> None:
    draft = Draft(ask(options={"n": 2}))
    draft.add(Chunk("a", 0, "stop"))
    assert not draft.finished
    draft.add(Chunk("b", 1))
    draft.add(Chunk("", 1, "length"))
    assert draft.finished
    texts = [(c.text, c.finish_reason) for c in draft.reply().choices]
    assert texts == [("a", "stop"), ("b", "length")]


def test_a_choice_that_nobody_asked_for_ends_nothing() -> None:
    """A breaker and a record took two ends of one choice, or the end of a
    third, for an answer of two.
    """
    endings = Endings(ask(options={"n": 2}))
    for index in (0, 0, 2, -1):
        endings.add(Chunk(index=index, finish_reason="stop"))
    assert not endings.whole
    endings.add(Chunk(index=1, finish_reason="length"))
    assert endings.whole
    assert endings.reasons == {0: "stop", 1: "length"}


@pytest.mark.parametrize("index", [-1, 1, 7])
def test_a_choice_nobody_asked_for_does_not_finish_the_answer(
    index: int,
) -> None:
    """It counted as one of the choices asked for, and the reply then looked
    for a reason that was not there.
    """
    draft = Draft(ask())
    draft.add(Chunk("whose?", index, "stop"))
    assert not draft.finished
    assert draft.partial == ""
    with pytest.raises(Incomplete):
        draft.reply()


def test_the_last_usage_counts() -> None:
    draft = Draft(ask())
    draft.add(Chunk("a", usage=Usage(9, 1)))
    draft.add(Chunk("b", finish_reason="stop"))
    draft.add(Chunk(usage=Usage(9, 2)))
    assert draft.reply().usage == Usage(9, 2)


def test_an_empty_answer_is_an_answer() -> None:
    draft = Draft(ask())
    draft.add(Chunk(finish_reason="content_filter"))
    assert draft.reply().text == ""


def test_a_reply_is_a_stream_again() -> None:
    choices = Choice("a", "stop"), Choice("", "length")
    reply = Reply(choices, Usage(9, 2), Trace())
    chunks = list(reply.chunks())
    assert chunks == [
        Chunk("a", 0, "stop"),
        Chunk("", 1, "length", Usage(9, 2)),
    ]
    draft = Draft(ask(options={"n": 2}))
    for chunk in chunks:
        draft.add(chunk)
    assert draft.reply() == replace(reply, trace=draft.reply().trace)


def test_a_request_is_due_at_its_deadline_or_that_of_its_flight() -> None:
    own = ask(deadline=5.0)
    assert (ask().due, own.due) == (inf, 5.0)
    own.trace.due = 3.0
    assert own.due == 3.0
    own.trace.due = 9.0
    assert own.due == 5.0
    assert replace(own, deadline=None).due == 9.0


@pytest.mark.parametrize("wanted", [0, -1, "2", 1.5, True])
def test_a_number_of_choices_that_is_none_is_a_bad_request(
    wanted: object,
) -> None:
    """With n = -1, no text at all was a whole answer."""
    with pytest.raises(BadRequest):
        Draft(ask(options={"n": wanted}))


def test_one_choice_is_wanted_unless_more_are() -> None:
    assert ask().choices == 1
    assert ask(options={"n": None}).choices == 1
    assert ask(options={"n": 3}).choices == 3


def test_the_question_is_the_last_thing_the_user_said() -> None:
    turns = (
        Message("system", "be brief"),
        Message("user", "first"),
        Message("user", "second"),
        Message("assistant", "third"),
    )
    assert ask(messages=turns).question == "second"
    assert ask(messages=turns[:1]).question == ""


def test_a_request_can_be_a_key() -> None:
    """`extra` made a message unhashable, and so every request."""
    turn = Message("user", "hi", extra={"name": "Ada"})
    request = ask(messages=(turn,), options={"top_p": 0.5})
    assert {request: 1}[replace(request)] == 1


def test_two_requests_are_equal_whatever_became_of_them() -> None:
    one, other = ask(), ask()
    one.trace.attempts = 3
    assert one == other


def test_a_request_of_one_question_is_quickly_made() -> None:
    request = Request.ask("Hi", tenant="t", request_id="r", max_tokens=3)
    assert (request.question, request.max_tokens) == ("Hi", 3)


def test_a_request_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        ask().tenant = "other"  # type: ignore[misc]


def test_another_request_has_the_same_trace() -> None:
    request = ask()
    assert replace(request, streamed=False).trace is request.trace


def test_every_request_has_a_trace_of_its_own() -> None:
    assert ask().trace is not ask().trace
