"""Server-sent events, however the bytes are split."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimizations.event_stream import (
    Event,
    EventReader,
    EventStreamError,
    write_event,
)

HARD = (
    "\ufeffdata: caf\u00e9 \U0001f600\r\n\r\n"
    ": heartbeat\n\n"
    "data: first\r\ndata: second\r\n\r\n"
    "event: error\rdata: one\r\rdata:two\ndata\n\n"
    'data: {"text":"a\u2028b\u0085c"}\r\n\r\n\r\n'
    "id: 7\nretry: 10\n\n"
    "data: [DONE]\n\ndata: never ended"
).encode()


def events(*pieces: bytes, limit_bytes: int = 1000) -> list[Event | str]:
    """What a reader makes of these pieces, its complaint last."""
    reader = EventReader(limit_bytes=limit_bytes)
    seen: list[Event | str] = []
    try:
        for piece in pieces:
            seen.extend(iter(reader.feed(piece)))
    except EventStreamError as error:
        seen.append(str(error))
    return seen


def test_lines_end_with_cr_lf_and_crlf_alone() -> None:
    assert events(HARD) == [
        Event("caf\u00e9 \U0001f600"),
        Event("first\nsecond"),
        Event("one", "error"),
        Event("two\n"),
        Event('{"text":"a\u2028b\u0085c"}'),
        Event("[DONE]"),
    ]


def test_every_single_cut_gives_the_same_events() -> None:
    whole = events(HARD)
    for cut in range(len(HARD) + 1):
        assert events(HARD[:cut], HARD[cut:]) == whole


def test_byte_by_byte_gives_the_same_events() -> None:
    assert events(*(bytes([byte]) for byte in HARD)) == events(HARD)


ODD = st.lists(
    st.sampled_from(
        (
            *(b"\r", b"\n", b"\r\n", b"data: ", b"data:", b":", b"x", b" "),
            *("\ufeff".encode(), "\u2028".encode(), b"event: e"),
            *(b"\xff", b"\xf0\x9f"),  # no UTF-8, and half a character
        )
    ),
    max_size=40,
).map(b"".join)


@settings(max_examples=400, deadline=None, derandomize=True)
@given(ODD, st.lists(st.integers(0, 200), max_size=8))
def test_however_bytes_are_cut_events_and_complaints_are_the_same(
    stream: bytes, cuts: list[int]
) -> None:
    edges = [0, *sorted(cuts), len(stream)]
    pieces = [stream[a:b] for a, b in pairwise(edges)]
    seen = events(*pieces, limit_bytes=20)
    assert seen == events(stream, limit_bytes=20)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.text(), st.sampled_from(["message", "error"]))
def test_what_is_written_is_read(text: str, name: str) -> None:
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    assert events(write_event(text, name), limit_bytes=10_000) == [
        Event(lines, name)
    ]


def test_a_line_that_never_ends_is_refused_and_not_kept() -> None:
    reader = EventReader()
    with pytest.raises(EventStreamError, match="1048576 bytes"):
        for _ in range(20):
            list(reader.feed(b"x" * 65536))


def test_the_greatest_event_passes_and_one_byte_more_does_not() -> None:
    event = b"data: " + b"x" * 94
    assert len(events(event + b"\n\n", limit_bytes=100)) == 1
    assert events(event + b"y\n\n", limit_bytes=100) == [
        "an event is longer than 100 bytes"
    ]


def test_a_large_event_in_small_pieces_is_not_copied_at_each() -> None:
    """Joined anew at each piece, this megabyte took minutes."""
    reader = EventReader()
    for _ in range(125_000):
        assert not list(reader.feed(b"xxxxxxxx"))


def test_events_before_a_fault_are_given_out() -> None:
    assert events(b"data: good\n\ndata: \xff\n\ndata: lost\n\n") == [
        Event("good"),
        "an event is not UTF-8: invalid start byte",
    ]


def test_an_event_without_its_blank_line_is_none() -> None:
    assert events(b"data: almost\n") == []


def test_a_reader_without_room_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        EventReader(limit_bytes=0)
