"""A second look before a similar question gets a stored answer.

The problem: similarity sums up words, and the words that turn a question
around are small. "Can I pay with a card?" and "... without a card?", "order
70551" and "order 70557", "a kettle" and "a toaster" lie closer together than
most true paraphrases do, so no threshold separates them. The idea: before an
answer is served, compare just what a sum of words is blind to. Each rule is a
small function that says whether two questions agree in one respect; one
disagreement is enough to ask the model instead.

The rules are for English and know no subject. They err on the safe side: a
paraphrase that swaps one noun for another is sent to the model although its
answer was there. For another language, hand the store a check of its own;
`None` switches the second look off.

When it does not help: where two questions differ in a way that no single word
shows, or where the same words mean different things in different
conversations. For the latter a store searches only within one conversation's
history.

Opposite questions above the thresholds of nine encoders were reported to
GPTCache and to vLLM's semantic router; the classic checklist of such pairs is
CheckList (Ribeiro and others, 2020).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from difflib import SequenceMatcher

from optimizations.caching.english import OPPOSITES
from optimizations.caching.wording import (
    content,
    denied,
    doers,
    kind,
    names,
    numbers,
    roles,
    stems,
    words,
)

Check = Callable[[str, str], "str | None"]
"""Given the question asked and the one stored: the name of the rule by which
they differ, or None where one answer serves both.
"""

_MOST_TYPOS = 4
_PREFIXES = ("un", "in", "im", "dis", "non", "de")


def disagreement(asked: str, stored: str) -> str | None:
    """The first rule by which two questions differ, or None.

    >>> disagreement("May I pay with a card?", "May I pay without a card?")
    'negation'
    >>> disagreement("Where is my order?", "where's my order please")
    """
    for name, agree in RULES.items():
        if not agree(asked, stored):
            return name
    return None


def same_numbers(one: str, other: str) -> bool:
    """The same numbers, each with the same unit.

    >>> same_numbers("a voucher of 20 euros", "a €20 voucher")
    True
    >>> same_numbers("after 14 days", "after fourteen weeks")
    False
    """
    return numbers(one) == numbers(other)


def same_negation(one: str, other: str) -> bool:
    """As much is denied, and nothing that one denies is affirmed by the
    other.

    >>> same_negation("It has arrived.", "It hasn't arrived.")
    False
    >>> same_negation("not the app but the site", "not the site but the app")
    False
    """
    ours, theirs = denied(one), denied(other)
    affirmed = set(content(one)) - set(ours)
    affirmed_too = set(content(other)) - set(theirs)
    return (
        len(ours) == len(theirs)
        and affirmed_too.isdisjoint(ours)
        and affirmed.isdisjoint(theirs)
    )


def no_opposites(one: str, other: str) -> bool:
    """No word of one has its opposite in the other.

    >>> no_opposites("Can I come before noon?", "Can I come after noon?")
    False
    >>> no_opposites("How do I install it?", "How do I uninstall it?")
    False
    """
    ours, theirs = stems(one), stems(other)
    mine, yours = ours - theirs, theirs - ours
    return not any(_opposite(left, right) for left in mine for right in yours)


def same_order(one: str, other: str) -> bool:
    """The same words do not stand in another order: from here to there, you
    and me.

    >>> same_order("from Rome to Bonn", "from Bonn to Rome")
    False
    >>> same_order("Do I owe you?", "Do you owe me?")
    False
    """
    ours, theirs = roles(one), roles(other)
    return ours == theirs or Counter(ours) != Counter(theirs)


def same_doer(one: str, other: str) -> bool:
    """What I do in one, you do not do in the other.

    >>> same_doer("Where do I send it?", "Where do you send it today?")
    False
    >>> same_doer("I'd like to call you.", "I'd like you to call me.")
    False
    """
    ours, theirs = doers(one), doers(other)
    return all(ours[verb] == theirs[verb] for verb in ours.keys() & theirs)


def same_names(one: str, other: str) -> bool:
    """Whatever one writes with a capital, the other mentions too. The first
    word of a sentence has its capital anyway and does not count.

    >>> same_names("Do you ship to Norway?", "Do you ship?")
    False
    >>> same_names("Is the app on Android?", "is the app on android")
    True
    """
    return names(one) <= set(words(other)) and names(other) <= set(words(one))


def same_things(one: str, other: str) -> bool:
    """Nothing stands in the place of something else: of the words that only
    one has, none is left when typos are paired.

    >>> same_things("Is the lid of glass?", "Is the lid of steel?")
    False
    >>> same_things("Where is my parcel?", "Where is my pacrel now?")
    True
    """
    ours, theirs = set(content(one)), set(content(other))
    rivals = min(len(ours - theirs), len(theirs - ours))
    return rivals == _typos(ours, theirs)


def same_scope(one: str, other: str) -> bool:
    """At least half of what the longer question says, and something, is in
    the shorter one too.

    >>> same_scope("I lost my card", "I lost my card and want my money back"
    ...            " for the two taxis that a thief paid with it")
    False
    """
    ours = {*content(one), *(number for number, _ in numbers(one))}
    theirs = {*content(other), *(number for number, _ in numbers(other))}
    shared = len(ours & theirs) + _typos(ours, theirs)
    return shared > 0 and 2 * shared >= max(len(ours), len(theirs))


def same_kind(one: str, other: str) -> bool:
    """Not a place in one and a time in the other; and "why" in both or in
    neither.

    >>> same_kind("When do you open?", "Where do you open?")
    False
    >>> same_kind("Where is my order?", "Can you track my order?")
    True
    """
    ours, theirs = kind(one), kind(other)
    if "why" in (ours, theirs):
        return ours == theirs
    return ours == theirs or not (ours and theirs)


RULES: dict[str, Callable[[str, str], bool]] = {
    "numbers": same_numbers,
    "negation": same_negation,
    "opposites": no_opposites,
    "order": same_order,
    "doer": same_doer,
    "names": same_names,
    "things": same_things,
    "scope": same_scope,
    "kind": same_kind,
}


def _opposite(one: str, other: str) -> bool:
    short, long = sorted((one, other), key=len)
    return other in OPPOSITES.get(one, ()) or any(
        long == prefix + short for prefix in _PREFIXES
    )


def _typos(ours: set[str], theirs: set[str]) -> int:
    """How many words of one are misspelt in the other; 0 where more than a
    few differ: that is another text, and comparing would take long.
    """
    few, many = sorted((ours - theirs, theirs - ours), key=len)
    if len(few) > _MOST_TYPOS:
        return 0
    return sum(any(_typo(word, other) for other in many) for word in few)


def _typo(one: str, other: str) -> bool:
    one, other = sorted((one, other))  # the ratio depends on the order
    return (
        min(len(one), len(other)) > 3
        and one[0] == other[0]
        and SequenceMatcher(None, one, other).ratio() >= 0.8
    )
