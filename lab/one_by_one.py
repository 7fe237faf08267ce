"""One customer after the other through a cache in memory: what it saves, and
what it keeps.

The questions are popular ones, Zipf over the bank, and among them some that
nobody asks again (an order number in it is enough). Those are what fills a
cache without ever being found, and what a policy has to let go first.

When it does not help to look at this: customers come one by one here, so
nobody waits for anybody, and nothing expires under load (`stampede.py`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, MutableMapping
from dataclasses import dataclass
from itertools import islice

from lab.popularity import zipf_questions
from lab.questions import Bank
from optimizations.caching.cache_fill import CacheFill
from optimizations.caching.cached import Cached
from optimizations.caching.store import Answer, MemoryStore, answer_bytes
from optimizations.clock import now
from optimizations.llm import LLM, Request
from optimizations.mock import MockModel

ASKED = 1000
PAUSE_SECONDS = 2.0  # between one question and the next
ONE_OFF_EVERY = 4  # the fourth question is one that nobody asks again


@dataclass(frozen=True, slots=True)
class Run:
    """How one cache did. A wait is that for the whole answer."""

    hits: float  # a share, from 0 to 1
    entries: int  # kept at the end
    bytes: int  # of these answers
    waits: list[float]  # seconds of each customer
    dollars: float
    moments: list[tuple[float, bool]]  # when, and whether it was a hit


async def ask_one_by_one(
    cache: MutableMapping[str, Answer] | None,
    model: MockModel,
    bank: Bank,
    *,
    seed: int,
) -> Run:
    """Send the questions through `cache`; None asks the model each time."""
    llm: LLM = model
    if cache is not None:
        store = MemoryStore(cache)
        llm = Cached(CacheFill(model, store), store)
    began, waits, moments = now(), [], []
    for number, text in enumerate(islice(_questions(bank, seed), ASKED)):
        calls, asked = model.calls, now()
        await llm.complete(_ask(text, number))
        waits.append(now() - asked)
        moments.append((asked - began, model.calls == calls))
        await asyncio.sleep(PAUSE_SECONDS)
    kept = list((cache or {}).values())
    return Run(
        1 - model.calls / ASKED,
        len(kept),
        sum(map(answer_bytes, kept)),
        waits,
        model.ledger.dollars,
        moments,
    )


def _questions(bank: Bank, seed: int) -> Iterator[str]:
    for number, text in enumerate(zipf_questions(bank, seed=seed)):
        one_off = number % ONE_OFF_EVERY == ONE_OFF_EVERY - 1
        yield f"{text} My order is {number}." if one_off else text


def _ask(text: str, number: int) -> Request:
    return Request.ask(
        text, tenant="shop", request_id=f"r{number}", streamed=False
    )
