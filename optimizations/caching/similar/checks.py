"""A second check before a similar question gets a stored answer.

The problem: similarity sums up words, and the words that turn a question
around are small. "Can I pay with a card?" and "... without a card?", "order
70551" and "order 70557", "a kettle" and "a toaster" lie closer together than
most true paraphrases do, so no threshold separates them. The idea: before an
answer is served, compare just what a sum of words is blind to. Each rule says
whether two questions agree in one respect (`rules.py`); one disagreement is
enough to ask the model instead.

The rules are for English and err on the safe side: a paraphrase that swaps one
noun or preposition for another, or says one more word, is sent to the model
although its answer was there, unless the `vocabulary` knows two words for
synonyms; `learned_check.py` finds more of them. What a rule knows of words is
general English and, by default, the words of a shop; for another trade hand in
yours. For another language, hand the store a check of its own; `None` switches
the second check off.

When it does not help: where two questions differ in a way that no single word
shows, or where the same words mean different things in different
conversations. For the latter a store searches only within one conversation's
history.

Opposite questions above the thresholds of nine encoders were reported to
GPTCache and to vLLM's semantic router; the classic checklist of such pairs is
CheckList (Ribeiro and others, 2020).
"""

from __future__ import annotations

from collections.abc import Callable

from optimizations.caching.similar.rules import differ
from optimizations.caching.similar.shop import SHOP
from optimizations.caching.similar.vocabulary import GENERAL, Vocabulary

Check = Callable[[str, str], "str | None"]
"""Given the question asked and the one stored: the name of the rule by which
they differ, or None where one answer serves both.
"""

DEFAULT = GENERAL + SHOP
"""The vocabulary, where none is handed in."""


def disagreement(
    asked: str, stored: str, vocabulary: Vocabulary = DEFAULT
) -> str | None:
    """The first rule by which two questions differ, or None.

    >>> disagreement("May I pay with a card?", "May I pay without a card?")
    'negation'
    >>> disagreement("Where is my order?", "where's my order please")
    """
    return differ(asked, stored, vocabulary)
