"""Two questions that need different answers are told apart, whatever they are
about. None of these sentences is in the question bank.
"""

from __future__ import annotations

import pytest

from optimizations.caching.similar.checks import disagreement
from optimizations.caching.similar.vocabulary import GENERAL, Vocabulary

SAME = [
    ("How do I reset my password?", "how can I reset my password"),
    ("Can I pay with 2 cards?", "Can I pay with two cards, please?"),
    ("Is shipping free over €50?", "is shipping free over 50 euros?"),
    ("Where is my parcel?", "Where's my package right now?"),
    ("My order hasn't come.", "My order has not come."),
    ("Which lamps do you have?", "What lamps do you have?"),
    ("Does it need 1,000 watts?", "Does it need 1000 watts?"),
    ("Where is my parcel?", "where is my pacrel"),
    ("I can’t log in", "I can't log in"),
    ("Have you sent it out?", "Did you send it out?"),
    ("Can I pay by card?", "Am I able to pay by card?"),
    ("Can I pay by card?", "Can I pay with card?"),
    ("Where's my package?", "wheres my pacakge"),
    ("Where is my parcel?", "Could you tell me where my parcel is?"),
    ("Do I have to pay by card?", "Must I pay with a card?"),
    ("How do I pay?", "I'd like to know how I can pay."),
    ("Cancel my order", "I want to cancel my order, please"),
    ("Do you have lamps?", "Have you got any lamps?"),
    ("a 20€ voucher", "a €20 voucher"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_one_answer_serves_both(one: str, other: str) -> None:
    assert disagreement(one, other) is None
    assert disagreement(other, one) is None


def test_what_a_trade_calls_its_things_is_handed_in() -> None:
    pair = "Where is my parcel?", "Where is my package?"
    zoo = Vocabulary("lion cat", "tame/wild")
    cats = "Is the cat big?", "Is the lion big?"
    tame = "Are wild lions there?", "Are tame lions there?"
    assert disagreement(*pair) is None  # a shop, unless somebody says else
    assert disagreement(*pair, GENERAL + zoo) == "things"
    assert disagreement(*cats) == "things"
    assert disagreement(*cats, GENERAL + zoo) is None
    assert disagreement(*tame, GENERAL + zoo) == "opposites"


def test_long_questions_are_compared_quickly() -> None:
    """Each word against each other one would block the loop for seconds."""
    words = [f"word{chr(97 + n % 26)}{n}" for n in range(300)]
    one, other = " ".join(words[:150]), " ".join(words[150:])
    assert disagreement(one, other) is not None


OPPOSITES = [
    ("What is 12 + 30?", "What is 12 - 30?"),
    ("Can I store it at -5 degrees?", "Can I store it at 5 degrees?"),
    ("Is 1,5 l of milk enough?", "Is 15 l of milk enough?"),
    ("Kann ich mit Karte zahlen?", "Kann ich nicht mit Karte zahlen?"),
    ("我可以用信用卡付款吗", "我不可以用信用卡付款吗"),
    ("How do I sort a list in C++?", "How do I sort a list in C#?"),
    ("Do you ship to austria?", "Do you ship to australia?"),
    ("Where is the contract?", "Where is the contact?"),
    ("How long is the trial?", "How long is the trail?"),
    ("Do you sell paints?", "Do you sell pants?"),
    ("Do you sell capes?", "Do you sell caps?"),
    ("Where is my car?", "Where is my care?"),
    ("Is the galaxy s23 in stock?", "Is the galaxy a23 in stock?"),
    ("Is model i7 in stock?", "Is model a7 in stock?"),
    ("Where is order a12?", "Where is order 12?"),
    ("How do I charge my phones?", "What do my phones cost?"),
    ("What does it cost to charge the lamp?", "What does the lamp cost?"),
    ("Where do I sign the contract?", "Where do I log the contract?"),
    ("What is your mail address?", "What is your email address?"),
    ("How much is the ring?", "How much is the phone?"),
    ("Where is order 12a?", "Where is order 12b?"),
    ("What is 5²?", "What is 52?"),
    ("A ½ kilo bag", "A ¾ kilo bag"),
    ("A ¥500 voucher", "A ₹500 voucher"),
    ("Can I store it at −20 degrees?", "Can I store it at 20 degrees?"),
    ("Is it ≤ 50 euros?", "Is it ≥ 50 euros?"),
    ("What is the % column?", "What is the € column?"),
    ("If I don´t have it?", "If I do have it?"),
    ("Is it non-refundable?", "Is it refundable?"),
    ("Do you ship to the US?", "Do you ship to the UK?"),
    ("Was I charged twice?", "Will I be charged twice?"),
    (
        "Has my order been cancelled?",
        "Can my order be cancelled?",
    ),
    (
        "When do you ship?",
        "When did you ship?",
    ),
    (
        "Will my card be charged?",
        "Has my card been charged?",
    ),
    (
        "Have I got a refund?",
        "Can I get a refund?",
    ),
    (
        "Did I pay twice?",
        "Do I pay twice?",
    ),
    (
        "What do I pay for the card?",
        "What do I pay with the card?",
    ),
    (
        "Are you closed for two weeks?",
        "Are you closed in two weeks?",
    ),
    (
        "Are you open from Monday?",
        "Are you open on Monday?",
    ),
    (
        "Is it a present from Anna?",
        "Is it a present for Anna?",
    ),
    (
        "Where do you deliver?",
        "Where do you deliver from?",
    ),
    (
        "What is the parcel?",
        "What is in the parcel?",
    ),
    (
        "Is the lamp for sale?",
        "Is the lamp on sale?",
    ),
    (
        "What is the price of the card?",
        "What is the price with the card?",
    ),
    (
        "Do I need a password?",
        "Do I get a password?",
    ),
    (
        "Do I have a password?",
        "Do I need a password?",
    ),
    (
        "Can I return some items?",
        "Can I return all items?",
    ),
    (
        "Can I return any items?",
        "Can I return all items?",
    ),
    (
        "Can I see their orders?",
        "Can I see my orders?",
    ),
    (
        "Is the parcel too heavy?",
        "Is the parcel heavy?",
    ),
    (
        "Where is my book?",
        "Where is my booking?",
    ),
    (
        "Do you sell paint?",
        "Do you sell paintings?",
    ),
    (
        "Where are the customers?",
        "Where are the customs?",
    ),
    (
        "Do you sell baskets?",
        "Do you sell carts?",
    ),
    (
        "Is the firm good?",
        "Is the company good?",
    ),
    (
        "Is it a casual link?",
        "Is it a causal link?",
    ),
    (
        "Is .5 l of milk enough?",
        "Is 5 l of milk enough?",
    ),
    (
        "When can I return it?",
        "Can I return it?",
    ),
    (
        "What is your email address?",
        "What is my email address?",
    ),
    (
        "How quickly do you ship?",
        "How do you ship?",
    ),
    (
        "Do I charge the card?",
        "Am I charged by card?",
    ),
    (
        "Can I put it in the oven?",
        "Can I put it on the oven?",
    ),
    (
        "Is it my reserve order?",
        "Is it my reverse order?",
    ),
    (
        "Do you have lamps?",
        "Did you have lamps?",
    ),
    (
        "Can you call me?",
        "Can I call you?",
    ),
    (
        "Do you refund me?",
        "Do I refund you?",
    ),
    (
        "How is it made?",
        "Where is it made?",
    ),
    (
        "Who ships it?",
        "Do you ship it?",
    ),
    (
        "What if it breaks?",
        "When does it break?",
    ),
    (
        "Can I get an invoice?",
        "Can I get a receipt?",
    ),
    (
        "Is it the right size?",
        "Is it the size?",
    ),
]


@pytest.mark.parametrize(("asked", "stored"), OPPOSITES)
def test_signs_languages_and_real_words_are_no_typos(
    asked: str, stored: str
) -> None:
    """Each of these was taken for the same question."""
    assert disagreement(asked, stored) is not None


def test_crafted_questions_hold_nobody_up() -> None:
    """Five hundred words each were compared with each: 0.4 s a pair."""
    words = [
        f"{a}{b}x" for a in "abcdefghijklmnopqrst" for b in "abcdefghijkl"
    ]
    asked, stored = " ".join(words), " ".join(reversed(words))
    assert disagreement(asked, stored) == "length"
