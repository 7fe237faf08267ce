"""Each word that a vocabulary lists can be met, and counts as one thing."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import pytest

from optimizations.caching.similar.checks import DEFAULT
from optimizations.caching.similar.english import (
    BETWEEN_DOER_AND_VERB,
    NEGATIONS,
    NUMBERS,
    OWNERS,
    PERSONS,
    SAID_LIKE,
    STOP_WORDS,
    TOWARDS,
    UNITS,
    UNSAID,
    stem,
)
from optimizations.caching.similar.reading import Reading
from optimizations.caching.similar.rules import RULES
from optimizations.caching.similar.shop import SHOP
from optimizations.caching.similar.vocabulary import GENERAL, Vocabulary

GROUPS = [group.split() for group in DEFAULT.synonyms.split(";")]
FAMILIES = [family.split() for family in DEFAULT.families.split(";")]
PAIRS = [pair.split("/") for pair in DEFAULT.opposites.split()]


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group[0])
def test_every_synonym_can_be_met_and_counts_as_its_group(
    group: list[str],
) -> None:
    """ "send_back" is never one word of a question."""
    assert len(group) > 1
    for word in group:
        assert Reading(f"the {word}", DEFAULT).content == [stem(group[0])]


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family[0])
def test_no_member_of_a_family_stands_for_another(family: list[str]) -> None:
    for one, other in pairwise(family):
        readings = Reading(f"a {one} cup", DEFAULT), Reading(other, DEFAULT)
        same = DEFAULT.base(one) == DEFAULT.base(other)
        assert RULES["members"](*readings) == same


@pytest.mark.parametrize("pair", PAIRS, ids="/".join)
def test_every_pair_of_opposites_is_noticed(pair: list[str]) -> None:
    one, other = (Reading(word, DEFAULT) for word in pair)
    assert not RULES["opposites"](one, other)
    assert not RULES["opposites"](other, one)
    assert DEFAULT.base(pair[0]) != DEFAULT.base(pair[1])


@pytest.mark.parametrize(
    "listed",
    [
        STOP_WORDS,
        UNSAID,
        SAID_LIKE,
        OWNERS,
        NEGATIONS,
        NUMBERS,
        PERSONS,
        BETWEEN_DOER_AND_VERB,
        TOWARDS,
    ],
)
def test_every_small_word_can_be_met(listed: Iterable[str]) -> None:
    for word in listed:
        assert Reading(f"it {word} is").words == ["it", word, "is"]


@pytest.mark.parametrize("word", UNITS)
def test_every_unit_can_be_met(word: str) -> None:
    text = f"{word}5" if word in ("€", "$", "£") else f"5 {word}"
    assert Reading(text).numbers == {("5", UNITS[word]): 1}


def test_what_may_be_left_out_or_said_otherwise_is_a_stop_word() -> None:
    assert UNSAID | SAID_LIKE.keys() <= STOP_WORDS
    assert set(SAID_LIKE.values()) <= STOP_WORDS


def test_no_pair_is_listed_twice() -> None:
    assert len({frozenset(pair) for pair in PAIRS}) == len(PAIRS)


def test_a_word_in_two_groups_is_refused() -> None:
    """ "make" stood for "earn" or for "create", whichever came last."""
    with pytest.raises(ValueError, match="'make' is in two groups"):
        Vocabulary("earn make; create make build")
    with pytest.raises(ValueError, match="'reds' is in two groups"):
        Vocabulary(families="red blue; reds whites")
    with pytest.raises(ValueError, match="'ships' is in two groups"):
        SHOP + Vocabulary("boats ships")


def test_two_vocabularies_together_know_what_each_knows() -> None:
    both = GENERAL + SHOP
    assert both.base("vouchers") == both.base("coupon")
    assert both.base("huge") != both.base("large") == both.base("big")
    assert both.opposed("up", "down")
    cheap, dear = stem("cheap"), stem("expensive")
    assert both.opposed(cheap, dear)
    assert not GENERAL.opposed(cheap, dear)
