"""What can be read out of a question without understanding it: its words, its
numbers, what it denies, who does what. `rules.py` compares two readings.

Everything here works on single words and their neighbours, for English. No
grammar is known, so an unusual sentence may be read wrongly; the comparison
then differs, and the model is asked.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import cached_property
from itertools import pairwise

from optimizations.caching.similar import phrasing, pieces
from optimizations.caching.similar.english import (
    BETWEEN_DOER_AND_VERB,
    MOODS,
    NEGATIONS,
    NUMBERS,
    OWNERS,
    PERSONS,
    SAID_LIKE,
    STOP_WORDS,
    THIRD_PERSONS,
    TOWARDS,
    UNITS,
    UNSAID,
    stem,
)
from optimizations.caching.similar.pieces import MONEY_SIGNS
from optimizations.caching.similar.vocabulary import GENERAL, Vocabulary

_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_SENTENCE_WORDS = 4  # fewer may do without any


class Reading:
    """A question as its parts. Each is read when it is first asked for."""

    def __init__(self, text: str, vocabulary: Vocabulary = GENERAL) -> None:
        self.text = pieces.plain(text)
        self.vocabulary = vocabulary

    @cached_property
    def core(self) -> str:
        """The text without a greeting in front or thanks behind, nor "could
        you tell me".
        """
        return phrasing.asked(pieces.core(self.text))

    @cached_property
    def words(self) -> list[str]:
        """Words, numbers and signs of the `core`, in small letters."""
        return pieces.words(self.core)

    @cached_property
    def symbols(self) -> Counter[str]:
        """Signs that reckon, and those in names."""
        return Counter(pieces.symbols(self.text))

    @cached_property
    def english(self) -> bool:
        """Whether it may be: Latin letters, and in a sentence one of the words
        that hardly any English sentence does without.
        """
        if not pieces.latin(self.text):
            return False
        few = len(self.words) < _SENTENCE_WORDS
        return few or not STOP_WORDS.isdisjoint(self.words)

    @cached_property
    def stems(self) -> set[str]:
        """The words without their endings."""
        return {stem(word) for word in self.words}

    @cached_property
    def content(self) -> list[str]:
        """The words that carry meaning, each as the stem of its synonyms.
        Numbers and their units are not among them.

        >>> Reading("Could you fix my 2 m cable?").content
        ['fix', 'cabl']
        >>> Reading("a €20 voucher").content
        ['voucher']
        """
        return self._content(self.words)

    @cached_property
    def small(self) -> frozenset[str]:
        """The small words that make a difference: which way, when, whether one
        may. Of those that say the same, the first.

        >>> sorted(Reading("Was it sent to our shop?").small)
        ['be', 'did', 'to']
        >>> sorted(Reading("Could you tell me which one I need?").small)
        ['i', 'need', 'what']
        """
        said = pieces.words(phrasing.shortest(self.core))
        small = {SAID_LIKE.get(w, w) for w in said if w in STOP_WORDS}
        return frozenset(small - UNSAID)

    @cached_property
    def owners(self) -> set[str]:
        """Whose things it is about.

        >>> Reading("Is my order in your warehouse?").owners == {"I", "you"}
        True
        """
        return {OWNERS[word] for word in self.words if word in OWNERS}

    @cached_property
    def spelled(self) -> dict[str, str]:
        """From each word of `content` to its stem as it was written, before a
        synonym took its place.
        """
        return {self.vocabulary.base(w): stem(w) for w in self.words}

    @cached_property
    def numbers(self) -> Counter[tuple[str, str]]:
        """Each number with the word after it, or the sign before it."""
        said = ["", *self.words, ""]
        found: Counter[tuple[str, str]] = Counter()
        for before, word, after in zip(said, said[1:], said[2:], strict=False):
            number = _THOUSANDS.sub("", NUMBERS.get(word, word))
            if number.startswith("."):
                number = f"0{number}"
            if number[:1].isdigit():
                unit = stem(before if before in MONEY_SIGNS else after)
                unit = UNITS.get(unit, unit)
                found[number, "" if unit in STOP_WORDS else unit] += 1
        return found

    @cached_property
    def denied(self) -> list[str]:
        """For each negation, the next word that carries meaning.

        >>> Reading("It isn't red and never green").denied
        ['red', 'green']
        """
        return [
            next(iter(self._content(self.words[place + 1 :])), "")
            for place, word in enumerate(self.words)
            if _negates(word)
        ]

    @cached_property
    def roles(self) -> list[str]:
        """Who and what, in order."""
        return [
            PERSONS.get(word, stem(word))
            for word in self.words
            if word in PERSONS
            or (word not in STOP_WORDS and word not in MONEY_SIGNS)
        ]

    @cached_property
    def doers(self) -> dict[str, str]:
        """From each verb that follows "I" or "you", perhaps after "would like
        to", to that person.

        >>> Reading("I'd like to call you").doers
        {'call': 'I'}
        """
        found: dict[str, str] = {}
        person = ""
        for word in self.words:
            if word in PERSONS:
                person = PERSONS[word]
            elif word not in BETWEEN_DOER_AND_VERB:
                if person and word not in STOP_WORDS:
                    found.setdefault(self.vocabulary.base(word), person)
                person = ""
        return found

    @cached_property
    def towards(self) -> dict[str, str]:
        """From "I" and "you" to the small word that leads there.

        >>> Reading("a parcel from me to you").towards
        {'I': 'from', 'you': 'to'}
        """
        return {
            PERSONS[word]: before
            for before, word in pairwise(self.words)
            if before in TOWARDS and word in ("me", "us", "you")
        }

    @cached_property
    def moods(self) -> set[str]:
        """Whether it speaks of what one must do, may do, or did.

        >>> Reading("Do I have to pay?").moods
        {'must'}
        """
        said = " ".join(self.words)
        return {
            mood for mood, pattern in MOODS.items() if pattern.search(said)
        }

    @cached_property
    def third_persons(self) -> set[str]:
        """Whether it is about him, or about her.

        >>> Reading("cancel his order").third_persons
        {'he'}
        """
        return {
            person
            for person, words in THIRD_PERSONS.items()
            if not words.isdisjoint(self.words)
        }

    @cached_property
    def with_out(self) -> set[str]:
        """The stems of the words that "out" follows: rent out, sold out.

        >>> Reading("Is it sold out?").with_out
        {'sell'}
        """
        return {
            stem(before)
            for before, word in pairwise(self.words)
            if word == "out" and before not in STOP_WORDS
        }

    @cached_property
    def members(self) -> dict[str, set[str]]:
        """From each family to those of its members that are mentioned.

        >>> Reading("red, on Friday", GENERAL).members
        {'red': {'red'}, 'monday': {'friday'}}
        """
        found: dict[str, set[str]] = {}
        for word in self.words:
            if family := self.vocabulary.family(word):
                found.setdefault(family, set()).add(self.vocabulary.base(word))
        return found

    @cached_property
    def names(self) -> set[str]:
        """The words with a capital that do not begin a sentence; of the small
        words only those in capitals: the US.
        """
        return {
            name.lower()
            for name in pieces.names(self.text)
            if name.lower() not in STOP_WORDS or _in_capitals(name)
        }

    @cached_property
    def kind(self) -> str:
        """The question word that asks for something definite, or nothing."""
        return pieces.kind(self.text)

    def _content(self, said: list[str]) -> list[str]:
        padded = ["", "", *said]
        return [
            self.vocabulary.base(word)
            for sign, before, word in zip(
                padded, padded[1:], said, strict=False
            )
            if word not in STOP_WORDS
            and not _negates(word)
            and word[0].isalpha()
            and not _counts(word)
            # after a number it is a unit, unless a sign is that already
            and not (_counts(before) and sign not in MONEY_SIGNS)
        ]


def _negates(word: str) -> bool:
    return word in NEGATIONS or word.endswith("n't")


def _counts(word: str) -> bool:
    return word.lstrip(".")[:1].isdigit() or word in NUMBERS


def _in_capitals(name: str) -> bool:
    return len(name) > 1 and name.isupper()
