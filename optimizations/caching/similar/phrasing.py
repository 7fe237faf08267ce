"""Ways to put the same question, brought into one.

The problem: small words carry the tense, the direction, the choice; and yet
"could you tell me how to pay", "how can I pay" and "how do I pay" want one
answer. The idea: a few fixed turns of English, each rewritten into the
shortest, in order. What is left of the small words may then be compared as it
stands (`Reading.small`).

When it does not help: with a turn that is not listed. Two questions are then
taken for different ones, and the model is asked.
"""

from __future__ import annotations

import re

from optimizations.caching.similar.english import IRREGULAR

_QUESTION = r"(?:what|which|who|whom|whose|where|when|why|how)\b"

_LEAD_IN = re.compile(
    r"^(?:(?:can|could|would|will) you (?:please |kindly )?(?:tell|show)"
    r" (?:me|us)(?: please)?|(?:please )?(?:tell|show) (?:me|us)"
    r"|(?:please )?let (?:me|us) know|do you know|may i ask|i wonder"
    r"|(?:i|we)(?: would|'d) (?:like|love) to (?:know|ask)"
    r"|(?:i|we) (?:want|need|wish) to (?:know|ask)"
    r"|(?:i am|i'm|i was) (?:wondering|asking|curious))[,:]?"
    rf" (?:(?:if|whether) |(?={_QUESTION}))",
    re.IGNORECASE,
)

_RIGHT_NOW = re.compile(r"\bright (?=now\b)", re.IGNORECASE)

_AGENT = "i|we|you|he|she|it|they"
_DONE = rf"(?:\w+ed|{'|'.join(IRREGULAR)})\b"
_BETWEEN = r"(?: not| never| ever| just| already)*"
_TURNS = [
    (re.compile(pattern), short)
    for pattern, short in (
        # contractions
        (r"\b(?:can't|cant|cannot)\b", "can not"),
        (r"\b(?:won't|wont)\b", "will not"),
        (r"n't\b", " not"),
        (
            r"\b(do|does|did|is|are|was|were|has|have|had|would|could|should)"
            r"nt\b",
            r"\1 not",
        ),
        (r"\bi'm\b", "i am"),
        (r"'re\b", " are"),
        (r"'ve\b", " have"),
        (r"'ll\b", " will"),
        (r"'d\b", " would"),
        # what one owns
        (rf"\b(?:have|has) ({_AGENT}) got\b", r"do \1 have"),
        (r"\bhave got\b", "have"),
        # what one can, must, wants
        (
            rf"\b(?:am|are|is) ({_AGENT}) (?:able|allowed|permitted) to\b",
            r"can \1",
        ),
        (r"\bis it (?:possible|ok|okay) (?:for (?:me|us) )?to\b", "can i"),
        (rf"\b(?:do|does) ({_AGENT}) (?:have|need) to\b", r"must \1"),
        (r"\b(?:have|has) to\b", "must"),
        (r"\b(?:would like|would love|wish) to\b", "want to"),
        (r"^(?:i|we) (?:want|need) to\b", ""),
        # the way to do something
        (r"\bhow to\b", "how do i"),
        (
            r"\b(how|where) (?:can|could|may|should|will|would) (?:i|we)\b",
            r"\1 do i",
        ),
        (
            r"\b(how|where) (i|we) (?:can|could|may|should|will|would)\b",
            r"\1 do i",
        ),
        (r"\b(what are) (?:some|all)(?: of)?\b", r"\1"),
        (r"\b(pay|paying) (?:with|via|using)\b", r"\1 by"),
        # what is over
        (r"\b(?:was|were)\b", "did be"),
        (rf"^((?:{_QUESTION} )?)(?:have|has|had)\b", r"\1did"),
        (rf"\b(?:have|has|had)(?={_BETWEEN} (?:been\b|{_DONE}))", "did"),
        (r"\bbeen\b", "be"),
    )
]


def asked(text: str) -> str:
    """What a polite sentence asks; "right now" is only "now".

    >>> asked("Could you tell me where it is")
    'where it is'
    >>> asked("Could you show me a lamp")
    'Could you show me a lamp'
    """
    return _RIGHT_NOW.sub("", _LEAD_IN.sub("", text))


def shortest(text: str) -> str:
    """In small letters, and in the shortest of the turns that are known.

    >>> shortest("Am I able to pay using a card")
    'can i pay by a card'
    >>> shortest("Why haven't they been sent")
    'why did not they be sent'
    """
    text = text.lower()
    for turn, short in _TURNS:
        text = turn.sub(short, text)
    return text
