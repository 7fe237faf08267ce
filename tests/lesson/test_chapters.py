"""The chapters as they are: complete, true to their own files, unpasted."""

from __future__ import annotations

import re
from importlib import import_module

import pytest

from lesson.chapter import Chapter, Step
from lesson.source import find_source
from module12 import CHAPTERS

BOOK: list[Chapter] = [
    import_module(f"lesson.{name}").CHAPTER for name in CHAPTERS
]
STEPS = [step for chapter in BOOK for step in chapter.steps]


def test_the_chapters_are_numbered_as_on_the_command_line() -> None:
    assert [chapter.name for chapter in BOOK] == list(CHAPTERS)
    assert [chapter.number for chapter in BOOK] == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.title)
def test_a_step_says_why_in_at_most_ten_lines(step: Step) -> None:
    assert 20 <= len(step.why.split()) <= 100


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.title)
def test_the_source_of_a_step_is_there_and_in_the_modules(step: Step) -> None:
    source = find_source(step.source)
    assert source.path.startswith(("optimizations/", "lab/", "deploy/"))
    assert source.text


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.title)
def test_the_knob_stands_within_its_limits(step: Step) -> None:
    assert step.knob.low <= step.knob.value <= step.knob.high


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.title)
def test_no_measured_number_is_typed_into_the_prose(step: Step) -> None:
    """Durations with a unit, and shares, come from the run. What a step sets
    up itself stands in constants, which its question may quote.
    """
    typed = r"\b\d+(\.\d+)? ?(ms|µs|times faster)\b"
    for text in (step.why, step.not_when, step.predict.hint):
        assert not re.search(typed, text), text
