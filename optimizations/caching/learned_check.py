"""A second look that was learnt from questions which people marked.

The problem: rules know what must not differ, and nothing of what may. So they
send most paraphrases to the model: a noun in the place of another may be
another thing, or the same by another name. The idea: let the sure rules
(numbers, negation, names, direction, kind) object as before, and where they
are silent let a *score* decide, from twenty simple numbers about the pair
(`pair_features.py`) through small decision trees (`boosted_trees.py`).

The coefficients in `learned_check.json` were fitted to two thirds of 12,000
pairs of questions from Quora, published with GPTCache's benchmark, and the
threshold to the near misses of this course's question bank: at most 1 in 100
passes, with 95 % confidence. `python -m lab.fit_learned_check PAIRS.csv` fits
both anew; `threshold.py` finds the threshold for pairs and a budget of yours,
from the `score` of each.

When it does not help: for other languages, and where questions are unlike any
on Quora. It finds little more among phrasings that have hardly a word in
common: those need an embedder that understands sentences. A pair takes some
ten times as long as by rules alone, though still less than embedding it.

Nothing is learnt while it runs: the same pair always has the same score. It
holds up to about 25 MiB, of the latest questions and words.
"""

from __future__ import annotations

import json
from math import inf, isfinite
from pathlib import Path

from optimizations.caching.boosted_trees import BoostedTrees
from optimizations.caching.checks import DEFAULT, SURE, objection
from optimizations.caching.embedding import WordLlamaEmbedder
from optimizations.caching.pair_features import MAX_WORDS, Former, features
from optimizations.caching.vocabulary import Vocabulary

COEFFICIENTS = Path(__file__).with_name("learned_check.json")


class LearnedCheck:
    """A `Check` that names the sure rule that objects, or says "score" where
    the score stays below `threshold`, or "length" beyond `MAX_WORDS` words.

    Shares the vectors of the `embedder`. `threshold` is by default the one
    that was fitted with the coefficients; about half of the pairs with a score
    of 0 shared an answer. Raises `ValueError` where the file `coefficients`
    is not one that `lab.fit_learned_check` wrote for these features.
    """

    def __init__(
        self,
        embedder: WordLlamaEmbedder,
        *,
        threshold: float | None = None,
        vocabulary: Vocabulary = DEFAULT,
        coefficients: Path = COEFFICIENTS,
    ) -> None:
        fitted = json.loads(coefficients.read_text(encoding="utf-8"))
        if threshold is None:
            threshold = float(fitted["threshold"])
        if not isfinite(threshold):
            raise ValueError("threshold must be a finite number")
        self.threshold = threshold
        self._form = Former(embedder.vectors, vocabulary)
        if fitted["features"] != list(self._features("", "")):
            raise ValueError(f"{coefficients.name} is for other features")
        self._trees = BoostedTrees(
            fitted["trees"],
            width=len(fitted["features"]),
            start=fitted["start"],
        )

    def __call__(self, asked: str, stored: str) -> str | None:
        objects = self._objection(asked, stored)
        if objects is None and self._score(asked, stored) < self.threshold:
            return "score"
        return objects

    def score(self, asked: str, stored: str) -> float:
        """The logarithm of the odds that one answer serves both, as they were
        among the pairs it was fitted to; `-inf` where a sure rule objects.
        """
        if self._objection(asked, stored) is not None:
            return -inf
        return self._score(asked, stored)

    def _objection(self, asked: str, stored: str) -> str | None:
        one, other = self._form(asked).reading, self._form(stored).reading
        if max(len(one.words), len(other.words)) > MAX_WORDS:
            return "length"
        return objection(one, other, SURE)

    def _score(self, asked: str, stored: str) -> float:
        return self._trees.score([*self._features(asked, stored).values()])

    def _features(self, asked: str, stored: str) -> dict[str, float]:
        return features(self._form(asked), self._form(stored))
