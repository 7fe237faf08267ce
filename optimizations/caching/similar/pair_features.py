"""Two questions as a row of numbers: in what they agree, and how much.

The problem: a cosine is one number, and says neither whether two long
questions differ in one word nor whether that word matters. The idea: look at
the pair from twenty sides, each simple: how near is the nearest counterpart
of the word that has none, how alike are the beginnings, how many letters are
to be changed, how many numbers differ. `learned_check.py` weighs them.

Each number is the same whichever question comes first, and small changes of a
text change it little. What belongs to one question alone is worked out once
and kept (`Prepared`); a pair then costs some products of small matrices.

When it does not help: by itself it decides nothing. Beyond `MAX_WORDS` words a
question is cut off: comparing each word with each other would take long.

Aligning each word with its nearest counterpart: Corley and Mihalcea, 2005.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cached_property
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from rapidfuzz import fuzz

from optimizations.caching.memory.lru import LRUCache
from optimizations.caching.similar.embedding import Matrix, unit_rows
from optimizations.caching.similar.english import STOP_WORDS, stem
from optimizations.caching.similar.reading import Reading
from optimizations.caching.similar.rules import MAX_WORDS
from optimizations.caching.similar.vocabulary import GENERAL, Vocabulary

Vectors = Callable[[Sequence[str]], Matrix]
"""From texts to one row each, of length 1 or 0."""

SMALL_WORD = np.float32(0.3)
"""The weight of a stop word; any other has 1."""

_DIGITS = 5  # as many as the limits in the trees have

_SYMBOL = re.compile(r"[^\w\s.,:;!?'\"’‘“”()-]")
_SUMS = ("whole", "content", "head", "tail", "last")
_ASKING = frozenset("what how why when where who which whose whom".split())


class Prepared:
    """One question, prepared for comparing, each part when it is first asked
    for. `words` is a row for each of the words `said`.
    """

    def __init__(self, reading: Reading, preparer: Preparer) -> None:
        self.reading = reading
        self._preparer = preparer

    @cached_property
    def said(self) -> list[str]:
        """The first words; never none."""
        return self.reading.words[:MAX_WORDS] or ["?"]

    @cached_property
    def spelling(self) -> str:
        """Small letters, single spaces."""
        return " ".join(self.said)

    @cached_property
    def stems(self) -> list[str]:
        """The words without their endings."""
        return [stem(word) for word in self.said]

    @cached_property
    def stem_set(self) -> frozenset[str]:
        """Each stem once."""
        return frozenset(self.stems)

    @cached_property
    def couples(self) -> frozenset[tuple[str, str]]:
        """Stems that stand side by side; the ends count as one, too."""
        return frozenset(pairwise(["", *self.stems, ""]))

    @cached_property
    def asking(self) -> list[str]:
        """The question words, in order."""
        return [word for word in self.said if word in _ASKING]

    @cached_property
    def symbols(self) -> frozenset[str]:
        """Signs that are no punctuation: a plus, a hash, a heart."""
        return frozenset(_SYMBOL.findall(self.reading.text))

    @cached_property
    def weights(self) -> Matrix:
        """What each word counts: small ones less."""
        small = [word in STOP_WORDS for word in self.said]
        return np.where(small, SMALL_WORD, np.float32(1))

    @cached_property
    def total(self) -> float:
        """The sum of the weights."""
        return float(self.weights.sum())

    @cached_property
    def content_places(self) -> npt.NDArray[np.intp]:
        """Where the words are that are not small."""
        return np.flatnonzero(self.weights == 1)

    @cached_property
    def words(self) -> Matrix:
        """A row for each word."""
        return self._preparer.rows(self.said)

    @cached_property
    def sums(self) -> Matrix:
        """Five rows: all words together, those that are not small, the first
        three, the last three, the last.
        """
        words = self.words
        sums = np.stack(
            [
                self._preparer.row(self.spelling),
                words[self.content_places].sum(0),
                words[:3].sum(0),
                words[-3:].sum(0),
                words[-1],
            ]
        )
        return unit_rows(sums)


class Preparer:
    """Prepares questions, and keeps the latest `max_questions` of them; each
    takes about 1 KB a word. Keeps the rows of the latest `max_rows` words,
    too: a few thousand make up most of what is said.
    """

    def __init__(
        self,
        vectors: Vectors,
        vocabulary: Vocabulary = GENERAL,
        *,
        max_questions: int = 500,
        max_rows: int = 5000,
    ) -> None:
        self._vectors = vectors
        self._vocabulary = vocabulary
        self._rows: LRUCache[str, Matrix] = LRUCache(max_rows)
        self._questions: LRUCache[str, Prepared] = LRUCache(max_questions)

    def __call__(self, text: str) -> Prepared:
        question: Prepared | None = self._questions.get(text)
        if question is None:
            question = Prepared(Reading(text, self._vocabulary), self)
            self._questions[text] = question
        return question

    def row(self, text: str) -> Matrix:
        """The row of a whole text."""
        row: Matrix = self._vectors([text])[0]
        return row

    def rows(self, said: list[str]) -> Matrix:
        """A row for each word; what is not known is asked for together."""
        rows = {word: self._rows.get(word) for word in said}
        new = [word for word, row in rows.items() if row is None]
        if new:
            for word, row in zip(new, self._vectors(new), strict=True):
                # A copy, or the whole batch would be kept with it.
                rows[word] = self._rows[word] = row.copy()
        return np.array([rows[word] for word in said])


def features(one: Prepared, other: Prepared) -> dict[str, float]:
    """In what two questions agree; each is explained where it is made.
    Rounded, so that a tree that asks "is it more than 1?" hears the same on
    every processor.
    """
    exact = {
        **_by_meaning(one, other),
        **_by_counterpart(one, other),
        **_by_words(one, other),
        **_by_reading(one, other),
    }
    return {name: round(value, _DIGITS) for name, value in exact.items()}


def _by_meaning(one: Prepared, other: Prepared) -> dict[str, float]:
    """Cosines of the texts, of the words that are not small, of both ends,
    and of what only one or the other says.
    """
    left = [n for n, s in enumerate(one.stems) if s not in other.stem_set]
    right = [n for n, s in enumerate(other.stems) if s not in one.stem_set]
    rest = float(not left and not right)
    if left and right:
        ours = _unit(one.weights[left] @ one.words[left])
        theirs = _unit(other.weights[right] @ other.words[right])
        rest = float(ours @ theirs)
    near = np.vecdot(one.sums, other.sums).tolist()
    return {
        **dict(zip(_SUMS, near, strict=True)),
        "rest": rest,
        "shared": one.total - float(one.weights[left].sum()),
    }


def _by_counterpart(one: Prepared, other: Prepared) -> dict[str, float]:
    """How near the nearest counterparts of the words are in the other
    question: on average, and that of the loneliest word.
    """
    near = one.words @ other.words.T
    ours, theirs = near.max(1), near.max(0)
    low, high = sorted(
        (
            float(ours @ one.weights) / one.total,
            float(theirs @ other.weights) / other.total,
        )
    )
    lonely = 0.0
    if one.content_places.size and other.content_places.size:
        near = near[one.content_places[:, None], other.content_places]
        lonely = float(min(near.max(1).min(), near.max(0).min()))
    return {
        "covered": low,
        "covered_more": high,
        "lonely": float(min(ours.min(), theirs.min())),
        "lonely_content": lonely,
    }


def _by_words(one: Prepared, other: Prepared) -> dict[str, float]:
    """Letters and words in common, as shares; the length of the shorter."""
    count = min(len(one.said), len(other.said))
    same = (a == b for a, b in zip(one.said, other.said, strict=False))
    start = next((n for n, equal in enumerate(same) if not equal), count)
    couples = len(one.couples & other.couples)
    return {
        "letters": fuzz.ratio(one.spelling, other.spelling) / 100,
        "subset": fuzz.token_set_ratio(one.spelling, other.spelling) / 100,
        "couples": couples / len(one.couples | other.couples),
        "start": start / max(len(one.said), len(other.said)),
        "count": float(count),
    }


def _by_reading(one: Prepared, other: Prepared) -> dict[str, float]:
    """In what they differ: so many numbers, negations, names, symbols; and
    whether they ask alike.
    """
    ours, theirs = one.reading, other.reading
    numbers = Counter(ours.numbers)
    numbers.subtract(theirs.numbers)
    names = len(ours.names.difference(theirs.words))
    names += len(theirs.names.difference(ours.words))
    return {
        "numbers": float(sum(map(abs, numbers.values()))),
        "negations": float(abs(len(ours.denied) - len(theirs.denied))),
        "names": float(names),
        "symbols": float(len(one.symbols ^ other.symbols)),
        "small": float(len(ours.small ^ theirs.small)),
        "asking": float(one.asking == other.asking),
    }


def _unit(row: Matrix) -> Matrix:
    length = float(row @ row) ** 0.5
    return row / np.float32(length) if length > 0 else row
