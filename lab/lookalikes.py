"""Holds a store that finds similar questions against what it must and must
not find.

Three kinds of questions are asked of it. The same ones with a greeting or
without a question mark (*reworded*) and other phrasings of the same wish
(*paraphrased*) should be answered; *near misses* should not. What counts is
all four shares at once: a store that answers everything finds every
paraphrase, and tells every customer something.

A share says how often; only the text says how bad. So some of the wrong
answers are handed back as what a customer asked, whose answer it got, and what
that said.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest

from lab.questions import Bank
from lab.wording import reword
from optimizations.caching.similar.near import NearStore
from optimizations.caching.store import Answer, Store
from optimizations.clock import chance, now
from optimizations.llm import Choice, Reply, Request

_MOST_EXAMPLES, _TOLD = 6, 3


@dataclass(frozen=True, slots=True)
class Hit:
    """A question, and whose answer it got."""

    asked: str
    stored: str  # the other question; empty where the store can't tell
    answered: str

    def __str__(self) -> str:
        """As a sentence has it."""
        if not self.stored:
            return f"“{self.asked}” got “{self.answered}”"
        return f"“{self.asked}” got the answer to “{self.stored}”"


@dataclass(frozen=True, slots=True)
class Found:
    """Shares, from 0 to 1; and a few of the wrong answers of both kinds."""

    reworded: float  # of reworded questions, answered right
    paraphrased: float  # of paraphrases, answered right
    wrong: float  # of paraphrases, given another wish's answer
    near_misses: float  # of pairs, where the second got the first one's answer
    examples: tuple[Hit, ...] = ()


def told(found: Mapping[str, Found]) -> list[str]:
    """Some of the wrong answers of each store, as lines to read."""
    lines = []
    for name, one in found.items():
        if one.examples:
            lines.append(f"{name.strip()}, some that were answered wrong:")
            lines += [f"- {hit}" for hit in one.examples[:_TOLD]]
    return lines


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
    fooled: list[Hit | None] = []
    for number, pair in enumerate(pairs):
        tenant = f"customer-{number}"  # so that no other pair is in the way
        await _keep(store, bank, pair.first, tenant)
        fooled.append(await _hit(store, _request(pair.second, tenant)))
    wrong = [one for one in asked_other if isinstance(one, Hit)]
    misled = [one for one in fooled if one is not None]
    both = chain.from_iterable(zip_longest(misled, wrong))
    return Found(
        _share(asked_again),
        _share(asked_other),
        len(wrong) / max(len(asked_other), 1),
        len(misled) / max(len(fooled), 1),
        tuple(filter(None, both))[:_MOST_EXAMPLES],
    )


async def _keep(store: Store, bank: Bank, text: str, tenant: str) -> None:
    request = _request(text, tenant)
    answer = Choice(bank.answer(request), "stop")
    reply = Reply((answer,), None, request.trace)
    await store.keep(request, Answer(reply, born_at=now()))


async def _judge(
    store: Store, bank: Bank, text: str, meant: str
) -> Hit | bool:
    """Whether the right answer was found; the wrong one where that was."""
    hit = await _hit(store, _request(text, "shop"))
    right = bank.answer(_request(meant, "shop"))
    if hit is None or hit.answered == right:
        return hit is not None
    return hit


async def _hit(store: Store, request: Request) -> Hit | None:
    """What was found, right or wrong."""
    found = await store.find(request)
    if found is None:
        return None
    stored = ""
    if isinstance(store, NearStore):
        match = await store.match(request)
        stored = match.question if match else ""
    return Hit(request.question, stored, found.reply.text)


def _request(text: str, tenant: str) -> Request:
    return Request.ask(text, tenant=tenant, request_id="lookalike")


def _share(verdicts: Sequence[Hit | bool]) -> float:
    return verdicts.count(True) / max(len(verdicts), 1)
