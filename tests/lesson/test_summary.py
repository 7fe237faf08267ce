"""What was learnt: contents, search, and the summary."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lesson.state import Guess, State
from lesson.summary import (
    as_text,
    search,
    surprises,
    table_of_contents,
    write_summary,
)
from tests.lesson.book import BOOK


def state() -> State:
    learnt = State()
    learnt.guesses["first.1"] = Guess("How many?", "things", 80, 8)
    learnt.guesses["first.2"] = Guess("How many?", "things", 9, 8)
    learnt.finish("first.1", "first.2")
    return learnt


def test_the_contents_tick_what_is_finished() -> None:
    lines = list(table_of_contents(BOOK, ["first.2"]))
    assert lines[0] == "1 first: The first"
    assert lines[2] == "  [x] 1.2 two"
    assert lines[4] == "  [ ] 2.1 three"


@pytest.mark.parametrize("word", ["THREE", " three ", "reason for three"])
def test_a_search_finds_the_step_whatever_the_case(word: str) -> None:
    (line,) = search(BOOK, word)
    assert line.startswith("2.1 three")
    assert line.count("three") == 1 + ("reason" in word)  # it said it twice


def test_a_search_in_vain_says_so() -> None:
    (line,) = search(BOOK, "giraffe")
    assert line.startswith("No step mentions")


@pytest.mark.parametrize("word", ["", "  "])
def test_a_search_for_nothing_asks_for_what(word: str) -> None:
    assert list(search(BOOK, word)) == ["Find what? f WORD"]


def test_the_summary_names_the_surprises_to_revisit() -> None:
    text = "\n".join(as_text(state(), BOOK))
    assert "1 of 3 steps finished." in text
    assert "close: 1" in text
    assert "To revisit, 1.1: How many?" in text  # as the list calls it
    assert "Still open: 1.2, 2.1" in text
    assert [name for name, _ in surprises(state())] == ["first.1"]


def test_without_predictions_the_summary_says_what_they_are_for() -> None:
    assert "No predictions yet" in "\n".join(as_text(State(), BOOK))


def test_the_summary_can_be_had_as_text_markdown_and_json(
    tmp_path: Path,
) -> None:
    for ending in (".txt", ".md", ".json"):
        write_summary(tmp_path / f"out{ending}", state(), BOOK, seed=7)
    assert "seed 7" in (tmp_path / "out.txt").read_text()
    assert "- [x] one" in (tmp_path / "out.md").read_text()
    data = json.loads((tmp_path / "out.json").read_text())
    assert data["seed"] == 7
    assert data["surprises"] == ["first.1"]
    assert data["predictions"]["first.1"]["verdict"] == "surprise"


def test_another_ending_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"\.txt, \.md or \.json"):
        write_summary(tmp_path / "out.pdf", state(), BOOK, seed=7)
