"""JSON that says the same to whoever reads it."""

from __future__ import annotations

import pytest

from optimizations.wire import read_object, write_object


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"\xff{}", "not UTF-8"),
        (b"{", "not JSON"),
        (b"", "not JSON"),
        (b"[1]", "not an object"),
        (b"{} {}", "something follows"),
        (b'{"a": NaN}', "NaN is no number"),
        (b'{"a": -Infinity}', "-Infinity is no number"),
        (b'{"a": "\\ud83d"}', "surrogate"),
        (b'{"a": ' + b"[" * 100_000, "nested too deeply"),
        (b'{"a": ' + b"9" * 5000 + b"}", "digits"),
    ],
)
def test_what_is_no_json_object_is_complained_about(
    data: bytes, complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint):
        read_object(data)


def test_an_escaped_emoji_is_one_character() -> None:
    assert read_object(b'{"a": "\\ud83d\\ude00"}') == {"a": "\U0001f600"}


def test_what_is_written_is_one_line_of_ascii() -> None:
    data = write_object({"a": "x\u2028\ny\u00e9"})
    assert data.isascii()
    assert data.splitlines() == [data]
    assert read_object(data) == {"a": "x\u2028\ny\u00e9"}


@pytest.mark.parametrize("value", [float("inf"), float("nan"), {1, 2}])
def test_what_json_cannot_say_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="JSON"):
        write_object({"a": value})
