"""Where sure rules object, no score helps; else the score decides."""

from __future__ import annotations

import json
from functools import cache
from math import inf, nan
from pathlib import Path

import pytest

from lab.lookalikes import look_up
from lab.questions import load_bank
from optimizations.caching.checks import disagreement
from optimizations.caching.embedding import WordLlamaEmbedder
from optimizations.caching.learned_check import COEFFICIENTS, LearnedCheck
from optimizations.caching.pair_features import MAX_WORDS
from optimizations.caching.semantic import SemanticStore
from optimizations.clock import run_virtual
from tests.caching.test_checks import DIFFERENT, SAME

EMBEDDER = cache(WordLlamaEmbedder)

REWORDED = [  # none is in the question bank, or was fitted to
    ("How can I become a pilot?", "How do I become a pilot?"),
    ("What is the best way to learn chess?", "How can I learn chess best?"),
    ("What causes headaches?", "What is the cause of a headache?"),
]


@cache
def check() -> LearnedCheck:
    return LearnedCheck(EMBEDDER())


@pytest.mark.parametrize(
    ("rule", "one", "other"),
    [case for case in DIFFERENT if case[0] not in ("things", "scope")],
)
def test_what_must_not_differ_is_named(
    rule: str, one: str, other: str
) -> None:
    assert check()(one, other) == disagreement(one, other)
    assert check().score(one, other) == -inf


@pytest.mark.parametrize(
    ("one", "other"),
    [case[1:] for case in DIFFERENT if case[0] in ("things", "scope")],
)
def test_another_thing_scores_too_low(one: str, other: str) -> None:
    assert check()(one, other) == "score"


@pytest.mark.parametrize(("one", "other"), REWORDED)
def test_it_finds_what_rules_refuse(one: str, other: str) -> None:
    assert disagreement(one, other) is not None
    assert check()(one, other) is None
    assert check()(other, one) is None


def test_it_finds_most_of_what_rules_find() -> None:
    found = [check()(one, other) is None for one, other in SAME]
    assert sum(found) >= len(SAME) - 2


def test_the_threshold_is_a_score() -> None:
    pair = REWORDED[0]
    score = check().score(*pair)
    assert LearnedCheck(EMBEDDER(), threshold=score)(*pair) is None
    strict = LearnedCheck(EMBEDDER(), threshold=score + 0.01)
    assert strict(*pair) == "score"


def test_whatever_is_too_long_is_refused() -> None:
    text = "word " * (MAX_WORDS + 1)
    assert check()(text, text) == "length"


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
