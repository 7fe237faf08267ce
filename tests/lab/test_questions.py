"""The question bank: ours, and a user's own CSV."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from lab.questions import QuestionsError, load_bank
from tests.helpers import ask

BANKING = Path(__file__).parents[3] / "shared" / "data" / "banking77.csv"


def test_our_bank_has_enough_intents_phrasings_and_near_misses() -> None:
    bank = load_bank()
    assert len(bank.intents) >= 40
    assert all(len(intent.phrasings) >= 6 for intent in bank.intents)
    assert len(bank.near_misses) >= 500
    kinds = Counter(pair.kind for pair in bank.near_misses)
    assert set(kinds) == {"negated", "number", "name", "direction", "unit"}
    assert min(kinds.values()) >= 100


def test_no_question_of_the_bank_stands_in_it_twice() -> None:
    bank = load_bank()
    plain = ["".join(filter(str.isalnum, q.lower())) for q in bank.questions]
    assert len(set(plain)) == len(plain)
    pairs = {frozenset((p.first, p.second)) for p in bank.near_misses}
    assert len(pairs) == len(bank.near_misses)
    assert all(len(pair) == 2 for pair in pairs)


def test_every_phrasing_of_an_intent_gets_its_one_answer() -> None:
    bank = load_bank()
    for intent in bank.intents:
        answers = {bank.answer(ask(text)) for text in intent.phrasings}
        assert answers == {intent.answer}


def test_a_question_of_nobody_is_answered_with_filler() -> None:
    bank = load_bank()
    answers = {intent.answer for intent in bank.intents}
    filler = bank.answer(ask("How deep is the sea?"))
    assert filler
    assert filler not in answers


@pytest.mark.parametrize("label", ["category", "intent"])
def test_a_csv_of_ones_own_takes_the_place_of_our_bank(
    tmp_path: Path, label: str
) -> None:
    file = tmp_path / "mine.csv"
    file.write_text(f"text,{label}\nhi,hello\nhey there,hello\nbye,leave\n")
    bank = load_bank(file)
    assert [intent.name for intent in bank.intents] == ["hello", "leave"]
    assert bank.answer(ask("hi")) == bank.answer(ask("hey there"))
    assert bank.answer(ask("hi")) != bank.answer(ask("bye"))


def test_a_csv_saved_by_a_spreadsheet_can_be_read(tmp_path: Path) -> None:
    file = tmp_path / "bom.csv"
    file.write_bytes(
        '\ufefftext,category\r\n"a, b",c\r\n'.encode()  # with a BOM
    )
    assert load_bank(file).questions == ("a, b",)


def test_marked_pairs_are_intents_and_near_misses(tmp_path: Path) -> None:
    file = tmp_path / "pairs.csv"
    file.write_text(
        "id,question,other,same_answer\n"
        "1,hi,hello,1\n2,hello,hey,1\n3,hi,bye,0\n"
    )
    bank = load_bank(file)
    assert [i.phrasings for i in bank.intents] == [
        ("hi", "hello", "hey"),
        ("bye",),
    ]
    assert bank.answer(ask("hi")) == bank.answer(ask("hey"))
    assert bank.answer(ask("hi")) != bank.answer(ask("bye"))
    [miss] = bank.near_misses
    assert (miss.kind, miss.first, miss.second) == ("different", "hi", "bye")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"question,other,same_answer\n", "line 2: there are no pairs"),
        (b"question,other,same_answer\na,b,2\n", "line 2"),
        (b"question,other,same_answer\na,,1\n", "line 2"),
        (b"question,other,same_answer\na\x00,b,1\n", "a NUL, or"),
        (b"", "line 1: needs the columns"),
        (b"question,answer\na,b\n", "line 1: needs the columns"),
        (b"text,category\n", "line 2: there are no questions"),
        (b"text,category\na,b\n,c\n", "line 3: `text` or `category`"),
        (b"text,category\na\n", "line 2: `text` or `category`"),
        (b'text,category\n"a,b\n', "line 2"),
        (b"text,category\n\xff\xfe,b\n", "is not UTF-8 text"),
        (b"text,category\na\x00b,c\n", "line 2: a NUL"),
        (b"text,category\n" + b"a" * 20_000 + b",c\n", "line 2: a NUL, or"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_its_line(
    tmp_path: Path, content: bytes, problem: str
) -> None:
    file = tmp_path / "bad.csv"
    file.write_bytes(content)
    with pytest.raises(QuestionsError, match=problem.replace("(", r"\(")):
        load_bank(file)


def test_a_file_that_is_not_there_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(QuestionsError, match="nowhere"):
        load_bank(tmp_path / "nowhere.csv")
    with pytest.raises(QuestionsError, match="no file"):
        load_bank(tmp_path)


@pytest.mark.skipif(not BANKING.exists(), reason=f"no {BANKING.name} here")
def test_ten_thousand_real_questions_load() -> None:
    bank = load_bank(BANKING)
    assert len(bank.intents) == 77
    assert len(bank.questions) > 9_900
