"""Cache keys: two requests share a key only if one answer serves both.

The problem: a key that forgets something hands out the answer to another
question. Real caches have forgotten the tenant, the system prompt, the
temperature, everything but the last message. So the key is made of *all* that
changes the answer: whose data it is, the model, each parameter, each message,
and the version of this very recipe. What does not change the answer stays
out: the request's id, its deadline, its idempotency key, its trace, and
whether it is wanted in pieces.

`fingerprint` makes the digits of it, so no text can pretend to be the end of
one field and the beginning of the next.

When it does not help: people rarely ask in the same words twice. A
`normalise` function (`squeeze` is one) makes more questions equal, and is off
by default: case and spacing matter in code, names and passwords.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from optimizations.fingerprint import digest
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
    return digest(recipe)


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


def may_share(one: Request, other: Request) -> bool:
    """Whether any store might find the answer to one for the other, however it
    normalises and compares what was said.
    """
    ours, theirs = (replace(request, messages=()) for request in (one, other))
    return exact_key(ours) == exact_key(theirs)


def squeeze(text: str) -> str:
    """Lower case, single spaces: for chatbots in which neither matters.

    >>> squeeze("  Where is MY parcel? ")
    'where is my parcel?'
    """
    return " ".join(text.casefold().split())
