"""A store that forgives typing: finds the question with nearly the same
letters.

The problem: "wheres my pacakge" has never been asked before, letter for
letter. The idea: count the letters to insert and delete until one question is
the other (`rapidfuzz` does it with bit-parallel arithmetic, many letters in
one step). The score goes from 0, nothing in common, to 100, the same but for
case and punctuation.

It is a tier of its own, before the semantic one or in its place: nothing is
embedded, and a threshold high enough for typing errors lets hardly anything
else through.

When it does not help: for other words with the same meaning ("track my
order"), which is what `semantic.py` is for. One letter may change everything
("order 70551", "order 70557"): the second check stays on. And each question
kept is compared, so a look-up takes longer the more there are, and the longer
they are: that of two long texts takes the square of their length.
"""

from __future__ import annotations

from rapidfuzz import fuzz, process, utils

from optimizations.caching.similar.checks import Check, disagreement
from optimizations.caching.similar.near import DAY_SECONDS, NearStore
from optimizations.caching.similar.partitions import Index, Place
from optimizations.caching.store import text_bytes


class FuzzyStore(NearStore[str]):
    """Answers to questions whose letters are alike; `threshold` from 0 to
    100.
    """

    same = 100.0

    def __init__(
        self,
        threshold: float = 85.0,
        *,
        name: str = "fuzzy",
        second_check: Check | None = disagreement,
        ttl_seconds: float = DAY_SECONDS,
        max_entries: int = 10_000,
        max_bytes: int = 64 * 1024 * 1024,
        max_question_chars: int = 300,
    ) -> None:
        if not 0 <= threshold <= 100:
            raise ValueError("threshold must be from 0 to 100")
        super().__init__(
            name=name,
            threshold=threshold,
            second_check=second_check,
            ttl_seconds=ttl_seconds,
            max_entries=max_entries,
            max_bytes=max_bytes,
            max_question_chars=max_question_chars,
        )

    async def _form(self, question: str) -> str | None:
        """Lower case, no punctuation; nothing where nothing is left."""
        return utils.default_process(question) or None

    def _form_bytes(self, form: str) -> int:
        return text_bytes(form)

    def _new_index(self) -> Index[str]:
        return LetterIndex()


class LetterIndex:
    """The most alike of many texts, by comparing with each whose length makes
    that possible.
    """

    def __init__(self) -> None:
        self._forms: dict[Place, str] = {}
        self._by_length: dict[int, dict[Place, str]] = {}

    def __len__(self) -> int:
        return len(self._forms)

    def add(self, key: Place, form: str) -> None:
        """Insert, or replace what is under `key`."""
        if key in self._forms:
            self.remove(key)
        self._forms[key] = form
        self._by_length.setdefault(len(form), {})[key] = form

    def remove(self, key: Place) -> None:
        """Forget what is under `key`."""
        length = len(self._forms.pop(key))
        del self._by_length[length][key]
        if not self._by_length[length]:
            del self._by_length[length]

    def nearest(
        self, form: str, k: int, at_least: float
    ) -> list[tuple[Place, float]]:
        """The `k` most alike with their scores from 0 to 100, of those that
        reach `at_least`.
        """
        found: list[tuple[str, float, Place]] = []
        for length, texts in self._by_length.items():
            # All letters of the shorter one, in both, cannot make up for it.
            both = len(form) + length
            if 200 * min(len(form), length) >= at_least * both:
                found += process.extract(
                    form,
                    texts,
                    scorer=fuzz.ratio,
                    limit=k,
                    score_cutoff=max(at_least, 0.0),
                )
        found.sort(key=lambda one: -one[1])
        return [(key, score) for _, score, key in found[:k]]
