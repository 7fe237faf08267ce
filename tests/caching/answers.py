"""Answers and requests that the tests of this chapter share."""

from __future__ import annotations

from optimizations.llm import Choice, Reply, Trace, Usage


def answer(text: str = "On its way.", reason: str = "stop") -> Reply:
    """A whole answer."""
    return Reply((Choice(text, reason),), Usage(10, 3), Trace())
