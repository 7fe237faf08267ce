"""Requests: what is accepted, what is refused, and with which words."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from optimizations.errors import BadRequest
from optimizations.messages import Message, Request
from optimizations.wire import fits_header, read_request, request_body
from tests.helpers import ask


def body(**fields: Any) -> dict[str, Any]:
    """A valid body, with these fields."""
    messages = [{"role": "user", "content": "hi"}]
    return {"model": "m", "messages": messages} | fields


def read(**fields: Any) -> Request:
    """The request that such a body makes."""
    return read_request(body(**fields), tenant="t", request_id="1")[0]


USER = {"role": "user", "content": "hi"}


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"messages": []}, "messages"),
        ({"messages": "hi"}, "messages"),
        ({"messages": None}, "messages"),
        ({"messages": ["hi"]}, "messages[0]"),
        ({"messages": [{"content": "hi"}]}, "messages[0].role"),
        ({"messages": [USER | {"role": "root"}]}, "messages[0].role"),
        ({"messages": [USER | {"role": ["user"]}]}, "messages[0].role"),
        ({"messages": [USER, USER | {"content": 5}]}, "messages[1].content"),
        ({"messages": [USER | {"content": None}]}, "messages[0].content"),
        ({"messages": [USER | {"content": []}]}, "messages[0].content"),
        (
            {"messages": [USER | {"content": [{"type": "image_url"}]}]},
            "messages[0].content[0]",
        ),
        ({"model": None}, "model"),
        ({"model": ""}, "model"),
        ({"model": 3}, "model"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_tokens": 1.5}, "max_tokens"),
        ({"max_tokens": True}, "max_tokens"),
        ({"max_tokens": 2**31}, "max_tokens"),
        ({"max_completion_tokens": 10**400}, "max_completion_tokens"),
        ({"max_tokens": -1, "max_completion_tokens": 5}, "max_tokens"),
        ({"max_completion_tokens": "9"}, "max_completion_tokens"),
        ({"temperature": -0.1}, "temperature"),
        ({"temperature": 2.1}, "temperature"),
        ({"temperature": "hot"}, "temperature"),
        ({"temperature": float("inf")}, "temperature"),
        ({"temperature": True}, "temperature"),
        ({"top_p": 1.1}, "top_p"),
        ({"presence_penalty": -3}, "presence_penalty"),
        ({"n": 0}, "n"),
        ({"n": 9}, "n"),
        ({"stream": 1}, "stream"),
        ({"stream": True, "stream_options": 3}, "stream_options"),
        ({"stream_options": {"include_usage": True}}, "stream_options"),
        (
            {"stream": True, "stream_options": {"include_usage": "yes"}},
            "stream_options.include_usage",
        ),
    ],
)
def test_a_complaint_names_the_field(
    fields: dict[str, Any], field: str
) -> None:
    with pytest.raises(BadRequest) as refused:
        read(**fields)
    assert refused.value.param == field
    assert str(refused.value).startswith(f"{field}: ")


def test_what_is_left_out_or_null_has_the_defaults_of_a_request() -> None:
    plain = Request.ask("hi", tenant="t", request_id="1", model="m")
    assert read() == replace(plain, streamed=False)
    assert read(max_tokens=None, temperature=None, stop=None) == read()


def test_one_choice_is_the_same_as_none_said() -> None:
    assert read(n=1) == read()
    assert read(n=2).choices == 2


def test_the_new_name_of_the_limit_wins() -> None:
    assert read(max_tokens=5, max_completion_tokens=7).max_tokens == 7
    assert read(max_tokens=5).max_tokens == 5


def test_parameters_that_change_the_answer_are_kept() -> None:
    changing = {
        "stop": ["x"],
        "seed": 1,
        "top_p": 0.5,
        "tools": [{}],
        "new": 2,
    }
    told = {"stream": True, "stream_options": {"include_usage": True}}
    assert read(**changing, **told).options == changing


def test_who_asks_is_never_read_from_the_body() -> None:
    asked = read(tenant="other", request_id="2", idempotency_key="k")
    assert (asked.tenant, asked.request_id) == ("t", "1")
    assert asked.idempotency_key is None


def test_text_parts_become_one_text() -> None:
    parts = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    asked = read(messages=[{"role": "user", "content": parts}])
    assert asked.question == "a\nb"


def test_who_calls_a_tool_may_say_nothing() -> None:
    call = {"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]}
    (message,) = read(messages=[call]).messages
    assert message == Message("assistant", "", {"tool_calls": [{"id": "1"}]})


@pytest.mark.parametrize("streamed", [True, False])
def test_a_request_survives_the_way_there(streamed: bool) -> None:
    asked = ask(
        max_tokens=9,
        temperature=0.5,
        options={"stop": ["x"], "n": 2},
        streamed=streamed,
        messages=(
            Message("system", "Be brief."),
            Message("user", "hi", {"name": "Ann"}),
        ),
    )
    arrived, wants_usage = read_request(
        request_body(asked), tenant="t", request_id="t-1"
    )
    assert arrived == asked
    assert wants_usage == streamed


def test_a_model_is_asked_by_the_name_its_provider_has_for_it() -> None:
    assert request_body(ask(), "gpt-5")["model"] == "gpt-5"
    assert request_body(ask())["model"] == "mock"


@pytest.mark.parametrize(
    ("value", "fits"),
    [
        ("a", True),
        ("two words", True),
        ("x" * 128, True),
        ("x" * 129, False),
        ("", False),
        (" a", False),
        ("a\r\nb: c", False),
        ("caf\u00e9", False),
    ],
)
def test_only_short_printable_ascii_fits_a_header(
    value: str, fits: bool
) -> None:
    assert fits_header(value) == fits


def test_more_tokens_than_a_provider_can_count_are_refused() -> None:
    """10**400 passed the check and overflowed a float deep inside: a 500 for
    what the client had got wrong.
    """
    assert read(max_tokens=2**31 - 1).max_tokens == 2**31 - 1
    with pytest.raises(BadRequest, match="from 1 to 2147483647"):
        read(max_tokens=10**400)
