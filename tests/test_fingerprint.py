"""Equal data has equal digits, and no other data has them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from math import inf, nan
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimizations.errors import BadRequest
from optimizations.fingerprint import digest
from optimizations.messages import Message

TEXT = st.text(st.characters(), max_size=6)  # half surrogate pairs included
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3)
    ),
    max_leaves=6,
)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(JSON, JSON)
def test_only_equal_data_has_equal_digits(one: Any, other: Any) -> None:
    same = repr(_ordered(one)) == repr(_ordered(other))
    assert (digest(one) == digest(other)) == same


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.dictionaries(TEXT, JSON, max_size=4))
def test_the_order_in_which_a_dict_was_filled_does_not_count(
    data: dict[str, Any],
) -> None:
    turned = dict(reversed(data.items()))
    assert digest(turned) == digest(data)
    assert digest(MappingProxyType(turned)) == digest(data)


def test_the_digits_are_the_same_in_every_process() -> None:
    """A digest from `hash()` was another one in each process."""
    data = {"messages": ["Grüße 😀"], "options": {"b": 1, "a": 0.5}}
    program = (
        "from optimizations.fingerprint import digest;"
        f"import sys; sys.stdout.write(digest({data!a}))"
    )
    elsewhere = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        check=True,
        text=True,
        timeout=30,
    )
    assert elsewhere.stdout == digest(data)


def test_no_text_pretends_to_be_the_end_of_a_field() -> None:
    assert digest(["a", "bc"]) != digest(["ab", "c"])
    assert digest(['a","b']) != digest(["a", "b"])


def test_two_halves_of_a_character_are_not_the_character() -> None:
    """Escaped as JSON both are \\ud83d\\ude00: one key for two texts."""
    assert digest("\ud83d\ude00") != digest("😀")


def test_a_dataclass_is_its_fields() -> None:
    fields = {"role": "user", "content": "hi", "extra": {"name": "Ada"}}
    assert digest(Message("user", "hi", {"name": "Ada"})) == digest(fields)


@dataclass
class _Holder:
    held: object


@pytest.mark.parametrize(
    "bad", [{1, 2}, object(), b"x", {(1,): 2}, _Holder, nan, [inf]]
)
def test_what_json_cannot_say_is_refused(bad: object) -> None:
    for value in (bad, _Holder(bad)):
        with pytest.raises(BadRequest, match="not JSON"):
            digest(value)


def test_a_list_inside_itself_is_refused() -> None:
    circle: list[object] = []
    circle.append(circle)
    with pytest.raises(BadRequest, match="not JSON"):
        digest(circle)


def _ordered(value: object) -> object:
    """A form whose `repr` is equal where the data is."""
    if isinstance(value, Mapping):
        return {key: _ordered(value[key]) for key in sorted(value)}
    if isinstance(value, list):
        return [_ordered(inner) for inner in value]
    return value
