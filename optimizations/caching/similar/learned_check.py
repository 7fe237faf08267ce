"""A second check that was learnt from questions which people marked.

The problem: rules know what must not differ, and little of what may. So they
send most paraphrases to the model: a noun in the place of another may be
another thing, or the same by another name. The idea: where a sure rule objects
(numbers, negation, names, direction, kind) or none does, that decides. Where
only the two weak ones do (`WEAK`), a *score* may overrule them: it comes from
some twenty simple numbers about the pair (`pair_features.py`) through small
decision trees (`boosted_trees.py`).

The coefficients in `learned_check.json` were fitted to two thirds of 12,000
pairs of questions from Quora, published with GPTCache's benchmark. The
threshold keeps false hits to 1 in 100 near misses of this course's question
bank, and to 1 in 20 of the pairs that need different answers.
`python -m lab.fit_learned_check PAIRS.csv` fits both anew; `threshold.py`
finds the threshold for pairs and a budget of yours, from the `score` of each.

When it does not help: for other languages, and where questions are unlike any
on Quora. It finds little more among phrasings that have hardly a word in
common: those need an embedder that understands sentences. Where the score is
asked, a pair takes about twice as long as by rules alone.

Nothing is learnt while it runs: the same pair always has the same score. It
holds the latest questions and words, some 15 MiB, in the worst case 50.
"""

from __future__ import annotations

import json
from math import inf, isfinite
from pathlib import Path

from optimizations.caching.similar.boosted_trees import BoostedTrees
from optimizations.caching.similar.checks import DEFAULT
from optimizations.caching.similar.embedding import WordLlamaEmbedder
from optimizations.caching.similar.pair_features import (
    Prepared,
    Preparer,
    features,
)
from optimizations.caching.similar.rules import RULES, SURE, WEAK, objection
from optimizations.caching.similar.vocabulary import Vocabulary

COEFFICIENTS = Path(__file__).with_name("learned_check.json")


class LearnedCheck:
    """A `Check` that names the rule that objects and is not overruled. The
    score overrules from `threshold` on, by default the one that was fitted
    with the coefficients: more finds more, and more that is wrong.

    Shares the vectors of the `embedder`. Since it looks closer than a cosine,
    give the store a lower threshold, such as 0.5. Raises `ValueError` where
    the file `coefficients` was not fitted to these features.
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
        self._prepare = Preparer(embedder.vectors, vocabulary)
        blank = self._prepare("")
        if fitted["features"] != list(features(blank, blank)):
            raise ValueError(f"{coefficients.name} is for other features")
        self._trees = BoostedTrees(
            fitted["trees"],
            width=len(fitted["features"]),
            start=fitted["start"],
        )

    def __call__(self, asked: str, stored: str) -> str | None:
        one, other = self._prepare(asked), self._prepare(stored)
        objects = objection(one.reading, other.reading, RULES)
        if objects not in WEAK:
            return objects
        likely = self._odds(one, other) >= self.threshold
        return None if likely else objects

    def score(self, asked: str, stored: str) -> float:
        """The logarithm of the odds that one answer serves both, as they were
        among the pairs it was fitted to; `-inf` where a sure rule objects.
        """
        one, other = self._prepare(asked), self._prepare(stored)
        if objection(one.reading, other.reading, SURE):
            return -inf
        return self._odds(one, other)

    def _odds(self, one: Prepared, other: Prepared) -> float:
        return self._trees.score([*features(one, other).values()])
