"""The lesson as its user runs it: in a pipe, and on a terminal."""

from __future__ import annotations

import re
import signal
import time
from pathlib import Path

import psutil
import pytest

from lesson.state import State, StateFile
from tests.lesson.chapters import STEPS
from tests.running import run, terminal

KEY = "sk-canary-0123456789"


@pytest.fixture(scope="module")
def walk() -> str:
    """The whole lesson, walked through once."""
    done = run("module12.py", OPENAI_API_KEY=KEY)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_without_a_terminal_the_lesson_walks_through_every_chapter(
    walk: str,
) -> None:
    headings = re.findall(r"^Chapter (\d)", walk, re.MULTILINE)
    assert headings == ["0", "1", "2", "3", "4", "5"]
    assert len(re.findall(r"^\d\.\d ", walk, re.MULTILINE)) == len(STEPS)


def test_a_walked_chapter_fits_a_handout(walk: str) -> None:
    for chapter in re.split(r"^Chapter ", walk, flags=re.MULTILINE)[1:]:
        assert len(chapter.splitlines()) <= 60, chapter


def test_a_walk_is_plain_text_of_at_most_80_columns(walk: str) -> None:
    assert "\x1b" not in walk
    assert max(map(len, walk.splitlines())) <= 80


def test_every_step_of_the_walk_ran(walk: str) -> None:
    assert "cannot run" not in walk
    assert "Traceback" not in walk


def test_every_number_is_said_to_be_simulated_or_measured(walk: str) -> None:
    said = re.findall(
        r"^\d\.\d [^(]*\(step \d of \d,\s(simulated|measured)\)",
        walk,
        re.MULTILINE,
    )
    assert len(said) == len(STEPS)


def test_a_key_in_the_environment_is_never_shown(walk: str) -> None:
    assert KEY not in walk


def test_two_walks_with_one_seed_simulate_the_same_numbers() -> None:
    chapter = ("module12.py", "--chapter", "concurrency", "--seed", "3")
    first, second = run(*chapter).stdout, run(*chapter).stdout
    assert simulated(first) == simulated(second)
    other = run(*chapter[:-1], "4").stdout
    assert simulated(first) != simulated(other)


def simulated(text: str) -> list[str]:
    """The steps that ran on the virtual clock."""
    steps = re.split(r"^(?=\d\.\d )", text, flags=re.MULTILINE)
    return [step for step in steps if "simulated)" in step]


def test_on_a_terminal_the_lesson_waits_for_enter() -> None:
    with terminal("module12.py", "--chapter", "streaming") as lesson:
        lesson.wait_for("Enter shows the source")
        lesson.type("\n")
        lesson.wait_for("PREDICT")
        lesson.type("\n")
        lesson.wait_for("Not when")
        lesson.wait_for("Enter goes on")
        lesson.type("q\n")
        left = lesson.wait_for("your place in the whole lesson is kept")
        assert "goes on from here" not in left  # it is a visit
        assert lesson.exit_code() == 0


def test_progress_is_forgotten_without_a_terminal_too(tmp_path: Path) -> None:
    """It was ignored, and nothing said."""
    state = StateFile(tmp_path / "lesson.json")
    state.save(State("caching.2", ["streaming.1", "caching.1"]))
    chosen = ("--chapter", "caching", "--list", "--state", str(state.path))
    done = run("module12.py", *chosen, "--reset")
    assert done.returncode == 2
    assert "--reset needs --yes" in done.stderr
    assert run("module12.py", *chosen, "--reset", "--yes").returncode == 0
    assert state.load() == State("", ["streaming.1"])


def test_an_interrupt_ends_the_lesson_and_all_that_it_started() -> None:
    with terminal("module12.py", "--chapter", "4", "--no-input") as lesson:
        lesson.wait_for("measured)")
        deadline = time.monotonic() + 20
        while len(children := lesson.children()) < 3:
            assert time.monotonic() < deadline, "no server process was started"
        lesson.signal(signal.SIGINT)
        assert lesson.exit_code(seconds=5) == 130
        _, alive = psutil.wait_procs(children, timeout=3)
        assert not alive
        assert "Traceback" not in lesson.output


