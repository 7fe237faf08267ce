"""Only what one of us sealed, for this very key, is opened."""

from __future__ import annotations

import zlib
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimizations.caching.redis.envelope import Envelope, Unreadable

SECRET = b"sixteen bytes or more"
PLAIN = Envelope(max_bytes=1000)
SQUEEZING = Envelope(max_bytes=1000, compress_from_bytes=10)
SIGNED = Envelope(max_bytes=1000, secret=SECRET)


@pytest.mark.parametrize("envelope", [PLAIN, SQUEEZING, SIGNED])
@settings(max_examples=50, deadline=None, derandomize=True)
@given(st.binary(max_size=1000), st.text(max_size=20))
def test_what_is_opened_is_what_was_sealed(
    envelope: Envelope, body: bytes, key: str
) -> None:
    key = key.encode("utf-8", "ignore").decode()
    assert envelope.open(key, envelope.seal(key, "json", body)) == (
        "json",
        body,
    )


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.integers(0, 10_000), st.integers(0, 7))
def test_no_bit_can_be_changed(place: int, bit: int) -> None:
    for envelope in (PLAIN, SIGNED):
        data = bytearray(envelope.seal("key", "json", b"precious"))
        data[place % len(data)] ^= 1 << bit
        with pytest.raises(Unreadable):
            envelope.open("key", bytes(data))


def test_what_is_signed_cannot_be_moved_to_another_key() -> None:
    """Nor by letting the key end elsewhere: both would sign the same text."""
    data = SIGNED.seal("key", "json", b"precious")
    with pytest.raises(Unreadable):
        SIGNED.open("another", data)
    line, _, _ = SIGNED.seal("key", "json", b"b\nc").partition(b"\n")
    with pytest.raises(Unreadable):
        SIGNED.open("key\nb", line + b"\nc")


def test_another_secret_or_none_is_unreadable_both_ways() -> None:
    other = Envelope(secret=b"another sixteen bytes")
    for one, two in [(SIGNED, other), (SIGNED, PLAIN), (PLAIN, SIGNED)]:
        with pytest.raises(Unreadable):
            one.open("key", two.seal("key", "json", b"x"))


def test_what_repeats_itself_takes_less() -> None:
    text = b"the same again " * 50
    assert len(SQUEEZING.seal("key", "json", text)) < 150
    assert b"zlib" not in SQUEEZING.seal("key", "json", b"short")


def sealed(packing: bytes, body: bytes) -> bytes:
    """By who knows how, and has no secret."""
    data = PLAIN.seal("key", "json", b"")
    return reseal(data.replace(b" plain ", b" %b " % packing) + body)


def reseal(data: bytes) -> bytes:
    """With the digits that belong to it."""
    line, _, body = data.partition(b"\n")
    head = line.rpartition(b" ")[0]
    signed = b"%b\n3\nkey\n%b" % (head, body)
    digits = sha256(signed).hexdigest().encode()
    return b"%b %b\n%b" % (head, digits, body)


def test_a_zip_bomb_is_not_opened() -> None:
    """A kilobyte that holds a gigabyte: it took the process' memory."""
    bomb = sealed(b"zlib", zlib.compress(bytes(500_000)))
    with pytest.raises(Unreadable, match="too large"):
        PLAIN.open("key", bomb)


@pytest.mark.parametrize(
    "body",
    [
        zlib.compress(b"x" * 99)[:-3],
        zlib.compress(b"x") + b"y",
        zlib.compress(bytes(1001)),
        b"z",
    ],
)
def test_what_is_not_quite_compressed_is_unreadable(body: bytes) -> None:
    good = sealed(b"zlib", zlib.compress(b"x"))
    assert PLAIN.open("key", good) == ("json", b"x")
    with pytest.raises(Unreadable):
        PLAIN.open("key", sealed(b"zlib", body))


@pytest.mark.parametrize(
    "line",
    [
        b"answer/2 json plain -",
        b"answer/3 json -",
        b"answer/3 json lz4 -",
        b"answer/3 json plain more -",
        b"answer/3 \xff plain -",
    ],
)
def test_another_format_is_unreadable(line: bytes) -> None:
    good = reseal(b"answer/3 json plain -\nx")
    assert PLAIN.open("key", good) == ("json", b"x")
    with pytest.raises(Unreadable):
        PLAIN.open("key", reseal(line + b"\nx"))


def test_what_is_no_envelope_is_unreadable() -> None:
    for data in (b"", b"\n", b"answer/3 json plain -", bytes(5000)):
        with pytest.raises(Unreadable):
            PLAIN.open("key", data)
    with pytest.raises(Unreadable):
        PLAIN.open("key", sealed(b"plain", bytes(1001)))


def test_what_is_too_large_is_not_sealed() -> None:
    with pytest.raises(ValueError):
        SQUEEZING.seal("key", "json", bytes(1001))


@pytest.mark.parametrize(
    "bad",
    [
        {"secret": b"short"},
        {"compress_from_bytes": 0},
        {"max_bytes": 0},
        {"max_bytes": 1e6},
    ],
)
def test_bad_settings_are_refused(bad: dict[str, bytes]) -> None:
    with pytest.raises(ValueError):
        Envelope(**bad)  # type: ignore[arg-type]
