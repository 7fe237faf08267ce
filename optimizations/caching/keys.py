"""Cache keys: two requests share a key only if one answer serves both.

The problem: a key that forgets something hands out the answer to another
question. Real caches have forgotten the tenant, the system prompt, the
temperature, everything but the last message. So the key is made of *all* that
changes the answer: whose data it is, the model, each parameter, each message,
and the version of this very recipe. What does not change the answer stays
out: the request's id, its deadline, its idempotency key, its trace, and
whether it is wanted in pieces.

All of it is written as canonical JSON (sorted fields, no spaces) and hashed
with SHA-256. JSON quotes its strings, so no text can pretend to be the end of
one field and the beginning of the next; joining with a separator could not
promise that.

When it does not help: people rarely ask in the same words twice. A
`normalise` function (`squeeze` is one) makes more questions equal, and is off
by default: case and spacing matter in code, names and passwords.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from optimizations.errors import BadRequest
from optimizations.llm import Request

SCHEMA_VERSION = 1
"""Raise it whenever the recipe changes: old entries are then never found."""

Normalise = Callable[[str], str]


def exact_key(request: Request, normalise: Normalise | None = None) -> str:
    """64 hexadecimal digits that stand for all that changes the answer.

    `normalise` is applied to what users said, never to the system prompt.
    Raises `BadRequest` where an option is nothing that JSON can say: no
    provider could be asked that either.
    """
    recipe = [
        SCHEMA_VERSION,
        request.tenant,
        request.model,
        request.max_tokens,
        float(request.temperature),
        request.options,
        [
            (
                message.role,
                normalise(message.content)
                if normalise and message.role == "user"
                else message.content,
                message.extra,
            )
            for message in request.messages
        ],
    ]
    return hashlib.sha256(_canonical(recipe)).hexdigest()


def partition_key(request: Request) -> str | None:
    """The key of everything *but* the words of the question: who asks, the
    model, the parameters, the system prompt, the conversation so far.

    A search by similarity looks only among the questions of one partition.
    None where the last message is not the user's: then there is no question
    to compare.
    """
    if not request.messages or request.messages[-1].role != "user":
        return None
    *before, question = request.messages
    return exact_key(
        replace(request, messages=(*before, replace(question, content="")))
    )


def squeeze(text: str) -> str:
    """Lower case, single spaces: for chatbots in which neither matters.

    >>> squeeze("  Where is MY parcel? ")
    'where is my parcel?'
    """
    return " ".join(text.casefold().split())


def _canonical(value: object) -> bytes:
    try:
        text = json.dumps(
            value,
            sort_keys=True,
            separators=(",", ":"),
            ensure_ascii=False,
            default=_plain,
        )
    except (TypeError, ValueError, RecursionError) as error:
        raise BadRequest(f"an option is not JSON: {error}") from error
    # Half a surrogate pair is no valid UTF-8 but a possible Python string;
    # escaped as JSON, two halves would collide with the whole character.
    return text.encode("utf-8", "surrogatepass")


def _plain(value: object) -> dict[Any, Any]:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is not JSON")
