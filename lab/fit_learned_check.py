"""Fits the coefficients of the learned check, and says what they are worth.

    python -m lab.fit_learned_check PAIRS.csv [--out learned_check.json]

The coefficients are fitted to two thirds of the pairs and judged by the last.
The threshold is then the lowest at which, with 95 % confidence, at most 1 in
100 near misses of our own question bank pass, and at most 1 in 20 of the pairs
fitted to that need different answers.

Each round fits a small tree to what is still wrong, weighted by how unsure the
model is (LogitBoost). So that it learns what questions have in common and not
the habits of one site, some numbers may only speak in one direction: a nearer
word never against, a differing number never for.

What is printed is one sample, and a narrow one: at 1 % false hits two dozen
pairs decide, and other thirds give more or less. The numbers and the size of
the trees were chosen while looking at questions of the same file, so expect a
little less of new ones.

Fitting needs `scikit-learn`, applying does not.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from math import ceil, inf, isfinite
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from lab.cosines import cosines
from lab.options import OK, USAGE, Parser
from lab.question_pairs import Pair, PairsError, read_pairs, split
from lab.questions import load_bank
from optimizations.caching.similar.boosted_trees import Tree
from optimizations.caching.similar.checks import disagreement
from optimizations.caching.similar.embedding import WordLlamaEmbedder
from optimizations.caching.similar.learned_check import (
    COEFFICIENTS,
    LearnedCheck,
)
from optimizations.caching.similar.pair_features import Preparer, features
from optimizations.caching.similar.threshold import fit_threshold
from optimizations.clock import run_virtual

TREES, DEPTH, RATE = 100, 3, 0.1
SMALLEST_LEAF = 20  # pairs
OF_PAIRS, OF_FEATURES = 0.7, 0.4  # what each tree sees
NEAR_MISSES, LOOKALIKES = 0.01, 0.05  # false hits allowed among each
NEVER = 100.0  # no score is as high: then nothing is overruled
BUDGET = 0.01  # of false hits, at which finding is compared

NEVER_AGAINST = {
    "whole",
    "content",
    "covered",
    "covered_more",
    "lonely",
    "lonely_content",
    "rest",
}
NEVER_FOR = {"numbers", "negations", "names", "symbols", "small"}

Matrix = npt.NDArray[np.float64]


def main(args: Sequence[str] | None = None) -> int:
    """Fit, write, judge. Wrong input is one sentence and exit code 2."""
    parser = Parser(prog="python -m lab.fit_learned_check")
    parser.add_argument("pairs", help="a CSV: question,other,same_answer")
    parser.add_argument("--out", default=COEFFICIENTS, type=Path)
    options = parser.parse_args(args)
    try:
        fitting, held_back = split(read_pairs(options.pairs))
        _want_both_kinds(fitting)
        _want_both_kinds(held_back)
        embedder = WordLlamaEmbedder()
        fitted = fit(fitting, embedder)
    except (PairsError, ModuleNotFoundError) as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return USAGE
    write(fitted, options.out)
    check = LearnedCheck(embedder, coefficients=options.out)
    fitted["threshold"] = fitted_threshold(check, fitting)
    write(fitted, options.out)
    check = LearnedCheck(embedder, coefficients=options.out)
    print(f"{len(fitting):,} pairs fitted to, threshold {check.threshold}.")
    print(report(held_back, embedder, check))
    return OK


def fit(pairs: Sequence[Pair], embedder: WordLlamaEmbedder) -> dict[str, Any]:
    """What `learned_check.json` holds, but for the threshold."""
    prepare = Preparer(embedder.vectors)
    rows = [
        features(prepare(pair.question), prepare(pair.other)) for pair in pairs
    ]
    names = list(rows[0])
    table = np.array([[*row.values()] for row in rows])
    same = np.array([pair.same for pair in pairs], np.float64)
    directions = [(n in NEVER_AGAINST) - (n in NEVER_FOR) for n in names]
    start, trees = boost(table, same, directions)
    return {
        "about": "fitted by lab/fit_learned_check.py; see learned_check.py",
        "features": names,
        "threshold": 0.0,
        "start": start,
        "trees": trees,
    }


def boost(
    table: Matrix, same: Matrix, directions: list[int], *, trees: int = TREES
) -> tuple[float, list[Tree]]:
    """The start and the trees, as `BoostedTrees` takes them."""
    try:
        from sklearn.tree import DecisionTreeRegressor
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "fitting needs `python -m pip install scikit-learn`"
        ) from error
    draws = np.random.default_rng(1)
    share = same.mean()
    start = round(float(np.log(share / (1 - share))), 4)
    scores = np.full(len(same), start)
    made = []
    for seed in range(trees):
        odds = 1 / (1 + np.exp(-scores))
        unsure = np.maximum(odds * (1 - odds), 1e-3)
        seen = draws.random(len(same)) < OF_PAIRS
        tree = DecisionTreeRegressor(
            max_depth=DEPTH,
            min_samples_leaf=min(SMALLEST_LEAF, max(1, len(same) // 10)),
            max_features=OF_FEATURES,
            monotonic_cst=directions,
            random_state=seed,
        )
        wrong = (same - odds) / unsure
        tree.fit(table[seen], wrong[seen], sample_weight=unsure[seen])
        scores += RATE * tree.predict(table)
        made.append(_plain(tree.tree_))
    return start, made


def fitted_threshold(check: LearnedCheck, pairs: Sequence[Pair]) -> float:
    """The lowest, in tenths, that keeps the near misses of our bank within
    `NEAR_MISSES` and those of `pairs` that differ within `LOOKALIKES`.
    """
    found = [
        (_passes_from(check, pair.question, pair.other), pair.same)
        for pair in pairs
    ]
    near = [
        (_passes_from(check, miss.first, miss.second), False)
        for miss in load_bank().near_misses
    ]
    same = [pair for pair in found if pair[1]]
    fits = [
        fit_threshold(near + same, NEAR_MISSES),
        fit_threshold(found, LOOKALIKES),
    ]
    lowest = max(fit.chosen.threshold if fit.chosen else inf for fit in fits)
    return ceil(lowest * 10) / 10 if isfinite(lowest) else NEVER


def _passes_from(check: LearnedCheck, asked: str, stored: str) -> float:
    """The highest threshold at which the check lets a pair pass."""
    if disagreement(asked, stored) is None:
        return inf
    return check.score(asked, stored)


def report(
    pairs: Sequence[Pair], embedder: WordLlamaEmbedder, check: LearnedCheck
) -> str:
    """Correct hits of cosine alone and with the check, at equal false hits."""
    same = [pair.same for pair in pairs]
    texts = [(pair.question, pair.other) for pair in pairs]
    alone = share_found(run_virtual(cosines(embedder, texts)), same)
    scores = [check.score(pair.question, pair.other) for pair in pairs]
    checked = share_found(scores, same)
    return (
        f"{len(pairs):,} pairs held back; at {BUDGET:.0%} false hits cosine "
        f"finds {alone:.1%} of those that share an answer, the check "
        f"{checked:.1%}: {checked / max(alone, 1e-9):.2f} times as many."
    )


def share_found(
    scores: Sequence[float], same: Sequence[bool], budget: float = BUDGET
) -> float:
    """Of the pairs that share an answer, those above the lowest threshold that
    lets at most the share `budget` of the others pass.

    >>> share_found([0.9, 0.8, 0.7, 0.1], [True, False, True, False], 0.5)
    1.0
    """
    right = [s for s, true in zip(scores, same, strict=True) if true]
    wrong = [s for s, true in zip(scores, same, strict=True) if not true]
    allowed = int(budget * len(wrong))
    threshold = sorted(wrong, reverse=True)[allowed]
    return sum(score > threshold for score in right) / len(right)


def write(fitted: dict[str, Any], path: Path) -> None:
    """As JSON, one tree a line."""
    trees = [
        json.dumps(tree, separators=(",", ":")) for tree in fitted["trees"]
    ]
    head = json.dumps({**fitted, "trees": []}, indent=1)
    lines = ",\n".join(trees)
    path.write_text(head[:-4] + f"[\n{lines}\n]\n}}\n", encoding="utf-8")


def _plain(tree: Any, node: int = 0) -> Tree:
    """The library's tree as `BoostedTrees` takes it."""
    low, high = tree.children_left[node], tree.children_right[node]
    if low < 0:
        return round(RATE * float(tree.value[node].item()), 4)
    return (
        int(tree.feature[node]),
        round(float(tree.threshold[node]), 5),
        _plain(tree, low),
        _plain(tree, high),
    )


def _want_both_kinds(pairs: Sequence[Pair]) -> None:
    kinds = {pair.same for pair in pairs}
    if len(pairs) < 50 or len(kinds) < 2:
        raise PairsError(
            "too few pairs: both thirds need 50, with the same answer and not"
        )


if __name__ == "__main__":
    sys.exit(main())
