"""What a learner can type."""

from __future__ import annotations

import pytest

from lesson.prompt import COMMANDS, Typed, number, parse


@pytest.mark.parametrize("letter", COMMANDS)
def test_every_command_is_one_letter_in_either_case(letter: str) -> None:
    assert parse(letter).command == letter
    assert parse(f"  {letter.upper()} ").command == letter


@pytest.mark.parametrize(
    ("line", "command", "text"),
    [
        ("quit", "q", ""),
        ("back", "b", ""),
        ("search jitter", "f", "jitter"),
        ("t 20", "t", "20"),
        ("l 2.1", "l", "2.1"),
        ("12.5", "", "12.5"),
        ("about a second", "", "about a second"),
        ("", "", ""),
    ],
)
def test_words_work_as_well_and_the_rest_is_an_answer(
    line: str, command: str, text: str
) -> None:
    assert parse(line) == Typed(command, text)


def test_a_bare_enter_is_told_from_an_empty_command() -> None:
    assert parse("  ").enter
    assert not parse("s").enter


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("3", "", 3.0),
        ("1,5", "s", 1.5),
        ("0,125", "s", 0.125),
        ("200 ms", "s", 0.2),
        ("2s", "s", 2.0),
        ("2 seconds", "s", 2.0),
        ("5 min", "s", 300.0),
        ("40%", "%", 40.0),
        ("~7", "calls", 7.0),
        ("3x", "times", 3.0),
        ("10 times", "times", 10.0),
        ("15 requests", "requests", 15.0),
        ("1 request", "requests", 1.0),
        ("1,200", "calls", 1200.0),
        ("1,234,567.5", "", 1_234_567.5),
    ],
)
def test_numbers_are_read_as_people_write_them(
    text: str, unit: str, value: float
) -> None:
    assert number(text, unit) == pytest.approx(value)


@pytest.mark.parametrize(
    "text", ["", "lots", "nan", "inf", "1e300", "1 2", "-5", "s", "t 5"]
)
def test_what_is_no_usable_number_is_none(text: str) -> None:
    assert number(text, "s") is None


@pytest.mark.parametrize(
    ("text", "unit"),
    [("5 min", "%"), ("5 %", "s"), ("5 s", ""), ("5 apples", "calls")],
)
def test_a_number_of_something_else_is_no_answer(text: str, unit: str) -> None:
    """5 minutes once were taken for 5 seconds, and for 5 %."""
    assert number(text, unit) is None
