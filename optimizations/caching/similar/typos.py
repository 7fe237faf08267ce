"""Which words of one text are misspelt in another.

The problem: to a rule that compares words, "pacrel" is another thing than
"parcel". The idea: people slip in few ways: two letters in the wrong order,
one too often, or a vowel left out. Those are typos; another letter makes
another word (contract, contact).

When it does not help: a slip may be another word, and among short words often
is (dinner, diner), so those are left alone; of longer ones only the usual are
known (`BOTH_WORDS`), for no dictionary is at hand. And texts that differ in
more than a few words are other texts.
"""

from __future__ import annotations

MOST_TYPOS = 4
BOTH_WORDS = [
    {"causal", "casual"},
    {"silver", "sliver"},
    {"sacred", "scared"},
    {"united", "untied"},
    {"barley", "barely"},
    {"signed", "singed"},
    {"marital", "martial"},
    {"premier", "premiere"},
]
"""A slip apart, and each of them a word."""
_LONG_ENOUGH, _VERY_LONG = 6, 8  # letters


def typos(ours: set[str], theirs: set[str]) -> int:
    """How many words, or stems, of one are misspelt in the other; 0 where
    more than a few differ: comparing each with each would take long.
    """
    few, many = sorted((ours - theirs, theirs - ours), key=len)
    if len(few) > MOST_TYPOS:
        return 0
    left = sorted(many)  # each is the typo of one word
    for word in sorted(few):
        slip = next((other for other in left if _typo(word, other)), None)
        if slip is not None:
            left.remove(slip)
    return len(many) - len(left)


def _typo(one: str, other: str) -> bool:
    """Two letters in the wrong order, one too often, or a vowel left out.
    Other letters make other words: contract, contact.
    """
    short, long = sorted((one, other), key=len)
    if (
        len(long) < _LONG_ENOUGH
        or short[0] != long[0]
        or len(long) > len(short) + 1
        or {one, other} in BOTH_WORDS
    ):
        return False
    pairs = zip(short, long, strict=False)
    at = next((i for i, (a, b) in enumerate(pairs) if a != b), len(short))
    if len(short) == len(long):
        swapped = long[at + 1 : at + 2] + long[at : at + 1]
        return short[at:] == swapped + long[at + 2 :]
    left_out = long[at]
    return (
        len(long) >= _VERY_LONG
        and short[at:] == long[at + 1 :]
        and (left_out == long[at - 1] or left_out in "aeiouy")
    )
