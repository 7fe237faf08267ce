"""What is read back is what was written, or nothing."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimizations.caching.redis.entry import Codec
from optimizations.caching.redis.envelope import Envelope
from optimizations.caching.store import Answer
from optimizations.llm import Choice, Reply, Trace, Usage
from tests.caching.answers import answer

KEY = "module12:answer:1234"

CODECS = {
    "json": Codec(),
    "msgpack": Codec("msgpack"),
    "squeezed": Codec(envelope=Envelope(compress_from_bytes=1)),
    "signed": Codec("msgpack", Envelope(secret=bytes(16))),
}
every_codec = pytest.mark.parametrize(
    "codec", list(CODECS.values()), ids=list(CODECS)
)


@every_codec
@settings(max_examples=80, deadline=None, derandomize=True)
@given(st.integers(0, 10_000), st.integers(0, 7), st.integers(0, 3))
def test_a_flipped_bit_or_a_cut_is_never_an_answer(
    codec: Codec, place: int, bit: int, cut: int
) -> None:
    data = bytearray(codec.encode(KEY, answer("Hello"), 0.0))
    data[place % len(data)] ^= 1 << bit
    assert codec.decode(KEY, bytes(data[: len(data) - cut]), 1) is None


@every_codec
@settings(max_examples=50, deadline=None, derandomize=True)
@given(
    st.lists(st.text(), min_size=1, max_size=3),
    st.none() | st.builds(Usage, *[st.integers(0, 9)] * 3, st.booleans()),
    st.floats(allow_nan=False, allow_infinity=False),
)
def test_what_is_decoded_is_what_was_encoded(
    codec: Codec, texts: list[str], usage: Usage | None, born_at: float
) -> None:
    choices = tuple(Choice(text, "stop") for text in texts)
    given = Answer(Reply(choices, usage, Trace()), born_at, 2.5)
    data = codec.encode(KEY, given, born_at)
    assert codec.decode(KEY, data, len(texts)) == given
    assert codec.decode(KEY, data, 9) is None
    assert codec.decode("module12:answer:5678", data, len(texts)) is None


def test_a_person_can_read_an_entry() -> None:
    entry = Codec().encode(KEY, answer("Größe"), asked_at=12.5)
    line, _, body = entry.partition(b"\n")
    assert line.startswith(b"answer/3 json@12.500000 plain ")
    assert "Größe" in body.decode()


def json_of(fields: dict[str, object]) -> bytes:
    return json.dumps(fields, separators=(",", ":")).encode()


def spaced(fields: dict[str, object]) -> bytes:
    return json.dumps(fields).encode()


@pytest.mark.parametrize(
    ("fields", "write"),
    [
        ({}, spaced),
        ({"usage": 0}, json_of),
        ({"usage": {}}, json_of),
        ({"usage": ""}, json_of),
        ({"usage": [True, 1, 1, False]}, json_of),
        ({"usage": [1, 1, -1, False]}, json_of),
        ({"usage": [1, 1, 1, 0]}, json_of),
        ({"choices": ["ab"]}, json_of),
        ({"choices": {"ab": 1}}, json_of),
        ({"choices": [{"x": 1, "stop": 2}]}, json_of),
        ({"choices": [["x", "length"]]}, json_of),
        ({"choices": [["\ud800", "stop"]]}, json_of),
        ({"born_at": 7}, json_of),
        ({"born_at": float("nan")}, json_of),
        ({"made_in_seconds": float("inf")}, json_of),
        ({"key": "module12:answer:5678"}, json_of),
        ({"more": 1}, json_of),
    ],
)
def test_what_is_never_written_is_never_read(
    fields: dict[str, object], write: Callable[[dict[str, object]], bytes]
) -> None:
    """Read field by field alone, "ab" was a choice that said "a" and ended
    with "b", and a usage of 0 a reply without one.
    """
    data = Codec().encode(KEY, answer("x"), 0.0)
    good = json.loads(Envelope().open(KEY, data)[1])
    sealed = Envelope().seal(KEY, "json@0.000000", json_of(good))
    assert Codec().decode(KEY, sealed, 1) is not None
    sealed = Envelope().seal(KEY, "json@0.000000", write(good | fields))
    assert Codec().decode(KEY, sealed, 1) is None


@pytest.mark.parametrize(
    "kind",
    [
        *("json", "json@", "json@0.0", "json@nonsense", "json@nan"),
        *("json@99999999999.000000", "msgpack@0.000000"),
    ],
)
def test_another_kind_is_never_read(kind: str) -> None:
    """A time to come would keep every newer answer out."""
    data = Codec().encode(KEY, answer("x"), 0.0)
    body = Envelope().open(KEY, data)[1]
    assert Codec().decode(KEY, Envelope().seal(KEY, kind, body), 1) is None


@pytest.mark.parametrize("body", [b"[]", b"null", b"7", b"[" * 100_000, b""])
def test_what_is_no_entry_at_all_is_none(body: bytes) -> None:
    for packing in ("json", "msgpack"):
        data = Envelope().seal(KEY, f"{packing}@0.000000", body)
        assert Codec(packing).decode(KEY, data, 1) is None


def test_half_a_surrogate_pair_is_not_written() -> None:
    for packing in ("json", "msgpack"):
        with pytest.raises(ValueError):
            Codec(packing).encode(KEY, answer("\ud800"), 0.0)


def test_an_unknown_packing_is_refused() -> None:
    with pytest.raises(ValueError, match="json, msgpack"):
        Codec("pickle")
