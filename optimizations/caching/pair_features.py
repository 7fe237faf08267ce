"""Two questions as a row of numbers: in what they agree, and how much.

The problem: a cosine is one number, and says neither whether two long
questions differ in one word nor whether that word matters. The idea: look at
the pair from twenty sides, each simple: how near is the nearest counterpart
of the word that has none, how alike are the beginnings, how many letters are
to be changed, how many numbers differ. `learned_check.py` weighs them.

Each number is the same whichever question comes first, and small changes of a
text change it little. What belongs to one question alone is worked out once
and kept (`Form`); a pair then costs some products of small matrices.

When it does not help: by itself it decides nothing. Beyond `MAX_WORDS` words a
question is cut off: comparing each word with each other would take long.

Aligning each word with its nearest counterpart: Corley and Mihalcea, 2005.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
from rapidfuzz import fuzz

from optimizations.caching.english import STOP_WORDS, stem
from optimizations.caching.lru import LRUCache
from optimizations.caching.reading import Reading
from optimizations.caching.vocabulary import GENERAL, Vocabulary

Matrix = npt.NDArray[np.float32]
Vectors = Callable[[Sequence[str]], Matrix]
"""From texts to one row each, of length 1 or 0."""

MAX_WORDS = 200
SMALL_WORD = 0.3
"""The weight of a stop word; any other has 1."""

_SYMBOL = re.compile(r"[^\w\s.,:;!?'\"’‘“”()-]")
_FORM_BYTES = 12_000
_ASKING = frozenset("what how why when where who which whose whom".split())


class Form:
    """One question, prepared for comparing: `words` is a row for each of the
    words `said`, `whole` the row of them together.
    """

    def __init__(
        self, reading: Reading, said: list[str], words: Matrix, whole: Matrix
    ) -> None:
        self.reading = reading
        self.said = said
        self.spelling = " ".join(said)
        self.stems = [stem(word) for word in said]
        self.stem_set = frozenset(self.stems)
        self.couples = {*zip(["", *self.stems], [*self.stems, ""])}
        self.asking = [word for word in said if word in _ASKING]
        self.symbols = frozenset(_SYMBOL.findall(reading.text))
        small = [word in STOP_WORDS for word in said]
        self.weights = np.where(small, np.float32(SMALL_WORD), np.float32(1))
        self.total = float(self.weights.sum())
        self.content_places = np.flatnonzero(np.logical_not(small))
        self.words = words
        self.whole = whole
        self.content = _unit(words[self.content_places].sum(0))
        self.head = _unit(words[:3].sum(0))
        self.tail = _unit(words[-3:].sum(0))

    @property
    def bytes(self) -> int:
        """About what it takes."""
        return _FORM_BYTES + self.words.nbytes + 500 * len(self.said)


class Former:
    """Makes forms, and keeps the latest `max_forms` of them in `max_bytes`,
    and the rows of the latest `max_rows` words: a few thousand make up most of
    what is said.
    """

    def __init__(
        self,
        vectors: Vectors,
        vocabulary: Vocabulary = GENERAL,
        *,
        max_forms: int = 1000,
        max_bytes: int = 16 * 1024 * 1024,
        max_rows: int = 5000,
    ) -> None:
        self._vectors = vectors
        self._vocabulary = vocabulary
        self._rows: LRUCache[str, Matrix] = LRUCache(max_rows)
        self._forms: LRUCache[str, Form] = LRUCache(
            max_forms, max_bytes=max_bytes, size_of=lambda form: form.bytes
        )

    def __call__(self, text: str) -> Form:
        form = self._forms.get(text)
        if form is None:
            reading = Reading(text, self._vocabulary)
            said = Reading(reading.core).words[:MAX_WORDS] or ["?"]
            whole = self._vectors([" ".join(said)])[0]
            form = Form(reading, said, self._rows_of(said), whole)
            self._forms[text] = form
        return form

    def _rows_of(self, said: list[str]) -> Matrix:
        rows = {word: self._rows.get(word) for word in said}
        new = [word for word, row in rows.items() if row is None]
        if new:
            for word, row in zip(new, self._vectors(new), strict=True):
                # A copy, or the whole batch would be kept with it.
                rows[word] = self._rows[word] = row.copy()
        return np.stack([rows[word] for word in said])


def features(one: Form, other: Form) -> dict[str, float]:
    """In what two questions agree; each is explained where it is made."""
    return {
        **_by_meaning(one, other),
        **_by_counterpart(one, other),
        **_by_words(one, other),
        **_by_reading(one, other),
    }


def _by_meaning(one: Form, other: Form) -> dict[str, float]:
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
    return {
        "whole": float(one.whole @ other.whole),
        "content": float(one.content @ other.content),
        "head": float(one.head @ other.head),
        "tail": float(one.tail @ other.tail),
        "last": float(one.words[-1] @ other.words[-1]),
        "rest": rest,
        "shared": one.total - float(one.weights[left].sum()),
    }


def _by_counterpart(one: Form, other: Form) -> dict[str, float]:
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


def _by_words(one: Form, other: Form) -> dict[str, float]:
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


def _by_reading(one: Form, other: Form) -> dict[str, float]:
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
        "asking": float(one.asking == other.asking),
    }


def _unit(row: Matrix) -> Matrix:
    length = float(row @ row) ** 0.5
    return row / np.float32(length) if length > 0 else row
