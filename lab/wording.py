"""The same question as different people type it, and what it comes down to.

A question bank has a few phrasings of each wish; people have many more. Most
differ in little: a greeting in front, a thank-you behind, no capital, no
question mark. To an exact cache each is a new question. So traffic may
`reword` what it draws, and whoever answers looks only at the `core`, which no
such change touches: the right answer stays the right one.

When it does not help: real people also change the words that matter. Those
phrasings have to come from the bank.
"""

from __future__ import annotations

from dataclasses import replace
from random import Random

from lab.questions import Bank
from optimizations.llm import Message, Request

GREETINGS = ("hi, ", "hello, ", "hey, ", "good morning, ", "hi there, ")
THANKS = (" please", " thanks", " thank you", "!!")
_MARKS = " ?!.,"


def reword(text: str, draws: Random) -> str:
    """Change at least one thing that does not matter."""
    changes = [_greeted, _thanked, _hurried]
    for change in draws.sample(changes, draws.randint(1, 2)):
        text = change(text, draws)
    return text


def core(text: str) -> str:
    """What `reword` leaves as it is.

    >>> core("Hello, where is my parcel? please") == core("Where is my parcel")
    True
    """
    text = text.casefold().strip(_MARKS)
    shorter = ""
    while shorter != text:
        shorter = text
        for greeting in GREETINGS:
            text = text.removeprefix(greeting)
        for thanks in THANKS:
            text = text.removesuffix(thanks.rstrip(_MARKS) or thanks)
        text = text.strip(_MARKS)
    return text


class Understanding:
    """Answers a reworded question of the bank as the bank answers the
    original.
    """

    def __init__(self, bank: Bank) -> None:
        self._bank = bank
        near = (
            text
            for miss in bank.near_misses
            for text in (miss.first, miss.second)
        )
        self._by_core = {core(text): text for text in (*near, *bank.questions)}

    def answer(self, request: Request) -> str:
        """For `MockModel(answer=...)`."""
        known = self._by_core.get(core(request.question))
        if known is None:
            return self._bank.answer(request)
        asked = (Message("user", known),)
        return self._bank.answer(replace(request, messages=asked))


def _greeted(text: str, draws: Random) -> str:
    return draws.choice(GREETINGS) + text[:1].lower() + text[1:]


def _thanked(text: str, draws: Random) -> str:
    return text.rstrip(_MARKS) + draws.choice(THANKS)


def _hurried(text: str, draws: Random) -> str:
    return text.lower().rstrip(_MARKS)
