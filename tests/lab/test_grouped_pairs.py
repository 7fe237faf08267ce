"""From marked pairs to wishes."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from lab.grouped_pairs import groups_of
from lab.question_pairs import Pair

LETTERS = st.sampled_from("abcdefgh")
PAIRS = st.lists(st.builds(Pair, LETTERS, LETTERS, st.booleans()))


@given(PAIRS)
@settings(max_examples=100, derandomize=True, deadline=None)
def test_marks_decide_who_shares_an_answer(pairs: list[Pair]) -> None:
    groups, different = groups_of(pairs)
    home = {text: group for group in groups for text in group}
    assert len(home) == sum(map(len, groups))
    assert set(home) == {t for p in pairs for t in (p.question, p.other)}
    for pair in pairs:
        if pair.same:
            assert home[pair.question] == home[pair.other]
        else:
            marked = {pair.question, pair.other}
            told = marked in [set(texts) for texts in different]
            assert told is (home[pair.question] != home[pair.other])


def test_a_contradicted_mark_is_dropped() -> None:
    marks = [Pair("a", "b", True), Pair("b", "c", True), Pair("a", "c", False)]
    assert groups_of(marks) == ([("a", "b", "c")], [])
