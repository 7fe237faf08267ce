"""Which words of one text are misspelt in another.

The problem: to a rule that compares words, "pacrel" is another thing than
"parcel". The idea: people slip in few ways: two letters in the wrong order,
one too often, or a vowel left out. Those are typos; another letter makes
another word (contract, contact).

When it does not help: for texts that differ in more than a few words. Those
are other texts, and comparing each word with each would take long.
"""

from __future__ import annotations

MOST_TYPOS = 4
_LONG_ENOUGH = 6  # letters; among shorter words, slips are words: trial, trail


def typos(ours: set[str], theirs: set[str]) -> int:
    """How many words of one are misspelt in the other; 0 where more than a
    few differ: that is another text, and comparing would take long.
    """
    few, many = sorted((ours - theirs, theirs - ours), key=len)
    if len(few) > MOST_TYPOS:
        return 0
    return sum(any(_typo(word, other) for other in many) for word in few)


def _typo(one: str, other: str) -> bool:
    """Two letters in the wrong order, one too often, or a vowel left out.
    Other letters make other words: contract, contact.
    """
    short, long = sorted((one, other), key=len)
    if (
        len(long) < _LONG_ENOUGH
        or short[0] != long[0]
        or len(long) > len(short) + 1
    ):
        return False
    pairs = zip(short, long, strict=False)
    at = next((i for i, (a, b) in enumerate(pairs) if a != b), len(short))
    if len(short) == len(long):
        swapped = long[at + 1 : at + 2] + long[at : at + 1]
        return short[at:] == swapped + long[at + 2 :]
    left_out = long[at]
    return short[at:] == long[at + 1 :] and (
        left_out == long[at - 1] or left_out in "aeiouy"
    )
