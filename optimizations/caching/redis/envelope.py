"""What goes around bytes that are kept where others can write.

The problem: a server between machines may hand back anything: half of it, that
of an older program, what was put there under another name, what somebody made
up who means harm. The idea: one line in front says what the bytes are, and
proves that they are whole or, with a shared secret, that one of us wrote them:

    answer/3 json@1765000000.0 zlib 5d41402a...\\n<the bytes>

The digits cover that line, the key and the bytes, so nothing can be changed,
nor moved to another key. With a secret they are an HMAC-SHA256; without, a
checksum, which anybody can make but no accident does. They are compared in
constant time, or the time would tell how many digits were guessed right. What
was compressed is opened only as far as `max_bytes` goes: a kilobyte may say
that it holds a gigabyte (a "zip bomb").

When it does not help: it hides nothing; who can read the server can read the
answers. Below a kilobyte or so compression gains nothing, and it takes the
event loop's time.
"""

from __future__ import annotations

import hmac
import zlib
from hashlib import sha256

from optimizations.arguments import at_least_one, whole

FORMAT = b"answer/3"
"""The version: entries of another one are not read."""

_LEAST_SECRET_BYTES = 16


class Unreadable(ValueError):
    """Not an envelope of ours, or not for this key."""


class Envelope:
    """Seals and opens; both sides need the same `secret`.

    From `compress_from_bytes` on, bytes are compressed. Above `max_bytes`,
    before or after that, nothing is sealed and nothing opened.
    """

    def __init__(
        self,
        *,
        secret: bytes | None = None,
        compress_from_bytes: int | None = None,
        max_bytes: int = 1024 * 1024,
    ) -> None:
        if secret is not None and len(secret) < _LEAST_SECRET_BYTES:
            raise ValueError(
                f"a secret has {_LEAST_SECRET_BYTES} bytes, or more"
            )
        if compress_from_bytes is not None and not compress_from_bytes >= 1:
            raise ValueError("compress_from_bytes must be at least 1, or None")
        at_least_one(max_bytes=max_bytes)
        whole(max_bytes=max_bytes)
        self._secret = secret
        self._compress_from_bytes = compress_from_bytes
        self._max_bytes = max_bytes

    def seal(self, key: str, kind: str, body: bytes) -> bytes:
        """`body`, which is of some `kind` (ASCII, no space), for `key`. Raises
        `ValueError` where it is too large.
        """
        if len(body) > self._max_bytes:
            raise ValueError(f"more than {self._max_bytes} bytes")
        squeezed = b"plain"
        limit = self._compress_from_bytes
        if limit is not None and len(body) >= limit:
            squeezed, body = b"zlib", zlib.compress(body)
        head = b"%b %b %b" % (FORMAT, kind.encode(), squeezed)
        return b"%b %b\n%b" % (head, self._sign(key, head, body), body)

    def open(self, key: str, data: bytes) -> tuple[str, bytes]:
        """The kind and the body. Raises `Unreadable`."""
        if len(data) > self._max_bytes + 1024:  # our line is far shorter
            raise Unreadable("too large")
        line, newline, body = data.partition(b"\n")
        head, _, signature = line.rpartition(b" ")
        if not newline or not hmac.compare_digest(
            signature, self._sign(key, head, body)
        ):
            raise Unreadable("damaged, forged, or for another key")
        words = head.split(b" ")
        if len(words) != 3 or words[0] != FORMAT or not words[1].isascii():
            raise Unreadable("another format")
        if words[2] == b"zlib":
            body = self._decompress(body)
        elif words[2] != b"plain" or len(body) > self._max_bytes:
            raise Unreadable("another format, or too large")
        return words[1].decode(), body

    def _sign(self, key: str, head: bytes, body: bytes) -> bytes:
        name = key.encode()
        # With its length before it, no key can end where a body begins.
        signed = b"%b\n%d\n%b\n%b" % (head, len(name), name, body)
        if self._secret is None:
            return sha256(signed).hexdigest().encode()
        return hmac.digest(self._secret, signed, "sha256").hex().encode()

    def _decompress(self, body: bytes) -> bytes:
        opener = zlib.decompressobj()
        try:
            opened = opener.decompress(body, self._max_bytes + 1)
        except zlib.error:
            raise Unreadable("damaged") from None
        if not opener.eof or len(opened) > self._max_bytes:
            raise Unreadable("cut short, or too large")
        if opener.unused_data:
            raise Unreadable("followed by more")
        return opened
