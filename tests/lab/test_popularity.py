"""Questions of which few are popular, each in many phrasings."""

from __future__ import annotations

from collections import Counter
from itertools import islice

import pytest

from lab.popularity import zipf, zipf_questions
from lab.questions import Bank, Intent, NearMiss

BANK = Bank(
    [
        Intent(f"intent {i}", f"answer {i}", tuple(f"{i}.{j}" for j in "abc"))
        for i in range(20)
    ],
    [NearMiss("number", "in 3 weeks?", "in 3 years?")],
)


def test_zipf_shares_add_up_and_fall_as_one_over_the_rank() -> None:
    shares = zipf(100)
    assert sum(shares) == pytest.approx(1)
    assert shares[0] / shares[9] == pytest.approx(10)
    assert zipf(4, exponent=0) == [0.25] * 4


def test_zipf_refuses_an_empty_set_and_a_senseless_exponent() -> None:
    with pytest.raises(ValueError, match="count must be"):
        zipf(0)
    with pytest.raises(ValueError, match="exponent must be"):
        zipf(3, exponent=float("nan"))


def test_few_intents_make_most_of_the_traffic() -> None:
    questions = islice(zipf_questions(BANK, seed=3), 5000)
    intents = Counter(text.split(".")[0] for text in questions)
    [(_, most), *rest] = intents.most_common()
    assert most / 5000 == pytest.approx(zipf(20)[0], rel=0.1)
    assert len(rest) == 19


def test_each_seed_makes_another_intent_popular() -> None:
    def favourite(seed: int) -> str:
        questions = islice(zipf_questions(BANK, seed=seed), 500)
        return Counter(t.split(".")[0] for t in questions).most_common(1)[0][0]

    assert len({favourite(seed) for seed in range(10)}) > 3


def test_the_share_of_near_misses_is_the_one_asked_for() -> None:
    questions = zipf_questions(BANK, seed=1, near_miss_share=0.2)
    trapped = sum(text.startswith("in 3") for text in islice(questions, 5000))
    assert trapped / 5000 == pytest.approx(0.2, rel=0.1)


def test_a_bank_without_near_misses_has_none_to_draw() -> None:
    bank = Bank(BANK.intents)
    questions = zipf_questions(bank, seed=1, near_miss_share=1.0)
    assert all("." in text for text in islice(questions, 100))


def test_a_share_of_near_misses_above_one_is_refused() -> None:
    with pytest.raises(ValueError, match="must be within"):
        next(zipf_questions(BANK, seed=1, near_miss_share=1.1))
