"""A learner on a terminal of 80 by 24 who goes everywhere."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from lesson.chapter import Step
from lesson.runner import run_step
from lesson.source import find_object
from module12 import CHAPTERS
from tests.conftest import Proof
from tests.lesson.chapters import BOOK, CONTEXT, STEPS, Watch
from tests.running import Terminal, run, terminal

pytestmark = pytest.mark.proof


def take_step(lesson: Terminal, knob: float) -> None:
    """Every prompt of a step, and every key that leaves one there."""
    lesson.wait_for("Enter shows the source")
    for key in ("l", "f model", "m", "s"):
        lesson.type(key + "\n")
        lesson.wait_for("Enter shows the source")
    lesson.type("\n")
    lesson.wait_for("Enter skips")
    lesson.type("?\n")
    lesson.wait_for("Enter skips")
    for answer in ("no idea", "t 5", "5 bananas"):
        lesson.type(answer + "\n")
        lesson.wait_for("Enter skips")
    lesson.type("10\n")
    lesson.wait_for("You said")
    lesson.wait_for("Enter goes on")
    lesson.type(f"t {knob:g}\n")
    lesson.wait_for("Enter goes on")
    for answer in ("t much", "?", "much"):
        lesson.type(answer + "\n")
        lesson.wait_for("Enter goes on")
    lesson.type("\n")


@pytest.mark.parametrize("chapter", BOOK, ids=lambda chapter: chapter.name)
def test_a_learner_goes_through_every_prompt(
    chapter: object, tmp_path: Path, proof: Proof
) -> None:
    book = next(c for c in BOOK if c is chapter)
    state = str(tmp_path / "state.json")
    options = ("--chapter", book.name, "--state", state)
    with terminal("module12.py", *options) as lesson:
        for step in book.steps:
            take_step(lesson, step.knob.value)
        lesson.wait_for("steps finished")
        code = lesson.exit_code()
        screens = lesson.output
    data = json.loads(Path(state).read_text())
    proof(
        f"a learner takes every step and prompt of {book.name}",
        f"{len(data['finished'])} of {len(book.steps)} steps, "
        f"{len(data['guesses'])} predictions, exit {code}",
        code == 0
        and len(data["finished"]) == len(data["guesses"]) == len(book.steps)
        and "Traceback" not in screens
        and "cannot run" not in screens,
    )


def test_leaving_and_coming_back_costs_nothing(
    tmp_path: Path, proof: Proof
) -> None:
    state = str(tmp_path / "state.json")
    options = ("module12.py", "--state", state)
    with terminal(*options) as lesson:
        lesson.wait_for("0.1 ")
        lesson.wait_for("Enter shows the source")
        lesson.type("k\n")
        lesson.wait_for("0.2 ")
        lesson.wait_for("Enter shows the source")
        lesson.type("q\n")
        left = lesson.exit_code()
    with terminal(*options) as lesson:
        back = lesson.wait_for("Enter shows the source")
        lesson.type("b\n")
        before = lesson.wait_for("Enter shows the source")
        lesson.type("\x03")
        interrupted = lesson.exit_code()
    summary = tmp_path / "summary.md"
    told = run(*options, "--summary", str(summary))
    proof(
        "quit, resume, back, interrupt, summary",
        f"exit {left}, resumed at {re.findall(r'^0.2', back, re.M)}, "
        f"exit {interrupted}",
        left == 0
        and "Going on where you left off" in back
        and "0.2 " in back
        and "0.1 " in before
        and interrupted == 130
        and told.returncode == 0
        and len(re.findall("^## ", summary.read_text(), re.M))
        == len(CHAPTERS),
    )


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.title)
def test_a_step_runs_what_it_shows_with_its_knob_at_either_end(
    step: Step, tmp_path: Path, proof: Proof
) -> None:
    context = replace(CONTEXT, state_folder=tmp_path)
    python = step.source.startswith(("optimizations.", "lab."))
    ends = {}
    for value in (step.knob.low, step.knob.high):
        watch = Watch(find_object(step.source).__code__ if python else None)
        with watch:
            outcome = run_step(step, context, print, {step.knob.name: value})
        words = [outcome.says, *(c for row in outcome.table.rows for c in row)]
        broken = re.search(r"\b(nan|inf|None)\b|\de[+-]\d", " ".join(words))
        ends[value] = broken is None and (watch.ran or not python)
    proof(
        f"{step.title}: {step.knob.name} at either end",
        ", ".join(f"{value:g} {holds}" for value, holds in ends.items()),
        all(ends.values()),
    )
