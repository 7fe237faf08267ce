"""What the simulated model says."""

from __future__ import annotations

from optimizations.llm import Message
from optimizations.mock.answers import invent
from tests.helpers import ask


def test_the_same_conversation_gets_the_same_answer() -> None:
    assert invent(ask("Why?", n=1)) == invent(ask("Why?", n=2, tenant="b"))


def test_an_answer_reads_like_a_few_sentences() -> None:
    for n in range(100):
        text = invent(ask(f"question {n}"))
        assert 20 <= len(text.split()) <= 120
        assert text[0].isupper()
        assert text.endswith(".")


def test_different_questions_get_different_answers() -> None:
    assert len({invent(ask(f"question {n}")) for n in range(500)}) == 500


def test_who_said_it_matters() -> None:
    """Roles and texts were joined by signs that a text may hold itself."""
    one = ask(messages=(Message("user", "a/user:b"),))
    other = ask(messages=(Message("user", "a"), Message("user", "b")))
    assert invent(one) != invent(other)
