"""The rules of the second check: in what two questions must agree.

The problem: an embedding sums up words, and a sum does not show a "not", a
number, an order of words. The idea: one small function for each of those. Each
is told two readings (`reading.py`), says whether they agree, and knows nothing
of the others. Their order only decides which objection is named.

When it does not help: with words that no rule knows; those it lets pass.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping

from optimizations.caching.similar.reading import Reading
from optimizations.caching.similar.typos import typos
from optimizations.caching.similar.vocabulary import GENERAL, Vocabulary

Rule = Callable[[Reading, Reading], bool]

MAX_WORDS = 60


def objection(
    one: Reading, other: Reading, rules: Mapping[str, Rule]
) -> str | None:
    """The first of some rules by which two questions differ, or None."""
    for name, agree in rules.items():
        if not agree(one, other):
            return name
    return None


def differ(
    asked: str, stored: str, vocabulary: Vocabulary = GENERAL
) -> str | None:
    """The first of all rules by which two texts differ, or None.

    >>> differ("May I pay with a card?", "May I pay without a card?")
    'negation'
    """
    one, other = Reading(asked, vocabulary), Reading(stored, vocabulary)
    return objection(one, other, RULES)


def same_numbers(one: Reading, other: Reading) -> bool:
    """The same numbers, each with the same unit.

    >>> differ("a voucher of 20 euros", "a €20 voucher")
    >>> differ("after 14 days", "after fourteen weeks")
    'numbers'
    """
    return one.numbers == other.numbers


def same_negation(one: Reading, other: Reading) -> bool:
    """As much is denied, and nothing that one denies is affirmed by the
    other.

    >>> differ("not the app but the site", "not the site but the app")
    'negation'
    """
    ours, theirs = one.denied, other.denied
    affirmed = set(one.content) - set(ours)
    affirmed_too = set(other.content) - set(theirs)
    return (
        len(ours) == len(theirs)
        and affirmed_too.isdisjoint(ours)
        and affirmed.isdisjoint(theirs)
    )


def no_opposites(one: Reading, other: Reading) -> bool:
    """No word of one has its opposite in the other.

    >>> differ("Can I come before noon?", "Can I come after noon?")
    'opposites'
    >>> differ("How do I install it?", "How do I uninstall it?")
    'opposites'
    """
    mine, yours = one.stems - other.stems, other.stems - one.stems
    opposed = one.vocabulary.opposed
    return not any(opposed(left, right) for left in mine for right in yours)


def same_members(one: Reading, other: Reading) -> bool:
    """They do not name two members of one family: two colours, two days of
    the week, two currencies.

    >>> differ("Is the blue one sold out?", "Is the red one sold out?")
    'members'
    """
    mine, yours = one.members, other.members
    return all(
        mine[family] <= yours[family] or yours[family] <= mine[family]
        for family in mine.keys() & yours
    )


def same_order(one: Reading, other: Reading) -> bool:
    """The same words do not stand in another order: from here to there, you
    and me.

    >>> differ("from Rome to Bonn", "from Bonn to Rome")
    'order'
    >>> differ("Do I owe you?", "Do you owe me?")
    'order'
    """
    ours, theirs = one.roles, other.roles
    return ours == theirs or Counter(ours) != Counter(theirs)


def same_doer(one: Reading, other: Reading) -> bool:
    """What I do in one, you do not do in the other.

    >>> differ("Where do I send it?", "Where do you send it today?")
    'doer'
    >>> differ("I'd like to call you.", "I'd like you to call me.")
    'doer'
    >>> differ("a parcel sent to you", "a parcel sent by you")
    'doer'
    """
    ours = one.doers | one.towards
    theirs = other.doers | other.towards
    return all(ours[verb] == theirs[verb] for verb in ours.keys() & theirs)


def same_particle(one: Reading, other: Reading) -> bool:
    """A verb that goes with "out" in one does so in the other.

    >>> differ("Can I rent a bike?", "Can I rent out a bike?")
    'particle'
    """
    if ("out" in one.words) == ("out" in other.words):
        return True
    return not (one.with_out & other.stems or other.with_out & one.stems)


def same_names(one: Reading, other: Reading) -> bool:
    """Whatever one writes with a capital, the other mentions too. The first
    word of a sentence has its capital anyway and does not count.

    >>> differ("Do you ship to Norway?", "Do you ship?")
    'names'
    >>> differ("Is the app on Android?", "is the app on android")
    """
    return one.names <= set(other.words) and other.names <= set(one.words)


def same_things(one: Reading, other: Reading) -> bool:
    """Of the words that only one has, none stands in the place of another's,
    typos aside.

    >>> differ("Does the lid fit?", "Does the handle fit?")
    'things'
    >>> differ("Where is my parcel?", "Where is my pacrel now?")
    """
    ours, theirs = _only_one_says(one, other)
    return min(len(ours), len(theirs)) == typos(ours, theirs)


def nothing_added(one: Reading, other: Reading) -> bool:
    """Neither says more than the other, typos aside: what is added narrows a
    question, or makes it another. And each says something.

    >>> differ("Is delivery free?", "Is delivery free abroad?")
    'additions'
    >>> differ("Is it?", "Is this?")
    'additions'
    """
    if not (one.content or other.content or one.numbers or other.numbers):
        return one.core.lower() == other.core.lower()
    return _say_the_same(one, other)


def _say_the_same(one: Reading, other: Reading) -> bool:
    """Whether the words that carry meaning are the same, typos aside."""
    ours, theirs = _only_one_says(one, other)
    return len(ours) == len(theirs) == typos(ours, theirs)


def _only_one_says(one: Reading, other: Reading) -> tuple[set[str], set[str]]:
    """The words, as they were written, that have no like in the other."""
    ours, theirs = set(one.content), set(other.content)
    return (
        {one.spelled.get(word, word) for word in ours - theirs},
        {other.spelled.get(word, word) for word in theirs - ours},
    )


def same_small_words(one: Reading, other: Reading) -> bool:
    """Where all else is the same, each small word that makes a difference is
    in both.

    >>> differ("Where do you deliver?", "Where do you deliver from?")
    'small words'
    >>> differ("Can I return it?", "When can I return it?")
    'small words'
    >>> differ("Can I pay by card?", "Is it possible to pay with card?")
    """
    return one.small == other.small or not _say_the_same(one, other)


def same_tense(one: Reading, other: Reading) -> bool:
    """What is over in one is over in the other.

    >>> differ("When do you ship it?", "When did you ship it?")
    'tense'
    >>> differ("Did you ship it?", "Have you shipped it?")
    """
    return ("did" in one.small) == ("did" in other.small)


def same_mood(one: Reading, other: Reading) -> bool:
    """What must be done in one is not what may be done in the other.

    >>> differ("May I pay by card?", "Must I pay by card?")
    'mood'
    """
    ours, theirs = one.moods, other.moods
    return not (ours and theirs) or not ours.isdisjoint(theirs)


def same_person(one: Reading, other: Reading) -> bool:
    """About him, or her, in both or in neither; and what is mine in one is
    not yours in the other.

    >>> differ("Can I see my orders?", "Can I see her orders?")
    'person'
    >>> differ("What is my address?", "What is your address?")
    'person'
    """
    ours, theirs = one.owners, other.owners
    return one.third_persons == other.third_persons and (
        not (ours and theirs) or not ours.isdisjoint(theirs)
    )


def same_kind(one: Reading, other: Reading) -> bool:
    """Not a place in one and a time in the other; and "why" in both or in
    neither.

    >>> differ("When do you open?", "Where do you open?")
    'kind'
    """
    ours, theirs = one.kind, other.kind
    if "why" in (ours, theirs):
        return ours == theirs
    return not (ours and theirs) or ours == theirs


def short_enough(one: Reading, other: Reading) -> bool:
    """Both are no letters or essays: comparing those would take long."""
    return max(len(one.words), len(other.words)) <= MAX_WORDS


def both_english(one: Reading, other: Reading) -> bool:
    """Both are in the language that these rules know.

    >>> differ("Kann ich mit Karte zahlen?", "Kann ich bar zahlen?")
    'language'
    """
    return one.english and other.english


def same_symbols(one: Reading, other: Reading) -> bool:
    """The same signs of reckoning, and of names such as C++.

    >>> differ("What is 12 + 30?", "What is 12 - 30?")
    'symbols'
    """
    return one.symbols == other.symbols


RULES: dict[str, Rule] = {
    "length": short_enough,
    "language": both_english,
    "symbols": same_symbols,
    "numbers": same_numbers,
    "negation": same_negation,
    "opposites": no_opposites,
    "members": same_members,
    "person": same_person,
    "order": same_order,
    "doer": same_doer,
    "particle": same_particle,
    "tense": same_tense,
    "mood": same_mood,
    "names": same_names,
    "kind": same_kind,
    "small words": same_small_words,
    "things": same_things,
    "additions": nothing_added,
}

WEAK = frozenset({"things", "additions"})
"""They refuse most paraphrases; `learned_check.py` may overrule them."""

SURE = {name: rule for name, rule in RULES.items() if name not in WEAK}
