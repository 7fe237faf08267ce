"""Two questions as a row of numbers: in what they agree, and how much.

The problem: a cosine is one number, and says neither whether two long
questions differ in one word nor whether that word matters. The idea: look at
the pair from twenty sides, each simple: how near is the nearest counterpart
of the word that has none, how alike are the beginnings, how many letters are
to be changed, how many numbers differ. `learned_check.py` weighs them.

Each number is the same whichever question comes first, and small changes of a
text change it little. What belongs to one question alone is worked out once
and kept (`Form`); a pair then costs some products of small matrices.

When it does not help: by itself it decides nothing. Beyond `max_words` words a
question is cut off: comparing each word with each other would take long.

Aligning each word with its nearest counterpart: Corley and Mihalcea, 2005.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cached_property

import numpy as np
import numpy.typing as npt
from rapidfuzz import fuzz

from optimizations.caching.english import STOP_WORDS, stem
from optimizations.caching.lru import LRUCache
from optimizations.caching.reading import Reading

Matrix = npt.NDArray[np.float32]
Vectors = Callable[[Sequence[str]], Matrix]
"""From texts to one row each, of length 1 or 0."""

SMALL_WORD = 0.3
"""The weight of a stop word; any other has 1."""

_SYMBOL = re.compile(r"[^\w\s.,:;!?'\"’‘“”()-]")
_ASKING = frozenset("what how why when where who which whose whom".split())
_WORD_BYTES = 200  # of a kept word, beside its vector
_FORM_BYTES = 6000  # of a kept form, beside the vectors of its words


class Form:
    """One question, prepared for comparing: `words` are rows of length 1,
    `weights` what each counts.
    """

    def __init__(
        self, text: str, said: list[str], words: Matrix, whole: Matrix
    ) -> None:
        self.text = text
        self.said = said
        self.words = words
        self.whole = whole
        self.stems = [stem(word) for word in said]
        self.stem_set = frozenset(self.stems)
        small = np.array([word in STOP_WORDS for word in said])
        self.weights = np.where(small, np.float32(SMALL_WORD), np.float32(1))
        self.total = float(self.weights.sum())
        self.weighted = words * self.weights[:, None]
        self.content_places = np.flatnonzero(~small)
        self.content = words[self.content_places].sum(0)
        self.head, self.tail = words[:3].sum(0), words[-3:].sum(0)

    @cached_property
    def spelling(self) -> str:
        """Small letters, without what stands at the ends."""
        return self.text.lower().strip(" ?!.")

    @cached_property
    def pairs(self) -> frozenset[tuple[str, str]]:
        """Each two stems in a row, and those at the ends."""
        return frozenset(
            zip(["", *self.stems], [*self.stems, ""], strict=True)
        )

    @cached_property
    def asking(self) -> list[str]:
        """The question words, in order."""
        return [word for word in self.said if word in _ASKING]

    @cached_property
    def symbols(self) -> frozenset[str]:
        """Signs that are no punctuation: a plus, a hash, a heart."""
        return frozenset(_SYMBOL.findall(self.text))

    @cached_property
    def reading(self) -> Reading:
        """For numbers, names and negations."""
        return Reading(self.text)


class Former:
    """Makes forms, and keeps the latest `max_forms` of them and the vectors of
    the latest `max_words_kept` words.
    """

    def __init__(
        self,
        vectors: Vectors,
        *,
        max_words: int = 60,
        max_forms: int = 500,
        max_words_kept: int = 5000,
    ) -> None:
        if not max_words >= 1:
            raise ValueError("max_words must be at least 1")
        self._vectors = vectors
        self._max_words = max_words
        self._forms: LRUCache[str, Form] = LRUCache(
            max_forms,
            size_of=lambda form: _FORM_BYTES + 2 * form.words.nbytes,
        )
        self._words: LRUCache[str, Matrix] = LRUCache(
            max_words_kept, size_of=lambda row: _WORD_BYTES + row.nbytes
        )

    def __call__(self, text: str) -> Form:
        form = self._forms.get(text)
        if form is None:
            said = Reading(text).words[: self._max_words] or ["?"]
            rows = self._rows([*said, text], keep=said)
            form = Form(text, said, rows[:-1], rows[-1])
            self._forms[text] = form
        return form

    def _rows(self, texts: list[str], keep: list[str]) -> Matrix:
        """The vectors of `texts`, those not known in one call."""
        known = {word: self._words.get(word) for word in keep}
        new = [text for text in dict.fromkeys(texts) if known.get(text) is None]
        made = dict(zip(new, self._vectors(new), strict=True))
        for word in known:
            if word in made:
                self._words[word] = made[word].copy()
        found = {**known, **made}
        return np.stack([found[text] for text in texts])
