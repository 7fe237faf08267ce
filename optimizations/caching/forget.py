"""Take back an answer: out of every store, and out of what is under way.

The problem: an answer turns out to be wrong, or the price in it has changed.
Deleting it in one place leaves the copy in memory, the one in Redis, the one
that a paraphrase finds, and the stream in the air that is about to be stored
again. So deleting goes through the whole onion, and in this order: first
nobody may join a flight that is on its way, then nothing on its way is kept,
then the stores forget. Where a store of similar questions had lent the answer
to another question, that one is deleted everywhere, too.

In another process an answer may be on its way, too: a Redis that both share
keeps it out (`redis_store.py`).

To replace an answer, ask with `CacheControl(no_cache=True)`: the new one takes
the old one's place in every store.

When it does not help: what has reached a reader cannot be taken back. And what
another process keeps in its own memory is its own: there, `forget` has to be
called as well.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from optimizations.caching.cache_fill import CacheFill
from optimizations.caching.cached import Cached
from optimizations.caching.guarded_store import GuardedStore
from optimizations.caching.single_flight import SingleFlight
from optimizations.llm import LLM, Request, walk


async def forget(llm: LLM, request: Request) -> None:
    """Delete the answer to `request` from every cache in the onion `llm`.

    Raises what a store raises that could not be sure, after all others have
    forgotten: then try again.
    """
    for layer in walk(llm):
        if isinstance(layer, SingleFlight):
            layer.forget(request)
    for layer in walk(llm):
        if isinstance(layer, CacheFill):
            await layer.forget(request)
    stores, failures = _stores(llm), list[Exception]()
    for question in await _delete(stores, request, failures):
        *before, last = request.messages
        message = replace(last, content=question)
        lender = replace(request, messages=(*before, message))
        await _delete(stores, lender, failures)
    if failures:
        raise failures[0]


def _stores(llm: LLM) -> Collection[GuardedStore]:
    """Each once, whether it is read, filled or both."""
    found: dict[int, GuardedStore] = {}
    for layer in walk(llm):
        if isinstance(layer, Cached):
            found[id(layer.store)] = layer.guarded
        elif isinstance(layer, CacheFill):
            for guarded in layer.guarded:
                found.setdefault(id(guarded.store), guarded)
    return found.values()


async def _delete(
    stores: Collection[GuardedStore],
    request: Request,
    failures: list[Exception],
) -> Sequence[str]:
    """Out of all stores. Returns the other questions whose answers went."""
    others: dict[str, None] = {}
    for store in stores:
        try:
            others |= dict.fromkeys(await store.delete(request))
        except Exception as error:
            failures.append(error)
    return list(others)
