"""Pairs are read whole or refused; no question is on both sides."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.question_pairs import Pair, PairsError, read_pairs, split

HEAD = "question,other,same_answer\n"

PAIRS = st.lists(
    st.builds(
        Pair,
        st.integers(0, 40).map(str),
        st.integers(0, 40).map(str),
        st.booleans(),
    ),
    max_size=60,
)


def test_each_row_is_two_questions_and_a_mark(tmp_path: Path) -> None:
    path = tmp_path / "pairs.csv"
    path.write_text(HEAD + 'Why?,"How, then?",1\nWho?,Where?,0\n')
    assert read_pairs(path) == [
        Pair("Why?", "How, then?", True),
        Pair("Who?", "Where?", False),
    ]


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "line 1: no column question, other, same_answer"),
        (b"question,same_answer\n", "line 1: no column other"),
        (HEAD.encode(), "line 2: there are no pairs"),
        (HEAD.encode() + b"a,b,1\na,b,maybe\n", "line 3: needs two questions"),
        (HEAD.encode() + b"a,,1\n", "line 2: needs two questions"),
        (HEAD.encode() + b"a,b\n", "line 2: needs two questions"),
        (HEAD.encode() + b'"a,b,1', "is no CSV"),
        (HEAD.encode() + b"\xff,b,1\n", "is not UTF-8"),
    ],
)
def test_a_bad_file_is_refused_in_one_sentence(
    tmp_path: Path, content: bytes, complaint: str
) -> None:
    path = tmp_path / "pairs.csv"
    path.write_bytes(content)
    with pytest.raises(PairsError, match=complaint) as refused:
        read_pairs(path)
    assert "\n" not in str(refused.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(PairsError, match=r"cannot read .*none\.csv"):
        read_pairs(tmp_path / "none.csv")


@settings(max_examples=100, deadline=None, derandomize=True)
@given(PAIRS, st.randoms(use_true_random=False))
def test_no_question_is_on_both_sides(
    pairs: list[Pair], draws: Random
) -> None:
    """Nor on another one, whatever the order of the pairs."""
    sides = split(pairs)
    left, right = (
        {q for p in s for q in (p.question, p.other)} for s in sides
    )
    assert left.isdisjoint(right)
    assert sum(map(len, sides)) == len(pairs)
    draws.shuffle(pairs)
    again = split(pairs)
    assert [set(side) for side in again] == [set(side) for side in sides]


def test_about_a_third_is_held_back() -> None:
    fitting, held_back = split(
        [Pair(f"q{n}", f"o{n}", True) for n in range(900)]
    )
    assert 240 < len(held_back) < 360
    assert len(fitting) == 900 - len(held_back)
