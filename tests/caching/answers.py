"""Answers and replies that the tests of this chapter share."""

from __future__ import annotations

from optimizations.caching.store import Answer
from optimizations.clock import now
from optimizations.llm import Choice, Reply, Trace, Usage


def reply(text: str = "On its way.", reason: str = "stop") -> Reply:
    """What a model said."""
    return Reply((Choice(text, reason),), Usage(10, 3), Trace())


def answer(text: str = "On its way.", made_in_seconds: float = 0.0) -> Answer:
    """A whole answer, given just now."""
    return Answer(reply(text), now(), made_in_seconds)
