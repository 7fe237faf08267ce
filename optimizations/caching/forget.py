"""Take back an answer: out of every store, and out of what is under way.

The problem: an answer turns out to be wrong, or the price in it has changed.
Deleting it in one place leaves the copy in memory, the one in Redis, the one
that a paraphrase finds, and the stream in the air that is about to be stored
again. So deleting goes through the whole onion, and in this order: first
nobody may join a flight that is on its way, then nothing on its way is kept,
then the stores forget. Where a store of similar questions had lent the answer
to another question, that one is deleted everywhere, too.

To replace an answer, ask with `CacheControl(no_cache=True)`: the new one takes
the old one's place in every store.

When it does not help: what has reached a reader cannot be taken back. And an
answer that another process is being given right now will be kept by it: delete
again, a minute later, or replace.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from optimizations.caching.cache_fill import CacheFill
from optimizations.caching.cached import Cached
from optimizations.caching.single_flight import SingleFlight
from optimizations.llm import LLM, Request, walk


async def forget(llm: LLM, request: Request) -> None:
    """Delete the answer to `request` from every cache in the onion `llm`.

    Raises what a store raises that could not be sure, after all others have
    forgotten: then try again.
    """
    for layer in walk(llm):
        if isinstance(layer, SingleFlight | CacheFill):
            layer.forget(request)
    failures: list[Exception] = []
    others = await _delete(llm, request, failures)
    *before, last = request.messages
    for question in others:
        message = replace(last, content=question)
        lender = replace(request, messages=(*before, message))
        await _delete(llm, lender, failures)
    if failures:
        raise failures[0]


async def _delete(
    llm: LLM, request: Request, failures: list[Exception]
) -> Sequence[str]:
    """Out of all stores. Returns the other questions whose answers went."""
    others: dict[str, None] = {}
    for layer in walk(llm):
        if isinstance(layer, Cached):
            try:
                others |= dict.fromkeys(await layer.forget(request))
            except Exception as error:
                failures.append(error)
    return list(others)
