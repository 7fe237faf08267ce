"""An answer as an entry of a store outside: bytes, and back.

The problem: what comes back from a store that others can write to may be
anything. The idea: an entry names its own key, is read field by field, and
written again it must be the same bytes, or it is no answer. `envelope.py` adds
a version and, if wished, a signature and compression. The fields are written
as JSON, which a person can read, or as MessagePack, which is a little smaller.
Never pickle: who can write to the cache must not be able to run code here.

When it does not help: without a signature whoever writes a well-formed entry
is believed. The store itself has to know who may write.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib import import_module
from math import isfinite
from typing import Any

from optimizations.caching.redis.envelope import FORMAT, Envelope, Unreadable
from optimizations.caching.store import Answer
from optimizations.llm import Choice, Reply, Trace, Usage

Fields = dict[str, Any]

_PLAIN = Envelope()

ASKED_AT = f"^{FORMAT.decode()} %a+@([%d.]+) "
"""Lua's pattern for when the answer of an entry was asked for."""


class Codec:
    """Makes entries of answers, in `packing` "json" or "msgpack", and reads
    those that it would have made.

    `Answer.born_at` is written as it is: the caller turns it into a time that
    means the same to all who share the entries.
    """

    def __init__(
        self, packing: str = "json", envelope: Envelope = _PLAIN
    ) -> None:
        if packing not in _PACKINGS:
            raise ValueError(f"packing must be one of {', '.join(_PACKINGS)}")
        self._packing = packing
        self._envelope = envelope
        self._pack, self._unpack = _PACKINGS[packing]()

    def encode(self, key: str, answer: Answer, asked_at: float) -> bytes:
        """An entry, which says in its first line when its answer was asked
        for: Redis reads that. Raises `ValueError` for what is too large, or
        has half a surrogate pair in its text, which nobody could send on.
        """
        body = self._pack(_fields(key, answer))
        kind = f"{self._packing}@{asked_at:.6f}"
        return self._envelope.seal(key, kind, body)

    def decode(self, key: str, data: bytes, choices: int) -> Answer | None:
        """The answer in an entry; None unless it is what `encode` writes for
        one that may be kept: of so many choices, each ended with "stop".
        """
        try:
            kind, body = self._envelope.open(key, data)
            packing, _, asked_at = kind.partition("@")
            answer = _answer(**self._unpack(body))
            if (
                packing != self._packing
                or asked_at != f"{float(asked_at):.6f}"
                or not float(asked_at) <= answer.born_at + 1e-6  # as rounded
                or self._pack(_fields(key, answer)) != body
            ):
                return None
        except (ValueError, TypeError, RecursionError):
            return None
        return answer if len(answer.reply.choices) == choices else None


def _fields(key: str, answer: Answer) -> Fields:
    usage = answer.reply.usage
    return {
        "key": key,
        "born_at": float(answer.born_at),
        "made_in_seconds": float(answer.made_in_seconds),
        "choices": [[c.text, c.finish_reason] for c in answer.reply.choices],
        "usage": usage
        and [
            usage.prompt_tokens,
            usage.completion_tokens,
            usage.cached_tokens,
            usage.estimated,
        ],
    }


def _answer(
    *, key: Any, born_at: Any, made_in_seconds: Any, choices: Any, usage: Any
) -> Answer:
    for seconds in (born_at, made_in_seconds):
        if type(seconds) is not float or not isfinite(seconds):
            raise Unreadable("not a time")
    reply = Reply(
        tuple(_choice(*choice) for choice in choices),
        None if usage is None else _usage(*usage),
        Trace(),
    )
    return Answer(reply, born_at, made_in_seconds)


def _choice(text: Any, finish_reason: Any) -> Choice:
    if not isinstance(text, str) or finish_reason != "stop":
        raise Unreadable("not a choice that may be kept")
    return Choice(text, finish_reason)


def _usage(prompt: Any, completion: Any, cached: Any, estimated: Any) -> Usage:
    counts = (prompt, completion, cached)
    if not all(type(count) is int and count >= 0 for count in counts):
        raise Unreadable("not a count")
    if type(estimated) is not bool:
        raise Unreadable("not a yes or no")
    return Usage(prompt, completion, cached, estimated)


Packing = tuple[Callable[[Fields], bytes], Callable[[bytes], Fields]]


def _json() -> Packing:
    encoder = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False)
    return lambda fields: encoder.encode(fields).encode(), json.loads


def _msgpack() -> Packing:
    try:
        msgpack = import_module("msgpack")
    except ImportError:
        raise ValueError(
            "packing msgpack needs a package: pip install msgpack"
        ) from None
    return msgpack.packb, msgpack.unpackb


_PACKINGS: dict[str, Callable[[], Packing]] = {
    "json": _json,
    "msgpack": _msgpack,
}
