"""What comes from elsewhere is shown, and not obeyed."""

from __future__ import annotations

import pytest

from lab.printable import printable

TEXTS = [
    "",
    "Größe 東京 ≤",
    "two\nlines\tand\xa0tabs",
    "12\u202f€",
    "東\u3000京",
    "👨\u200d👩\u200d👧",
]
COMMANDS = ["\x1b", "\x07", "\r", "\x9b", "\ud800", "\u202e"]


@pytest.mark.parametrize("text", TEXTS)
def test_what_can_be_read_stays(text: str) -> None:
    assert printable(text) == text


@pytest.mark.parametrize("char", COMMANDS)
def test_what_a_terminal_would_obey_is_a_question_mark(char: str) -> None:
    assert printable(f"a{char}b") == "a?b"