def test_an_interrupt_at_the_prompt_says_how_to_come_back() -> None:
    with terminal("module12.py") as lesson:
        lesson.wait_for("Enter shows the source")
        lesson.type("\x03")
        assert lesson.exit_code() == 130
        assert "Stopped" in lesson.output


def test_no_color_leaves_the_words() -> None:
    with terminal("module12.py", NO_COLOR="1") as lesson:
        lesson.wait_for("Enter shows the source")
        assert not re.search(r"\x1b\[[0-9;]*3[0-9]", lesson.output)


def test_plain_output_is_ascii_without_escapes() -> None:
    done = run("module12.py", "--plain", "--chapter", "3")
    assert done.stdout.isascii()
    assert "\x1b" not in done.stdout


@pytest.mark.parametrize("choice", ["3", "streaming"])
def test_list_shows_the_steps_of_a_chapter(choice: str) -> None:
    done = run("module12.py", "--list", "--chapter", choice)
    assert done.returncode == 0
    assert done.stdout.startswith("3 streaming")


BAD_QUESTIONS = {
    "text\nhello\n": "line 1",
    "text,category\nhello,a\n,b\n": "line 3",
    "text,category\n": "no questions",
}


@pytest.mark.parametrize(("content", "problem"), BAD_QUESTIONS.items())
def test_a_malformed_questions_file_is_refused_with_its_line(
    tmp_path: Path, content: str, problem: str
) -> None:
    file = tmp_path / "questions.csv"
    file.write_text(content)
    done = run("module12.py", "--questions", str(file))
    assert done.returncode == 2
    assert problem in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "environment", "problem"),
    [
        (["--chapter", "juggling"], {}, "no chapter juggling"),
        (["--chapter", "9"], {}, "no chapter 9"),
        (["--frobnicate"], {}, "--frobnicate"),
        (["--seed", "x"], {}, "--seed"),
        (["--questions", "/no/such/file"], {}, "/no/such/file"),
        ([], {"REDIS_URL": "not-a-url"}, "REDIS_URL"),
        ([], {"OPENAI_PROMPT_PRICE": "free"}, "OPENAI_PROMPT_PRICE"),
        (["--model", "endpoint"], {"OPENAI_API_KEY": KEY}, "--yes"),
        (
            ["--model", "endpoint", "--yes"],
            {"OPENAI_API_KEY": KEY, "MODULE12_MAX_DOLLARS": "0"},
            "MODULE12_MAX_DOLLARS",
        ),
    ],
)
def test_bad_input_is_answered_in_a_sentence_and_with_code_2(
    arguments: list[str], environment: dict[str, str], problem: str
) -> None:
    done = run("module12.py", *arguments, **environment)
    assert done.returncode == 2
    assert problem in done.stderr
    assert "Traceback" not in done.stderr
    assert KEY not in done.stdout + done.stderr


def test_before_an_endpoint_is_paid_its_cost_and_its_cap_are_shown() -> None:
    """It once said "at most" of one run a step; a learner runs them again."""
    done = run(
        *("module12.py", "--model", "endpoint"),
        OPENAI_API_KEY=KEY,
        MODULE12_MAX_DOLLARS="0.50",
    )
    assert re.search(r"about \$0\.\d+ once through", done.stdout)
    assert "never more than $0.50" in " ".join(done.stdout.split())


def test_a_redis_that_nobody_answers_costs_one_step_and_says_why() -> None:
    done = run(
        *("module12.py", "--chapter", "caching"),
        REDIS_URL="redis://:hunter2@127.0.0.1:1/0",
    )
    assert done.returncode == 0
    assert "REDIS_URL" in done.stdout
    assert "hunter2" not in done.stdout + done.stderr
    assert "1.3" in done.stdout, "the other steps went on"
