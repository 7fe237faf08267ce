"""Two requests have the same key exactly if one answer serves both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimizations.caching.keys import exact_key, partition_key, squeeze
from optimizations.errors import BadRequest
from optimizations.llm import Message, Request
from tests.helpers import ask

TEXT = st.text(st.characters(), max_size=8)  # half surrogate pairs included
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(TEXT, inner, max_size=2)
    ),
    max_leaves=4,
)
MESSAGE = st.builds(
    Message,
    st.sampled_from(["system", "user", "assistant"]),
    TEXT,
    st.dictionaries(TEXT, JSON, max_size=1),
)
REQUEST = st.builds(
    Request,
    messages=st.lists(MESSAGE, max_size=3).map(tuple),
    model=TEXT,
    tenant=TEXT,
    request_id=st.just("r"),
    max_tokens=st.integers(1, 3),
    temperature=st.sampled_from([0.0, 0.5, 1.0]),
    options=st.dictionaries(TEXT, JSON, max_size=2),
)


def strict(value: object) -> object:
    """A form in which 1, 1.0 and True are different, as they are in JSON."""
    if isinstance(value, Mapping):
        pairs = [(key, strict(inner)) for key, inner in value.items()]
        return sorted(
            pairs,
            key=lambda pair: str(pair[0]).encode("utf-16-be", "surrogatepass"),
        )
    if isinstance(value, list | tuple):
        return [strict(inner) for inner in value]
    return (type(value).__name__, value)


def meaning(request: Request) -> object:
    messages = [(m.role, m.content, m.extra) for m in request.messages]
    return strict(
        [
            request.tenant,
            request.model,
            request.max_tokens,
            request.temperature,
            request.options,
            messages,
        ]
    )


@settings(max_examples=300, deadline=None, derandomize=True)
@given(REQUEST, REQUEST)
def test_equal_keys_mean_equal_questions(one: Request, other: Request) -> None:
    assert (exact_key(one) == exact_key(other)) == (
        meaning(one) == meaning(other)
    )


@settings(max_examples=100, deadline=None, derandomize=True)
@given(REQUEST, MESSAGE, TEXT)
def test_any_change_changes_the_key(
    request: Request, message: Message, text: str
) -> None:
    changed = [
        replace(request, tenant=request.tenant + "x"),
        replace(request, model=request.model + "x"),
        replace(request, max_tokens=request.max_tokens + 1),
        replace(request, temperature=request.temperature + 0.1),
        replace(request, options={**request.options, "new-option": text}),
        replace(request, messages=(*request.messages, message)),
        replace(request, messages=(message, *request.messages, message)),
    ]
    keys = {exact_key(each) for each in (request, *changed)}
    assert len(keys) == len(changed) + 1


def test_the_order_of_fields_does_not_matter() -> None:
    one = ask(options={"top_p": 0.5, "stop": ["a"], "seed": 1})
    other = ask(options={"seed": 1, "stop": ["a"], "top_p": 0.5})
    assert exact_key(one) == exact_key(other)
    frozen = replace(other, options=MappingProxyType(dict(other.options)))
    assert exact_key(one) == exact_key(frozen)


def test_what_does_not_change_the_answer_is_not_part_of_the_key() -> None:
    one = ask(n=1)
    other = ask(n=2, streamed=False, deadline=5.0, idempotency_key="once")
    other.trace.served_by = "somebody"
    assert exact_key(one) == exact_key(other)


def test_no_text_pretends_to_be_the_end_of_a_field() -> None:
    assert exact_key(ask(tenant="a", model="bc")) != exact_key(
        ask(tenant="ab", model="c")
    )
    quoted = Message("user", 'hi",{}],["user","bye')
    two = (Message("user", "hi"), Message("user", "bye"))
    assert exact_key(ask(messages=(quoted,))) != exact_key(ask(messages=two))


def test_two_halves_of_a_character_are_not_the_character() -> None:
    """Escaped as JSON both are \\ud83d\\ude00: one key for two texts."""
    assert exact_key(ask("\ud83d\ude00")) != exact_key(ask("😀"))


def test_normalising_is_a_choice_and_leaves_the_system_prompt_alone() -> None:
    loud, quiet = ask("WHERE is  it?"), ask("where is it?")
    assert exact_key(loud) != exact_key(quiet)
    assert exact_key(loud, squeeze) == exact_key(quiet, squeeze)
    systems = [
        ask(messages=(Message("system", text), Message("user", "hi")))
        for text in ("Be kind", "be kind")
    ]
    assert len({exact_key(request, squeeze) for request in systems}) == 2


@pytest.mark.parametrize("bad", [{1, 2}, object(), b"x", {"a": {(1,): 2}}])
def test_an_option_that_is_not_json_is_refused(bad: object) -> None:
    with pytest.raises(BadRequest, match="not JSON"):
        exact_key(ask(options={"x": bad}))


def test_a_circular_option_is_refused() -> None:
    circle: list[object] = []
    circle.append(circle)
    with pytest.raises(BadRequest, match="not JSON"):
        exact_key(ask(options={"x": circle}))


def test_a_partition_is_everything_but_the_words_of_the_question() -> None:
    assert partition_key(ask("one")) == partition_key(ask("other"))
    apart = [
        ask(),
        ask(tenant="u"),
        ask(model="m"),
        ask(temperature=1.0),
        ask(options={"top_p": 0.1}),
        ask(messages=(Message("system", "s"), Message("user", "one"))),
        ask(messages=(Message("user", "before"), Message("user", "one"))),
        ask(messages=(Message("user", "one", {"name": "n"}),)),
    ]
    assert len({partition_key(request) for request in apart}) == len(apart)


def test_without_a_question_at_the_end_there_is_no_partition() -> None:
    assert partition_key(ask(messages=())) is None
    half = (Message("user", "hi"), Message("assistant", "hel"))
    assert partition_key(ask(messages=half)) is None
