"""Answers: what comes over the wire becomes chunks, and back."""

from __future__ import annotations

from typing import Any

import pytest

from optimizations.errors import Incomplete, UpstreamError
from optimizations.messages import Chunk, Usage
from optimizations.wire import EventWriter, WholeWriter, read_answer
from tests.helpers import ask

CALL = {"index": 0, "id": "c1", "type": "function"}
CHUNKS = [
    Chunk("Hel"),
    Chunk("lo", extra={"logprobs": {"content": [1]}}),
    Chunk(
        extra={
            "tool_calls": [CALL | {"function": {"name": "f", "arguments": ""}}]
        }
    ),
    Chunk(
        extra={"tool_calls": [{"index": 0, "function": {"arguments": "{}"}}]}
    ),
    Chunk("", 0, "stop", Usage(7, 2, 1)),
]


def test_chunks_survive_the_way_through_events() -> None:
    writer = EventWriter(ask())
    events = [writer.event(chunk) for chunk in CHUNKS]
    last = writer.usage_event()
    assert last is not None
    back = [
        chunk
        for event in [*events, last]
        if event is not None
        for chunk in read_answer(event, 1)
    ]
    *pieces, end = CHUNKS
    assert back == [
        *pieces,
        Chunk(finish_reason=end.finish_reason),
        Chunk(usage=end.usage),
    ]
    assert writer.finished


def test_the_role_is_told_once_for_each_choice() -> None:
    writer = EventWriter(ask(options={"n": 2}))
    chunks = [Chunk("a", 0), Chunk("b", 1), Chunk("c", 0), Chunk("d", 1)]
    events = [writer.event(chunk) for chunk in chunks]
    roles = [
        "role" in event["choices"][0]["delta"] for event in events if event
    ]
    assert roles == [True, True, False, False]


def test_a_stream_is_finished_when_each_choice_is() -> None:
    writer = EventWriter(ask(options={"n": 2}))
    writer.event(Chunk("a", 1, "stop"))
    assert not writer.finished
    writer.event(Chunk("b", 0, "stop"))
    assert writer.finished


def test_pieces_add_up_to_a_whole_message() -> None:
    writer = WholeWriter(ask())
    for chunk in CHUNKS:
        writer.add(chunk)
    body = writer.body()
    (choice,) = body["choices"]
    function = {"name": "f", "arguments": "{}"}
    assert choice["message"] == {
        "role": "assistant",
        "content": "Hello",
        "tool_calls": [CALL | {"function": function}],
    }
    assert choice["logprobs"] == {"content": [1]}
    assert body["usage"]["total_tokens"] == 9
    assert read_answer(body, 1)[0].text == "Hello"
    assert CHUNKS[2].extra["tool_calls"][0]["function"]["arguments"] == ""


def test_each_whole_tool_call_gets_its_index_in_a_stream() -> None:
    writer = EventWriter(ask())
    event = writer.event(
        Chunk(extra={"tool_calls": [{"id": "a"}, {"id": "b"}]})
    )
    assert event is not None
    calls = event["choices"][0]["delta"]["tool_calls"]
    assert [call["index"] for call in calls] == [0, 1]


def test_a_body_of_an_unfinished_answer_is_never_written() -> None:
    writer = WholeWriter(ask(options={"n": 2}))
    writer.add(Chunk("done", 0, "stop"))
    with pytest.raises(Incomplete):
        writer.body()


def test_a_choice_that_nobody_asked_for_is_left_out() -> None:
    whole, events = WholeWriter(ask()), EventWriter(ask())
    for chunk in (
        Chunk("x", 5, "stop", extra={"a": 1}),
        Chunk("y", 0, "stop"),
    ):
        whole.add(chunk)
    assert events.event(Chunk("x", 5)) is None
    assert len(whole.body()["choices"]) == 1


def test_an_estimated_usage_says_so_to_the_next_reader() -> None:
    writer = EventWriter(ask())
    writer.event(Chunk(usage=Usage(1, 2, estimated=True)))
    event = writer.usage_event()
    assert event is not None
    assert read_answer(event, 1) == [Chunk(usage=Usage(1, 2, estimated=True))]


def test_an_event_that_only_announces_the_role_is_no_chunk() -> None:
    """Taken for the first token, it would end every chance to try again."""
    delta = {"role": "assistant", "content": ""}
    event = {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]}
    assert read_answer(event, 1) == []


CONTENT: dict[str, Any] = {"index": 0, "delta": {"content": "x"}}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"choices": None},
        {"choices": ["x"]},
        {"choices": [{"index": 0}]},
        {"choices": [{"delta": "x"}]},
        {"choices": [{"delta": {"content": 5}}]},
        {"choices": [CONTENT | {"finish_reason": 1}]},
        {"choices": [CONTENT | {"index": 1}]},
        {"choices": [CONTENT | {"index": -1}]},
        {"choices": [CONTENT | {"index": "0"}]},
    ],
)
def test_what_is_no_answer_is_the_providers_error(
    body: dict[str, Any],
) -> None:
    with pytest.raises(UpstreamError, match="the provider sent"):
        read_answer(body, 1)


@pytest.mark.parametrize(
    "usage",
    [None, 5, {}, {"prompt_tokens": -1}, {"prompt_tokens": True}],
)
def test_a_usage_that_makes_no_sense_is_as_good_as_none(usage: object) -> None:
    body = {"choices": [CONTENT], "usage": usage}
    assert read_answer(body, 1) == [Chunk("x")]


def test_more_cached_than_asked_is_cut_down() -> None:
    usage = {
        "prompt_tokens": 5,
        "completion_tokens": 1,
        "prompt_tokens_details": {"cached_tokens": 9},
    }
    assert read_answer({"choices": [], "usage": usage}, 1) == [
        Chunk(usage=Usage(5, 1, 5))
    ]
