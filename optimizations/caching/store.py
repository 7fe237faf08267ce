"""Where answers are kept, and which may be kept at all.

A store finds the answer to a request, or does not, keeps one when asked, and
deletes it. Behind it stands a mapping in this process (`MemoryStore`), a Redis
that all processes share, or a search by similarity. The layers know only these
three verbs.

Most trouble with caches comes from keeping what should never have been kept.
An error replayed for an hour, an answer cut off by its token limit, a stream
that broke: each has happened. So there is one rule, `cacheable`, and whoever
writes to a store asks it first.

When it does not help: at a temperature above 0 the caller asked for variety,
and a cache would take it away; `CacheControl.any_temperature` says that one
good answer is as good as another.
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from sys import getsizeof
from typing import Protocol

from optimizations.caching.keys import Normalise, exact_key
from optimizations.caching.memory.bounded import BoundedMapping
from optimizations.caching.memory.lru import LRUCache
from optimizations.llm import Reply, Request

_NO_TEXT = getsizeof("")

_TOOLS = ("tools", "functions", "web_search_options")


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply as it is kept: when the model gave it, and how long that took.
    How it was served then is not how it will be next: its trace is empty.
    """

    reply: Reply
    born_at: float  # on the clock of `now()`, in this process
    made_in_seconds: float = 0.0

    @property
    def asked_at(self) -> float:
        """When the model was asked: of two answers the later is the newer."""
        return self.born_at - self.made_in_seconds


class Store(Protocol):
    """Finds and keeps answers."""

    name: str
    """Written into the trace of the requests that it served."""

    async def find(self, request: Request) -> Answer | None:
        """The answer kept for this request, None where there is none."""

    async def keep(self, request: Request, answer: Answer) -> None:
        """Keep a whole answer for requests like this one, in the place of an
        older one; whatever was asked for later stays.
        """

    async def delete(self, request: Request) -> Sequence[str]:
        """Forget whatever `find` would give. Returns the other questions whose
        answers went too, where a store finds similar ones. Raises where it is
        not sure: then the answer may still be there.
        """

    def snapshot(self) -> Mapping[str, float]:
        """The store's counters, for metrics."""

    async def aclose(self) -> None:
        """Give back connections and the like. `Cached` calls it."""


def reusable(request: Request) -> bool:
    """Whether an answer to this request may serve another one too.

    Not at a temperature above 0, unless the caller says `any_temperature`; not
    where the model may call tools or search the web, whose results change; not
    what the caller marks private, by `no_store` or by OpenAI's option `store`.
    """
    return (
        (request.temperature == 0 or request.cache.any_temperature)
        and not request.cache.no_store
        and request.options.get("store") is not False
        and not any(request.options.get(name) for name in _TOOLS)
    )


def cacheable(request: Request, reply: Reply) -> bool:
    """Whether this answer may be kept: the request is `reusable`, and the
    model ended each choice because it had said all.
    """
    return reusable(request) and all(
        choice.finish_reason == "stop" for choice in reply.choices
    )


class MemoryStore:
    """Answers in any mapping: a dict, an `LRUCache`, a `TTLCache`. Without
    one, an `LRUCache` of 10,000 answers and 64 MiB.
    """

    def __init__(
        self,
        mapping: MutableMapping[str, Answer] | None = None,
        *,
        name: str = "memory",
        normalise: Normalise | None = None,
    ) -> None:
        self.name = name
        self.mapping: MutableMapping[str, Answer] = (
            LRUCache(size_of=answer_bytes) if mapping is None else mapping
        )
        self._normalise = normalise

    async def find(self, request: Request) -> Answer | None:
        """A look-up by `exact_key`."""
        return self.mapping.get(exact_key(request, self._normalise))

    async def keep(self, request: Request, answer: Answer) -> None:
        """In the place of an older answer."""
        key = exact_key(request, self._normalise)
        kept = self._kept(key)
        if kept is None or kept.asked_at <= answer.asked_at:
            self.mapping[key] = answer

    async def delete(self, request: Request) -> Sequence[str]:
        """Cannot fail."""
        self.mapping.pop(exact_key(request, self._normalise), None)
        return ()

    def snapshot(self) -> Mapping[str, float]:
        """What the mapping counts; of a plain dict, its length."""
        if isinstance(self.mapping, BoundedMapping):
            return self.mapping.snapshot()
        return {"entries": len(self.mapping)}

    async def aclose(self) -> None:
        """Holds nothing but memory."""

    def _kept(self, key: str) -> Answer | None:
        if isinstance(self.mapping, BoundedMapping):
            return self.mapping.peek(key)
        return self.mapping.get(key)


def answer_bytes(answer: Answer) -> int:
    """About what an answer takes in memory: its text, and 600 bytes for the
    objects around it. A `size_of` for caches of answers.
    """
    choices = answer.reply.choices
    return 600 + sum(text_bytes(choice.text) for choice in choices)


def text_bytes(text: str) -> int:
    """What a text's letters take in memory: 1, 2 or 4 bytes each, as much as
    the widest one.
    """
    return getsizeof(text) - _NO_TEXT
