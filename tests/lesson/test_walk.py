"""The lesson as a handout."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import pytest

from lesson.chapter import Chapter
from lesson.screen import Screen
from lesson.walk import walk
from tests.lesson.book import BOOK, BROKEN, context


def walked(
    folder: Path,
    book: Sequence[Chapter] = BOOK,
    *,
    width: int = 80,
    plain: bool = False,
) -> str:
    paper = io.StringIO()
    screen = Screen(file=paper, width=width, plain=plain)
    walk(screen, context(folder), book)
    return paper.getvalue()


def test_a_walk_shows_every_beat_of_every_step(tmp_path: Path) -> None:
    text = walked(tmp_path)
    for beat in (
        "The reason for one.",
        "tests/lesson/book.py:",
        "step 1 of 2, simulated",
        "counting",
        "There were 8.",
        "Question: How many? Answer: 8 things",
        "Not when: there is nothing to count.",
    ):
        assert beat in text
    assert text.count("There were 8.") == 3


def test_two_walks_are_the_same_to_the_byte(tmp_path: Path) -> None:
    assert walked(tmp_path) == walked(tmp_path)


@pytest.mark.parametrize("width", [60, 80, 120])
def test_a_walk_keeps_to_the_width_and_has_no_escape(
    tmp_path: Path, width: int
) -> None:
    text = walked(tmp_path, width=width)
    assert max(map(len, text.splitlines())) <= width
    assert "\x1b" not in text


def test_plain_tables_are_read_a_row_at_a_time(tmp_path: Path) -> None:
    assert "counted: figure 8" in walked(tmp_path, plain=True)


def test_a_step_that_cannot_run_does_not_end_the_walk(tmp_path: Path) -> None:
    text = walked(tmp_path, book=BROKEN + BOOK)
    assert "cannot run here: nobody listens" in text
    assert text.count("There were 8.") == 3
