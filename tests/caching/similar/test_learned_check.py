"""Sure rules decide; a weak one that objects may be overruled by a score."""

from __future__ import annotations

import json
from functools import cache
from math import inf, nan
from pathlib import Path

import pytest

from lab.lookalikes import look_up
from lab.questions import load_bank
from optimizations.caching.similar.checks import disagreement
from optimizations.caching.similar.embedding import WordLlamaEmbedder
from optimizations.caching.similar.learned_check import (
    COEFFICIENTS,
    LearnedCheck,
)
from optimizations.caching.similar.rules import MAX_WORDS, SURE, WEAK
from optimizations.caching.similar.semantic import SemanticStore
from optimizations.clock import run_virtual
from tests.caching.similar.test_checks import SAME
from tests.caching.similar.test_rules import DIFFERENT

EMBEDDER = cache(WordLlamaEmbedder)

REWORDED = [  # none is in the question bank, or was fitted to
    ("How can I learn chess fast?", "What is the way to learn chess quickly?"),
    ("How do I become a good pianist?", "How can I be a better pianist?"),
    (
        "How can I improve my handwriting?",
        "What should I do to have better handwriting?",
    ),
]


@cache
def check() -> LearnedCheck:
    return LearnedCheck(EMBEDDER())


@pytest.mark.parametrize(
    ("rule", "one", "other"), [case for case in DIFFERENT if case[0] in SURE]
)
def test_a_sure_rule_is_never_overruled(
    rule: str, one: str, other: str
) -> None:
    bold = LearnedCheck(EMBEDDER(), threshold=-100)
    assert bold(one, other) == disagreement(one, other)
    assert bold.score(one, other) == -inf


@pytest.mark.parametrize(
    ("one", "other"), [case[1:] for case in DIFFERENT if case[0] in WEAK]
)
def test_another_thing_scores_too_low_to_overrule(
    one: str, other: str
) -> None:
    assert check()(one, other) in WEAK
    assert -inf < check().score(one, other) < check().threshold


@pytest.mark.parametrize(("one", "other"), REWORDED)
def test_a_paraphrase_scores_high_enough(one: str, other: str) -> None:
    assert disagreement(one, other) in WEAK
    assert check()(one, other) is None
    assert check()(other, one) is None


@pytest.mark.parametrize(("one", "other"), SAME)
def test_where_no_rule_objects_no_score_is_asked(one: str, other: str) -> None:
    strict = LearnedCheck(EMBEDDER(), threshold=100)
    assert strict(one, other) is None


def test_the_threshold_is_a_score() -> None:
    pair = REWORDED[0]
    score = check().score(*pair)
    assert LearnedCheck(EMBEDDER(), threshold=score)(*pair) is None
    strict = LearnedCheck(EMBEDDER(), threshold=score + 0.01)
    assert strict(*pair) in WEAK


def test_long_questions_are_not_compared() -> None:
    text = "word " * (MAX_WORDS + 1)
    assert check()(text, text) == "length"
    assert check().score(text, text) == -inf


@pytest.mark.parametrize("threshold", [nan, inf, -inf])
def test_a_threshold_that_means_nothing_is_refused(threshold: float) -> None:
    with pytest.raises(ValueError, match="threshold"):
        LearnedCheck(EMBEDDER(), threshold=threshold)


def test_coefficients_for_other_features_are_refused(tmp_path: Path) -> None:
    """Weights of columns that have moved would still give a number."""
    fitted = json.loads(COEFFICIENTS.read_text("utf-8"))
    fitted["features"].reverse()
    path = tmp_path / "reversed.json"
    path.write_text(json.dumps(fitted))
    with pytest.raises(ValueError, match=r"reversed\.json is for other"):
        LearnedCheck(EMBEDDER(), coefficients=path)


def test_the_coefficients_are_few() -> None:
    assert COEFFICIENTS.stat().st_size < 30_000


def test_in_a_store_near_misses_are_refused_and_greetings_forgiven() -> None:
    bank = load_bank()
    store = SemanticStore(EMBEDDER(), threshold=0.5, second_check=check())
    found = run_virtual(look_up(store, bank, seed=1, most=1000))
    assert found.near_misses <= 1 / len(bank.near_misses)
    assert found.wrong <= 0.01
    assert found.reworded > 0.97
