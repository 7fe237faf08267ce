"""Which pairs of questions a semantic cache has to tell apart, and how alike
they seem to an embedder: what a threshold is fitted to.

The problem: two questions drawn at random are easy to tell apart, so a
threshold fitted to them lets too much through. A cache compares each question
with the *nearest* it knows. So half of the phrasings are known, and each of
the others makes a pair with

- itself, *reworded*: a greeting more, a question mark less
- the nearest known one of its own intent: *paraphrased*
- the nearest known one of another intent: *different*

The first two should be hits, the third must not be. Where the bank has near
misses, made or marked by people, those are the different ones.

When it does not help: the nearest of 1,000 questions is farther than the
nearest of a million. Fit with as many as the cache will hold.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from lab.cosines import cosines
from lab.questions import Bank
from lab.wording import reword
from optimizations.caching.similar.embedding import Embedder, Matrix
from optimizations.caching.similar.threshold import SCORE_DIGITS
from optimizations.clock import chance

_KNOWN = 5  # times as many questions as are asked

Kind = Literal["reworded", "paraphrased", "different"]


@dataclass(frozen=True, slots=True)
class LikelyPair:
    """A question, one that a cache may take it for, and their cosine."""

    kind: Kind
    asked: str
    known: str
    cosine: float

    @property
    def same_answer(self) -> bool:
        """Whether one answer serves both."""
        return self.kind != "different"


async def likely_pairs(
    bank: Bank, embedder: Embedder, *, seed: int, most: int = 1000
) -> list[LikelyPair]:
    """At most `most` of each kind; each seed draws others."""
    draws = chance("likely pairs", seed)
    asked = _phrasings(bank, slice(1, None, 2))
    asked = draws.sample(asked, min(most, len(asked)))
    wanted = {name for _, name in asked}
    known = [
        one for one in _phrasings(bank, slice(0, None, 2)) if one[1] in wanted
    ]
    known = draws.sample(known, min(_KNOWN * most, len(known)))
    again = [(reword(text, draws), text) for text, _ in asked]
    pairs = await _scored(embedder, "reworded", again)
    near = await _nearest(embedder, asked, known)
    if bank.near_misses:
        count = min(most, len(bank.near_misses))
        misses = draws.sample(bank.near_misses, count)
        texts = [(miss.second, miss.first) for miss in misses]
        near = [pair for pair in near if pair.same_answer]
        near += await _scored(embedder, "different", texts)
    return pairs + near


def _phrasings(bank: Bank, which: slice) -> list[tuple[str, str]]:
    """And the names of their intents."""
    return [
        (text, intent.name)
        for intent in bank.intents
        for text in intent.phrasings[which]
    ]


async def _scored(
    embedder: Embedder, kind: Kind, texts: Sequence[tuple[str, str]]
) -> list[LikelyPair]:
    scores = await cosines(embedder, texts)
    return [
        LikelyPair(kind, asked, known, score)
        for (asked, known), score in zip(texts, scores, strict=True)
    ]


async def _nearest(
    embedder: Embedder,
    asked: Sequence[tuple[str, str]],
    known: Sequence[tuple[str, str]],
) -> list[LikelyPair]:
    """Of each question the nearest of its own intent, and of the others."""
    rows = await embedder.embed([text for text, _ in asked])
    stored = await embedder.embed([text for text, _ in known])
    names = np.array([name for _, name in known])
    return [
        pair
        for (text, name), row in zip(asked, rows, strict=True)
        for pair in _both(text, np.vecdot(stored, row), names == name, known)
    ]


def _both(
    asked: str,
    scores: Matrix,
    own: npt.NDArray[np.bool_],
    known: Sequence[tuple[str, str]],
) -> Iterator[LikelyPair]:
    kinds: tuple[tuple[Kind, npt.NDArray[np.bool_]], ...] = (
        ("paraphrased", own),
        ("different", ~own),
    )
    for kind, among in kinds:
        if among.any():
            place = int(np.where(among, scores, -np.inf).argmax())
            text, _ = known[place]
            cosine = round(float(scores[place]), SCORE_DIGITS)
            yield LikelyPair(kind, asked, text, cosine)
