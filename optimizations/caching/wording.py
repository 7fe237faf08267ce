"""What can be read out of a question without understanding it: its words, its
numbers, what it denies, who does what. `checks.py` compares two of these.

Everything here works on single words and their neighbours, for English. No
grammar is known, so an unusual sentence may be read wrongly; the comparison
then differs, and the model is asked.
"""

from __future__ import annotations

import re
from collections import Counter

from optimizations.caching.english import (
    BETWEEN_DOER_AND_VERB,
    NEGATIONS,
    NUMBERS,
    PERSONS,
    STOP_WORDS,
    UNITS,
    base,
    stem,
)

_WORD = re.compile(r"\d[\d.,:]*\d|\d|[^\W\d_]+(?:'[^\W\d_]+)*|[%€$£]")
_NAME = re.compile(r"(?<=[\w,'] )[A-Z][\w']*")
_KIND = re.compile(
    r"\b(?:where|when|why|who"
    r"|how (?:much|many|long|far|often|big|old|fast|heavy|wide|high|tall))\b"
)


def words(text: str) -> list[str]:
    """Words, numbers and signs in small letters.

    >>> words("I don't pay €8.95!")
    ['i', "don't", 'pay', '€', '8.95']
    """
    return _WORD.findall(text.lower().replace("’", "'"))


def stems(text: str) -> set[str]:
    """The words without their endings."""
    return {stem(word) for word in words(text)}


def content(text: str) -> list[str]:
    """The words that carry meaning, each as the stem of its synonyms. Numbers
    and their units are not among them.
    """
    said = words(text)
    return [
        base(word)
        for before, word in zip(["", *said], said, strict=False)
        if word not in STOP_WORDS
        and not _negates(word)
        and word[0].isalpha()
        and not _counts(before)
        and not _counts(word)
    ]


def numbers(text: str) -> Counter[tuple[str, str]]:
    """Each number with the word after it, or the sign before it."""
    said = ["", *words(text), ""]
    found: Counter[tuple[str, str]] = Counter()
    for before, word, after in zip(said, said[1:], said[2:], strict=False):
        number = NUMBERS.get(word, word).replace(",", "")
        if number[:1].isdigit():
            unit = stem(before if before in ("€", "$", "£") else after)
            unit = UNITS.get(unit, unit)
            found[number, "" if unit in STOP_WORDS else unit] += 1
    return found


def denied(text: str) -> list[str]:
    """For each negation, the next word that carries meaning."""
    said = words(text)
    return [
        next(iter(content(" ".join(said[place + 1 :]))), "")
        for place, word in enumerate(said)
        if _negates(word)
    ]


def roles(text: str) -> list[str]:
    """Who and what, in order."""
    return [
        PERSONS.get(word, stem(word))
        for word in words(text)
        if word in PERSONS or word not in STOP_WORDS
    ]


def doers(text: str) -> dict[str, str]:
    """From each verb that follows "I" or "you", perhaps after "would like
    to", to that person.
    """
    found: dict[str, str] = {}
    person = ""
    for word in words(text):
        if word in PERSONS:
            person = PERSONS[word]
        elif word not in BETWEEN_DOER_AND_VERB:
            if person and word not in STOP_WORDS:
                found.setdefault(base(word), person)
            person = ""
    return found


def names(text: str) -> set[str]:
    """The words with a capital that do not begin a sentence."""
    found = _NAME.findall(text.replace("’", "'"))
    return {name.lower() for name in found} - STOP_WORDS


def kind(text: str) -> str:
    """The question word that asks for something definite, or nothing."""
    found = _KIND.search(text.lower())
    return found.group() if found else ""


def _negates(word: str) -> bool:
    return word in NEGATIONS or word.endswith("n't")


def _counts(word: str) -> bool:
    return word[:1].isdigit() or word in NUMBERS
