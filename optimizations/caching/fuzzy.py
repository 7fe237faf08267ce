"""A store that forgives typing: finds the question with nearly the same
letters.

The problem: "wheres my pacakge" has never been asked before, letter for
letter. The idea: count the letters to insert and delete until one question is
the other (`rapidfuzz` does it with bit-parallel arithmetic, many letters in
one step). The score goes from 0, nothing in common, to 100, the
same but for case and punctuation.

When it does not help: for other words with the same meaning ("track my
order"), which is what `semantic.py` is for. And one letter may change
everything ("order 70551", "order 70557"): the second check stays on.
"""

from __future__ import annotations

from rapidfuzz import fuzz, process, utils

from optimizations.caching.checks import Check, disagreement
from optimizations.caching.near import Index, NearStore, Place


class FuzzyStore(NearStore[str]):
    """Answers to questions whose letters are alike; `threshold` from 0 to
    100.
    """

    def __init__(
        self,
        threshold: float = 85.0,
        *,
        name: str = "fuzzy",
        second_check: Check | None = disagreement,
        max_entries: int = 10_000,
        max_bytes: int = 64 * 1024 * 1024,
        max_question_chars: int = 2000,
    ) -> None:
        if not 0 <= threshold <= 100:
            raise ValueError("threshold must be from 0 to 100")
        super().__init__(
            name=name,
            threshold=threshold,
            second_check=second_check,
            max_entries=max_entries,
            max_bytes=max_bytes,
            max_question_chars=max_question_chars,
        )

    def _form(self, question: str) -> str | None:
        """Lower case, no punctuation; nothing where nothing is left."""
        return utils.default_process(question) or None

    def _form_bytes(self, form: str) -> int:
        return 2 * len(form)

    def _new_index(self) -> Index[str]:
        return LetterIndex()


class LetterIndex:
    """The most alike of many texts, by comparing with each."""

    def __init__(self) -> None:
        self._texts: dict[Place, str] = {}

    def __len__(self) -> int:
        return len(self._texts)

    def add(self, key: Place, form: str) -> None:
        """Insert, or replace what is under `key`."""
        self._texts[key] = form

    def remove(self, key: Place) -> None:
        """Forget what is under `key`."""
        del self._texts[key]

    def nearest(self, form: str, k: int) -> list[tuple[Place, float]]:
        """The `k` most alike with their scores from 0 to 100."""
        found = process.extract(form, self._texts, scorer=fuzz.ratio, limit=k)
        return [(key, score) for _, score, key in found]
