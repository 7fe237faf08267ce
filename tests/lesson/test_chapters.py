"""The chapters as they are: complete, true to their own files, unpasted."""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from lesson.chapter import Step
from lesson.player import SOURCE_LINES
from lesson.source import find_source
from lesson.walk import SOURCE_LINES as WALK_LINES
from module12 import CHAPTERS
from tests.lesson.chapters import BOOK, SIMULATED, STEPS, Found

every_step = pytest.mark.parametrize("step", STEPS, ids=lambda s: s.title)


def test_the_chapters_are_numbered_as_on_the_command_line() -> None:
    assert [chapter.name for chapter in BOOK] == list(CHAPTERS)
    assert [chapter.number for chapter in BOOK] == [0, 1, 2, 3, 4, 5]


@every_step
def test_a_step_says_why_in_at_most_ten_lines(step: Step) -> None:
    why = " ".join(step.why.split())
    assert 2 <= len(textwrap.wrap(why, width=80)) <= 10


@every_step
def test_the_source_of_a_step_is_there_and_fits_a_screen(step: Step) -> None:
    source = find_source(step.source)
    assert source.path.startswith(("optimizations/", "lab/", "deploy/"))
    assert source.text
    assert len(source.text.splitlines()) <= SOURCE_LINES


@every_step
def test_a_handout_shows_more_of_it_than_its_head(step: Step) -> None:
    """It once showed a signature and how an argument is checked."""
    source = find_source(step.source)
    shown = source.excerpt(step.begins, WALK_LINES)
    assert shown == source.text or not source.text.startswith(shown)
    assert not shown.startswith("if not ")


@pytest.mark.parametrize("step", SIMULATED, ids=lambda s: s.title)
def test_the_source_that_a_step_shows_is_run_by_it(
    step: Step, found: dict[str, Found]
) -> None:
    """The first step once showed a histogram, and sorted a list instead."""
    assert found[step.title].source_ran


@every_step
def test_the_knob_stands_within_its_limits(step: Step) -> None:
    assert step.knob.low <= step.knob.value <= step.knob.high


TYPED = re.compile(
    r"(?<![A-Za-z\d])\d|\b(ten|eleven|twelve|twenty|thirty|forty|fifty|sixty"
    r"|hundred|thousand)\b"
)


@pytest.mark.parametrize("name", CHAPTERS)
def test_no_number_is_typed_into_the_prose(name: str) -> None:
    """What a run found comes from the run, and what a step sets up stands in
    constants, which its texts quote: then neither can become wrong.
    """
    typed = [text for text in prose(name) if TYPED.search(text)]
    assert typed == []


def prose(name: str) -> Iterator[str]:
    """The texts of the steps and what outcomes say, as they are typed in the
    file; of an f-string, what stands between the braces is left out.
    """
    path = Path(str(import_module(f"lesson.{name}").__file__))
    for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match call:
            case ast.Call(func=ast.Name(id="Step"), args=[title, why, _, *_]):
                yield from texts(title, why, *call.args[4:], *call.keywords)
            case ast.Call(func=ast.Name(id="Outcome"), args=[_, says]):
                yield from texts(says)


def texts(*nodes: ast.AST) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif not isinstance(node, ast.FormattedValue):
            yield from texts(*ast.iter_child_nodes(node))


@pytest.mark.parametrize(
    "text",
    ["it takes 2 s", "rings at 14.4 %", "of 16 slots", "about forty tokens"],
)
def test_the_search_for_typed_numbers_finds_them(text: str) -> None:
    assert TYPED.search(text)
    assert not TYPED.search("the p99 is three times the p50")
