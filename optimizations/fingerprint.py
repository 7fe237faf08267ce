"""A fingerprint of plain data: equal data, equal digits, in any process.

The problem: a cache key and an idempotency key both stand for *what was
asked*. `hash()` differs from process to process, `repr()` tells two equal
dicts apart by the order in which they were filled, and texts joined with a
separator can pretend to be the end of one field and the beginning of the
next.

So the data is written as canonical JSON (sorted fields, no spaces, every text
quoted) and hashed with SHA-256: short, and safe against somebody who looks
for two questions with one key.

When it does not help: JSON knows no more than it can say. A tuple is a list,
and a key that is no text becomes one. The idea is that of RFC 8785, the JSON
Canonicalization Scheme; this one need only agree with itself.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass

from optimizations.errors import BadRequest


def digest(value: object) -> str:
    """64 hexadecimal digits that stand for `value`: whatever JSON can say,
    any mapping, any dataclass, nested.

    Raises `BadRequest` where JSON cannot say it: a set, a number that is
    none, a list inside itself. No provider could be asked that either.

    >>> digest({"a": 1, "b": [2]}) == digest({"b": (2,), "a": 1})
    True
    """
    try:
        text = json.dumps(
            value,
            sort_keys=True,
            separators=(",", ":"),
            ensure_ascii=False,
            allow_nan=False,
            default=_plain,
        )
    except (TypeError, ValueError, RecursionError) as error:
        raise BadRequest(f"this is not JSON: {error}") from error
    # Half a surrogate pair is no valid UTF-8 but a possible Python string;
    # escaped as JSON, two halves would collide with the whole character.
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _plain(value: object) -> dict[object, object]:
    if isinstance(value, Mapping):
        return dict(value)
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: getattr(value, each.name) for each in fields(value)}
    raise TypeError(f"{type(value).__name__} is not JSON")
