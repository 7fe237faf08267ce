"""Holds a store that finds similar questions against what it must and must
not find.

Three kinds of questions are asked of it. The same ones with a greeting or
without a question mark (*reworded*) and other phrasings of the same wish
(*paraphrased*) should be answered; *near misses* should not. What counts is
all four shares at once: a store that answers everything finds every
paraphrase, and tells every customer something.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lab.questions import Bank
from lab.wording import reword
from optimizations.caching.store import Answer, Store
from optimizations.clock import chance, now
from optimizations.llm import Choice, Reply, Request


@dataclass(frozen=True, slots=True)
class Found:
    """Shares, from 0 to 1."""

    reworded: float  # of reworded questions, answered right
    paraphrased: float  # of paraphrases, answered right
    wrong: float  # of paraphrases, given another wish's answer
    near_misses: float  # of pairs, where the second got the first one's answer


async def look_up(
    store: Store, bank: Bank, *, seed: int, most: int = 200
) -> Found:
    """Fill an empty store with half of the phrasings, then ask it, at most
    `most` questions of each kind.
    """
    draws = chance("lookalikes", seed)
    known = [text for intent in bank.intents for text in intent.phrasings[::2]]
    others = [
        text for intent in bank.intents for text in intent.phrasings[1::2]
    ]
    known = draws.sample(known, min(5 * most, len(known)))
    others = draws.sample(others, min(most, len(others)))
    again = draws.sample(known, min(most, len(known)))
    for text in known:
        await _keep(store, bank, text, "shop")
    asked_again = [
        await _judge(store, bank, reword(text, draws), text) for text in again
    ]
    asked_other = [await _judge(store, bank, text, text) for text in others]
    pairs = draws.sample(bank.near_misses, min(most, len(bank.near_misses)))
    fooled = []
    for number, pair in enumerate(pairs):
        tenant = f"customer-{number}"  # so that no other pair is in the way
        await _keep(store, bank, pair.first, tenant)
        found = await store.find(_request(pair.second, tenant))
        fooled.append(found is not None)
    return Found(
        _share(asked_again, True),
        _share(asked_other, True),
        _share(asked_other, False),
        _share(fooled, True),
    )


async def _keep(store: Store, bank: Bank, text: str, tenant: str) -> None:
    request = _request(text, tenant)
    answer = Choice(bank.answer(request), "stop")
    reply = Reply((answer,), None, request.trace)
    await store.keep(request, Answer(reply, born_at=now()))


async def _judge(
    store: Store, bank: Bank, text: str, meant: str
) -> bool | None:
    """Whether the answer found is the right one; None where none is found."""
    found = await store.find(_request(text, "shop"))
    if found is None:
        return None
    right = _request(meant, "shop")
    return found.reply.text == bank.answer(right)


def _request(text: str, tenant: str) -> Request:
    return Request.ask(text, tenant=tenant, request_id="lookalike")


def _share(verdicts: Sequence[bool | None], wanted: bool) -> float:
    return verdicts.count(wanted) / max(len(verdicts), 1)
