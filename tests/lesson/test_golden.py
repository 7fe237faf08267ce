"""The whole walk as it was, at three widths: whatever changes in a chapter, a
module or the screen shows up here as a difference in the handout.

Measured steps are not run, and line numbers are masked. After a change that is
meant, `UPDATE_GOLDEN=1 make test` writes the files anew.
"""

from __future__ import annotations

import io
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from lesson.chapter import Context, Outcome, Step
from lesson.runner import CannotRun
from lesson.screen import Screen
from lesson.walk import walk
from tests.lesson.chapters import BOOK, CONTEXT, Found

GOLDEN = Path(__file__).with_name("golden")


@pytest.mark.parametrize("width", [60, 80, 120])
def test_the_walk_is_as_it_was(width: int, found: dict[str, Found]) -> None:
    def run(
        step: Step, context: Context, tell: Callable[[str], None]
    ) -> Outcome:
        if step.title not in found:
            raise CannotRun("(measured)")
        return found[step.title].outcome

    paper = io.StringIO()
    walk(Screen(file=paper, width=width), CONTEXT, BOOK, run)
    walked = masked(paper.getvalue())
    file = GOLDEN / f"walk-{width}.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        file.parent.mkdir(exist_ok=True)
        file.write_text(walked, encoding="utf-8")
    assert walked == file.read_text(encoding="utf-8")
    assert max(map(len, walked.splitlines())) <= width


def masked(text: str) -> str:
    return re.sub(r"(\.py):\d+", r"\1:N", text)
