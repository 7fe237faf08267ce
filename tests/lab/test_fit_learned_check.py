"""What is fitted to pairs can be applied, and says what it is worth."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from lab.fit_learned_check import boost, main, share_found
from lab.options import OK, USAGE
from lab.questions import load_bank
from optimizations.caching.similar.boosted_trees import BoostedTrees
from optimizations.caching.similar.embedding import WordLlamaEmbedder
from optimizations.caching.similar.learned_check import (
    COEFFICIENTS,
    LearnedCheck,
)

HEAD = "question,other,same_answer\n"


def made_up_pairs(count: int = 600) -> str:
    """The same wish in other words, and another wish about the same thing."""
    rows = [
        f"How can I buy a thing{n}?,How do I get a thing{n}?,1"
        if n % 2
        else f"How can I buy a thing{n}?,Who made the first thing{n}?,0"
        for n in range(count)
    ]
    return HEAD + "\n".join(rows)


def test_boosting_learns_what_no_sum_can_say() -> None:
    """Same where both numbers are high, or both low."""
    pytest.importorskip("sklearn")
    draws = np.random.default_rng(1)
    table = draws.random((600, 2))
    same = ((table[:, 0] > 0.5) == (table[:, 1] > 0.5)).astype(float)
    start, trees = boost(table, same, [0, 0])
    model = BoostedTrees(trees, width=2, start=start)
    right = [
        (model.score(row) > 0) == bool(marked)
        for row, marked in zip(table.tolist(), same, strict=True)
    ]
    assert sum(right) > 0.95 * len(right)


def test_a_number_that_may_only_speak_for_never_speaks_against() -> None:
    pytest.importorskip("sklearn")
    draws = np.random.default_rng(2)
    table = draws.random((400, 1))
    same = (draws.random(400) < 0.5).astype(float)
    start, trees = boost(table, same, [1], trees=30)
    model = BoostedTrees(trees, width=1, start=start)
    scores = [model.score([x / 50]) for x in range(51)]
    assert scores == sorted(scores)


def test_fitting_writes_what_the_check_reads(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("sklearn")
    pairs, out = tmp_path / "pairs.csv", tmp_path / "fitted.json"
    pairs.write_text(made_up_pairs())
    assert main([str(pairs), "--out", str(out)]) == OK
    assert "pairs held back" in capsys.readouterr().out
    check = LearnedCheck(WordLlamaEmbedder(), coefficients=out)
    yes = check.score("How can I buy a thing?", "How do I get a thing?")
    no = check.score("How can I buy a thing?", "Who made the first thing?")
    assert yes > no
    assert (
        json.loads(COEFFICIENTS.read_text())["features"]
        == json.loads(out.read_text())["features"]
    )


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("", "no column question, other, same_answer"),
        ("question,other\n", "no column same_answer"),
        (HEAD, "there are no pairs"),
        (HEAD + "a,b,1\n", "too few pairs"),
    ],
)
def test_bad_input_is_one_sentence_and_wrong_usage(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    content: str,
    complaint: str,
) -> None:
    path, out = tmp_path / "pairs.csv", tmp_path / "fitted.json"
    path.write_text(content)
    assert main([str(path), "--out", str(out)]) == USAGE
    said = capsys.readouterr().err
    assert complaint in said
    assert said.count("\n") == 1
    assert not out.exists()


def test_without_the_library_that_is_said(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.tree", None)
    path = tmp_path / "pairs.csv"
    path.write_text(made_up_pairs())
    assert main([str(path), "--out", str(tmp_path / "o.json")]) == USAGE
    assert "pip install scikit-learn" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("budget", "share"), [(0.0, 0.5), (0.25, 0.5), (0.5, 1.0)]
)
def test_a_budget_lets_so_many_wrong_ones_pass(
    budget: float, share: float
) -> None:
    right, wrong = [0.9, 0.5], [0.6, 0.55, 0.2, 0.1]
    same = [True] * 2 + [False] * 4
    assert share_found(right + wrong, same, budget) == share


def test_the_threshold_keeps_its_promises() -> None:
    """Of our own bank's near misses, 1 may pass: 2 of 623 would leave more
    than 1 in 100 possible.
    """
    check = LearnedCheck(WordLlamaEmbedder())
    bank = load_bank()
    passed = [
        miss
        for miss in bank.near_misses
        if check(miss.first, miss.second) is None
    ]
    assert len(passed) <= 1
