"""What is read back is what was written, or nothing."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimizations.caching.entry import decode, encode
from optimizations.llm import Choice, Reply, Trace, Usage
from tests.caching.answers import answer
from tests.helpers import ask

KEY = "module12:answer:1234"


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.integers(0, 10_000), st.integers(0, 7))
def test_a_flipped_bit_is_never_an_error(place: int, bit: int) -> None:
    data = bytearray(encode(answer("Hello"), KEY))
    data[place % len(data)] ^= 1 << bit
    reply = decode(bytes(data), KEY, ask())
    assert reply is None or isinstance(reply.text, str)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    st.lists(st.text(), min_size=1, max_size=3),
    st.none() | st.builds(Usage, *[st.integers(0, 9)] * 3, st.booleans()),
)
def test_what_is_decoded_is_what_was_encoded(
    texts: list[str], usage: Usage | None
) -> None:
    request = ask(options={"n": len(texts)})
    choices = tuple(Choice(text, "stop") for text in texts)
    reply = Reply(choices, usage, Trace())
    assert decode(encode(reply, KEY), KEY, request) == reply
    assert decode(encode(reply, KEY), KEY, ask(options={"n": 9})) is None


@pytest.mark.parametrize(
    "fields",
    [
        {"usage": 0},
        {"usage": {}},
        {"usage": ""},
        {"usage": [True, 1, 1, False]},
        {"usage": [1, 1, 1, 0]},
        {"choices": ["ab"]},
        {"choices": {"ab": 1}},
        {"choices": [{"x": 1, "stop": 2}]},
        {"choices": [["x", "length"]]},
        {"choices": [["\ud800", "stop"]]},
        {"format": True},
        {"more": 1},
    ],
)
def test_what_is_never_written_is_never_read(
    fields: dict[str, object],
) -> None:
    """Read field by field alone, "ab" was a choice that said "a" and ended
    with "b", and a usage of 0 a reply without one.
    """
    good = json.loads(encode(answer("x"), KEY))
    data = json.dumps(good | fields, separators=(",", ":")).encode()
    assert decode(encode(answer("x"), KEY), KEY, ask()) is not None
    assert decode(data, KEY, ask()) is None


def test_half_a_surrogate_pair_is_not_written() -> None:
    with pytest.raises(ValueError):
        encode(answer("\ud800"), KEY)
