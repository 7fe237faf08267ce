"""The lesson with a learner: a scripted one, who goes everywhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from lesson.state import State
from tests.lesson.book import BROKEN, Learner

STEP = ["", "", ""]  # show the source, skip the prediction, go on


def test_enter_alone_goes_through_the_whole_book(tmp_path: Path) -> None:
    learner = Learner(tmp_path, STEP * 3)
    assert learner.finished
    assert learner.state.finished == ["first.1", "first.2", "second.1"]
    assert learner.seen.count("There were 8.") == 3


def test_a_prediction_is_held_against_what_was_measured(
    tmp_path: Path,
) -> None:
    learner = Learner(tmp_path, ["", "80", "q"])
    guess = learner.state.guesses["first.1"]
    assert (guess.said, guess.measured) == (80, 8)
    assert "You said 80 things, it was 8 things: surprise, 10.0x off." in (
        learner.seen
    )


def test_a_learner_sees_the_details_too(tmp_path: Path) -> None:
    learner = Learner(tmp_path, ["", "", "t 9", "q"])
    assert learner.seen.count("\n  One, two and so on.\n") == 2


def test_the_prediction_is_asked_before_the_run(tmp_path: Path) -> None:
    seen = Learner(tmp_path, STEP).seen
    why, source = seen.index("The reason"), seen.index("async def count")
    predict, run = seen.index("PREDICT"), seen.index("[simulated")
    assert why < source < predict < run < seen.index("Not when")


def test_a_hint_can_be_had_and_nonsense_is_asked_again(tmp_path: Path) -> None:
    learner = Learner(tmp_path, ["", "?", "dunno", "9", "q"])
    assert "More than one." in learner.seen
    assert "Not a number that I can read" in learner.seen
    assert learner.state.guesses["first.1"].verdict == "close"


def test_trying_another_value_runs_again_with_it(tmp_path: Path) -> None:
    learner = Learner(tmp_path, ["", "8", "t 50", "r", "t 500", "t", "", "q"])
    assert learner.seen.count("There were 50.") == 2
    assert learner.seen.count("a number from 1 to 100") == 2
    assert learner.state.guesses["first.1"].measured == 8


@pytest.mark.parametrize("typed", ["t 5", "r", "5 min", "5 %"])
def test_only_a_number_of_what_was_asked_for_is_a_prediction(
    tmp_path: Path, typed: str
) -> None:
    """`t 5` and `5 min` were once kept as the prediction 5."""
    learner = Learner(tmp_path, ["", typed, "9", "q"])
    assert learner.state.guesses["first.1"].said == 9


def test_a_number_alone_is_tried(tmp_path: Path) -> None:
    """It once left the step without a word."""
    learner = Learner(tmp_path, ["", "", "20", "", "q"])
    assert "There were 20." in learner.seen
    assert learner.state.position == "first.2"


@pytest.mark.parametrize("typed", ["?", "more", "t more", "101", "t"])
def test_what_cannot_be_tried_is_asked_again(
    tmp_path: Path, typed: str
) -> None:
    learner = Learner(tmp_path, ["", "", typed, "30", "q"])
    assert "There were 30." in learner.seen
    assert "1.2 two" not in learner.seen


@pytest.mark.parametrize("typed", ["20", "t 20", "r", "yes"])
def test_a_step_goes_on_with_enter_alone(tmp_path: Path, typed: str) -> None:
    learner = Learner(tmp_path, [typed])
    assert "none of the keys" in learner.seen
    assert "PREDICT" not in learner.seen


def test_back_returns_to_the_step_before(tmp_path: Path) -> None:
    learner = Learner(tmp_path, [*STEP, "b", "q"])
    assert learner.seen.count("1.1 one") == 2


def test_back_at_the_beginning_stays_there(tmp_path: Path) -> None:
    assert Learner(tmp_path, ["b", "q"]).seen.count("1.1 one") == 2


def test_skipping_moves_on_and_does_not_count_as_finished(
    tmp_path: Path,
) -> None:
    learner = Learner(tmp_path, ["k", "k", "k"])
    assert learner.finished
    assert learner.state.finished == []


@pytest.mark.parametrize("keys", [["l"], ["f reason"], ["m"], ["s"]])
def test_looking_around_leaves_one_at_the_same_prompt(
    tmp_path: Path, keys: list[str]
) -> None:
    learner = Learner(tmp_path, [*keys, *STEP * 3])
    assert learner.finished


def test_the_list_ticks_what_is_finished_and_leads_there(
    tmp_path: Path,
) -> None:
    learner = Learner(tmp_path, [*STEP, "l", "l 2.1", "q"])
    assert "[x] 1.1 one" in learner.seen
    assert "[ ] 1.2 two" in learner.seen
    assert "2.1 three" in learner.seen.rsplit("[ ]", 1)[1]
    assert learner.state.position == "second.1"


def test_a_word_that_no_step_mentions_is_said_so(tmp_path: Path) -> None:
    learner = Learner(tmp_path, ["f giraffe", "f three", "q"])
    assert "No step mentions 'giraffe'." in learner.seen
    assert "> 2.1 three\n" in learner.seen


def test_a_step_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    """Its hint named another chapter's step, that was not there either."""
    learner = Learner(tmp_path, ["l 9.9", "q"])
    assert "Here is no step '9.9'." in learner.seen
    assert "l 2.1 goes to that step." in learner.seen


def test_whoever_comes_back_goes_on_where_they_were(tmp_path: Path) -> None:
    first = Learner(tmp_path, [*STEP, "q"])
    again = Learner(tmp_path, [*STEP * 2], first.state)
    assert again.finished
    assert "Going on where you left off" in again.seen
    assert "1.1 one  (" not in again.seen


def test_every_step_is_saved_before_and_after(tmp_path: Path) -> None:
    assert Learner(tmp_path, ["q"]).saved == 1
    assert Learner(tmp_path, [*STEP, "q"]).saved == 3


def test_a_position_that_is_no_more_begins_at_the_beginning(
    tmp_path: Path,
) -> None:
    learner = Learner(tmp_path, ["q"], State(position="gone.7"))
    assert "1.1 one" in learner.seen


def test_a_step_that_cannot_run_says_why_and_lets_one_go_on(
    tmp_path: Path,
) -> None:
    learner = Learner(tmp_path, ["", "5", ""], book=BROKEN)
    assert learner.finished
    assert "This step cannot run here: nobody listens" in learner.seen
    assert learner.state.guesses == {}
    assert learner.state.finished == []


def test_how_much_is_left_is_always_shown(tmp_path: Path) -> None:
    seen = Learner(tmp_path, STEP * 3).seen
    assert "(step 1 of 2, about 8 min left)" in seen
    assert "(step 1 of 1, about 2 min left)" in seen


def test_every_prompt_shows_its_keys(tmp_path: Path) -> None:
    seen = Learner(tmp_path, STEP).seen
    assert seen.count("q quit") >= 3
    assert "? hint" in seen
    assert "t N tries how many there are: 1 to 100, now 8" in seen
