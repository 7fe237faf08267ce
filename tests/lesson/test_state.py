"""Where the learner is, kept in one small file."""

from __future__ import annotations

import json
import os
from math import inf
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lesson.state import Guess, State, StateError, StateFile


def guess(said: float, measured: float) -> Guess:
    return Guess("how many?", "calls", said, measured)


@pytest.mark.parametrize(
    ("said", "measured", "verdict"),
    [
        (1.5, 1.0, "close"),
        (1.0, 1.5, "close"),
        (3.0, 1.0, "same size"),
        (1.0, 3.1, "surprise"),
        (0.0, 1.0, "surprise"),
        (0.0, 0.0, "close"),
        (-2.0, 2.0, "surprise"),
    ],
)
def test_a_prediction_is_judged_by_how_many_times_it_is_off(
    said: float, measured: float, verdict: str
) -> None:
    assert guess(said, measured).verdict == verdict


@given(st.floats(0.001, 1e6), st.floats(0.001, 1e6))
def test_being_too_high_counts_as_much_as_being_too_low(
    a: float, b: float
) -> None:
    assert guess(a, b).factor == guess(b, a).factor >= 1


def test_what_was_saved_is_loaded(tmp_path: Path) -> None:
    file = StateFile(tmp_path / "deep" / "lesson.json")
    state = State()
    state.guesses["caching.1"] = guess(0.5, 1.25)
    state.finish("caching.1", "caching.2")
    file.save(state)
    assert file.load() == state
    assert [path.name for path in file.path.parent.iterdir()] == [
        "lesson.json"
    ]


def test_without_a_file_one_begins_at_the_beginning(tmp_path: Path) -> None:
    assert StateFile(tmp_path / "none.json").load() == State()


def guessed(said: str) -> str:
    """A state with one guess."""
    return (
        '{"version": 1, "position": "", "finished": [], "guesses": {"a.1": '
        f'{{"question": "", "unit": "s", "said": {said}, "measured": 1}}}}}}'
    )


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[" * 100_000,
        "[]",
        "null",
        '{"version": 99}',
        '{"version": 1, "position": "a"}',
        '{"version": 1, "position": "", "finished": 3, "guesses": {}}',
        '{"version": true, "position": "", "finished": [], "guesses": {}}',
        '{"version": 1, "position": "", "finished": "abc", "guesses": {}}',
        '{"version": 1, "position": "\\ud800", "finished": [], "guesses": {}}',
        '{"version": 1, "position": "", "finished": [3], "guesses": {}}',
        guessed("NaN"),
        guessed('"3"'),
        guessed("true"),
        guessed("1e999"),
        guessed("1" + "0" * 400),
        json.dumps(
            {
                "version": 1,
                "position": "",
                "finished": [],
                "guesses": {"a": {"said": "x"}},
            }
        ),
    ],
)
def test_a_file_that_is_not_ours_is_refused_and_left_alone(
    tmp_path: Path, content: str
) -> None:
    path = tmp_path / "lesson.json"
    path.write_text(content)
    with pytest.raises(StateError, match="no progress of this lesson"):
        StateFile(path).load()
    assert path.read_text() == content


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path in (tmp_path, pipe, Path("/dev/null")):
        with pytest.raises(StateError, match="no file"):
            StateFile(path).load()


def test_a_folder_that_cannot_be_written_is_said_in_a_sentence(
    tmp_path: Path,
) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    with pytest.raises(StateError, match="--state FILE"):
        StateFile(in_the_way / "lesson.json").save(State())


def test_forgetting_steps_leaves_the_others(tmp_path: Path) -> None:
    state = State()
    for step in ("caching.1", "caching.2"):
        state.guesses[step] = guess(1, inf)
        state.finish(step, "")
    state.forget(["caching.1"])
    assert state.finished == ["caching.2"]
    assert list(state.guesses) == ["caching.2"]
