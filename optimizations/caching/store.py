"""Where answers are kept, and which may be kept at all.

A store finds the answer to a request, or does not, and keeps one when asked.
Behind it stands a mapping in this process (`MemoryStore`), a Redis that all
processes share, or a search by similarity. `Cached` and `CacheFill` know only
these two verbs.

Most trouble with caches comes from keeping what should never have been kept.
An error replayed for an hour, an answer cut off by its token limit, a stream
that broke: each has happened. So there is one rule, `cacheable`, and whoever
writes to a store asks it first.

When it does not help: at a temperature above 0 the caller asked for variety,
and a cache would take it away; ask for `any_temperature` where one good answer
is as good as another.
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from dataclasses import replace
from typing import Protocol

from optimizations.caching.keys import Normalise, exact_key
from optimizations.caching.lru import LRUCache
from optimizations.llm import Reply, Request, Trace

_TOOLS = ("tools", "functions")


class Store(Protocol):
    """Finds and keeps answers."""

    name: str
    """Written into the trace of the requests that it served."""

    async def find(self, request: Request) -> Reply | None:
        """The answer kept for this request, with the request's own trace;
        None where there is none.
        """

    async def keep(self, request: Request, reply: Reply) -> None:
        """Keep a whole answer for requests like this one."""

    def snapshot(self) -> Mapping[str, float]:
        """The store's counters, for metrics."""

    async def aclose(self) -> None:
        """Give back connections and the like. `Cached` calls it."""


def reusable(request: Request, *, any_temperature: bool = False) -> bool:
    """Whether an answer to this request may serve another one too.

    Not at a temperature above 0, unless that is wanted; not where the model
    may call tools, whose results change; not where OpenAI's option `store` is
    false, which marks a conversation as private.
    """
    return (
        (any_temperature or request.temperature == 0)
        and request.options.get("store") is not False
        and not any(request.options.get(name) for name in _TOOLS)
    )


def cacheable(
    request: Request, reply: Reply, *, any_temperature: bool = False
) -> bool:
    """Whether this answer may be kept: the request is `reusable`, and the
    model ended each choice because it had said all.
    """
    return reusable(request, any_temperature=any_temperature) and all(
        choice.finish_reason == "stop" for choice in reply.choices
    )


class MemoryStore:
    """Answers in any mapping: a dict, an `LRUCache`, a `TTLCache`. Without
    one, an `LRUCache` of 10,000 answers and 64 MiB.
    """

    def __init__(
        self,
        mapping: MutableMapping[str, Reply] | None = None,
        *,
        name: str = "memory",
        normalise: Normalise | None = None,
    ) -> None:
        self.name = name
        self.mapping: MutableMapping[str, Reply] = (
            LRUCache(size_of=reply_bytes) if mapping is None else mapping
        )
        self._normalise = normalise

    async def find(self, request: Request) -> Reply | None:
        """A look-up by `exact_key`."""
        reply = self.mapping.get(exact_key(request, self._normalise))
        return reply and replace(reply, trace=request.trace)

    async def keep(self, request: Request, reply: Reply) -> None:
        """Kept without its trace: how the first was served is not how the
        next will be.
        """
        key = exact_key(request, self._normalise)
        self.mapping[key] = replace(reply, trace=Trace())

    def snapshot(self) -> Mapping[str, float]:
        """What the mapping counts; of a plain dict, its length."""
        if isinstance(self.mapping, LRUCache):
            return self.mapping.snapshot()
        return {"entries": len(self.mapping)}

    async def aclose(self) -> None:
        """Holds nothing but memory."""


def reply_bytes(reply: Reply) -> int:
    """About what a reply takes in memory: its text, and 500 bytes for the
    objects around it. A `size_of` for caches of replies.
    """
    return 500 + sum(2 * len(choice.text) for choice in reply.choices)
