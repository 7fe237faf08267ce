"""An answer as an entry of a store outside: bytes, and back.

The problem: what comes back from a store that others can write to may be
anything: half an entry, one of an older program, one put under a wrong key, or
bytes made by somebody who means harm. The idea: an entry is JSON with a
version and its own key, read field by field. Written again it must be the same
bytes, or it is no answer. Never pickle: who can write to the cache must not be
able to run code here.

When it does not help: whoever writes a well-formed entry is believed. The
store itself has to know who may write.
"""

from __future__ import annotations

import json
from typing import Any

from optimizations.llm import Choice, Reply, Request, Usage

FORMAT = 1
"""Version of the entries. What another version wrote is not read."""


def encode(reply: Reply, key: str) -> bytes:
    """An entry. It names its own key, so a value that was put under another
    one is noticed. Raises `ValueError` for a text with half a surrogate pair,
    which nobody could send on.
    """
    usage = reply.usage
    entry = {
        "format": FORMAT,
        "key": key,
        "choices": [[c.text, c.finish_reason] for c in reply.choices],
        "usage": usage
        and [
            usage.prompt_tokens,
            usage.completion_tokens,
            usage.cached_tokens,
            usage.estimated,
        ],
    }
    text = json.dumps(entry, separators=(",", ":"), ensure_ascii=False)
    return text.encode()


def decode(data: bytes | str, key: str, request: Request) -> Reply | None:
    """The reply in an entry; None unless it is what `encode` writes for an
    answer that may be kept: one whose every choice ended with "stop".
    """
    try:
        written = data.encode() if isinstance(data, str) else data
        entry = json.loads(written)
        choices = tuple(_choice(*choice) for choice in entry["choices"])
        usage = entry["usage"]
        reply = Reply(
            choices, None if usage is None else _usage(*usage), request.trace
        )
        if len(choices) != request.choices or encode(reply, key) != written:
            return None
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return reply


def _choice(text: Any, finish_reason: Any) -> Choice:
    if not isinstance(text, str) or finish_reason != "stop":
        raise TypeError("not a choice that may be kept")
    return Choice(text, finish_reason)


def _usage(prompt: Any, completion: Any, cached: Any, estimated: Any) -> Usage:
    counts = (prompt, completion, cached)
    if not all(type(count) is int and count >= 0 for count in counts):
        raise TypeError("not a count")
    if type(estimated) is not bool:
        raise TypeError("not a yes or no")
    return Usage(prompt, completion, cached, estimated)
