"""What the simulated model says: a text that depends on the question alone, so
a cache can be checked for right answers.

When it does not help: it is filler, so nothing that reads the *meaning* of an
answer can be tried with it; give the model an `answer` function for that.
"""

from __future__ import annotations

from optimizations.clock import chance
from optimizations.llm import Request

_WORDS = (
    "a about after also and any are as ask at back be because been before "
    "box but by call can case check choose come day do door each early "
    "either email even every few find first for free from full get give go "
    "good have help here hour how if in is it its just keep kind know last "
    "late less like line list little long look make many may mean month "
    "more most name need new next no not note now of off offer on once one "
    "only open or order other our out over own page pay place plan please "
    "point price put ready right same save see send set she shop show "
    "simple since small so some soon start stay step still such take tell "
    "than that the their them then there they thing this time to today too "
    "try two until up us use very visit want was way we week well were what "
    "when where which while who will with without work would write year yes "
    "yet you your "
).split()


def invent(request: Request) -> str:
    """Some 20 to 120 words of English-looking filler, the same for the same
    conversation.
    """
    rng = chance(
        "answer",
        *(f"{message.role}:{message.content}" for message in request.messages),
    )
    sentences = []
    words_left = round(rng.triangular(20, 120, 45))
    while words_left > 0:
        words = rng.choices(_WORDS, k=min(words_left, rng.randint(5, 14)))
        sentences.append(" ".join(words).capitalize() + ".")
        words_left -= len(words)
    return " ".join(sentences)
