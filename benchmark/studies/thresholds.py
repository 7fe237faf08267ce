"""What a semantic cache finds at each threshold, and how often it is wrong."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import inf
from typing import Any

from benchmark.intervals.digits import shown
from benchmark.look_ups import embedder
from benchmark.measured.rounds import Bench
from benchmark.study import Finding, Study, cells
from lab.likely_pairs import LikelyPair, likely_pairs
from lab.questions import Bank
from optimizations.caching.similar.checks import disagreement
from optimizations.caching.similar.embedding import HashingEmbedder
from optimizations.caching.similar.threshold import Fit, fit_threshold

BUDGET = 0.01  # of the pairs that need different answers
QUICK_PAIRS, PAIRS = 700, 2000  # of a kind
STEPS = 100  # of a curve
KINDS = ("reworded", "paraphrased", "different")
HASHING, WORDS = "hashed letters", "wordllama"
CHECKED = "wordllama, second check"

Scores = Mapping[str, Sequence[float]]  # of each kind of pair


async def run(bench: Bench) -> Finding:
    """Each way of scoring the same kinds of pairs."""
    most = QUICK_PAIRS if bench.quick else PAIRS
    hashed, meant = [
        await likely_pairs(bench.bank, one, seed=bench.seed, most=most)
        for one in (HashingEmbedder(), embedder())
    ]
    scores = {
        HASHING: _by_kind((pair.kind, pair.cosine) for pair in hashed),
        WORDS: _by_kind((pair.kind, pair.cosine) for pair in meant),
        CHECKED: _by_kind((pair.kind, _checked(pair)) for pair in meant),
    }
    fits = {name: _fit(one) for name, one in scores.items()}
    return Finding(
        _title(scores, fits),
        _caption(bench.bank, scores[WORDS]),
        cells(
            {name: _figures(scores[name], fit) for name, fit in fits.items()},
            {
                "fitted threshold": "cosine",
                **{f"{kind} that pass": "%" for kind in KINDS},
                "different, upper 95 %": "%",
            },
        ),
        {
            "steps": [step / STEPS for step in range(STEPS + 1)],
            "panels": {
                name: _panel(one, fits[name]) for name, one in scores.items()
            },
        },
        tuple(
            f"{name}: {fit.explanation}"
            for name, fit in fits.items()
            if fit.chosen is None
        ),
    )


def _by_kind(pairs: Iterable[tuple[str, float]]) -> Scores:
    scores: dict[str, list[float]] = {kind: [] for kind in KINDS}
    for kind, score in pairs:
        scores[kind].append(score)
    return scores


def _checked(pair: LikelyPair) -> float:
    return -inf if disagreement(pair.asked, pair.known) else pair.cosine


def _fit(scores: Scores) -> Fit:
    return fit_threshold(
        (
            (score, kind != "different")
            for kind in KINDS
            for score in scores[kind]
        ),
        BUDGET,
    )


def _passing(scores: Sequence[float], threshold: float) -> float:
    """In %."""
    passing = sum(score >= threshold for score in scores)
    return 100 * passing / max(len(scores), 1)


def _panel(scores: Scores, fit: Fit) -> dict[str, Any]:
    return {
        "curves": {
            kind: [
                _passing(scores[kind], step / STEPS)
                for step in range(STEPS + 1)
            ]
            for kind in KINDS
        },
        "fitted": fit.chosen.threshold if fit.chosen else None,
    }


def _figures(scores: Scores, fit: Fit) -> list[float | None]:
    if fit.chosen is None:
        return [None] * (2 + len(KINDS))
    threshold = fit.chosen.threshold
    return [
        threshold,
        *(_passing(scores[kind], threshold) for kind in KINDS),
        100 * fit.chosen.upper_bound,
    ]


def _caption(bank: Bank, scores: Scores) -> str:
    counts = {kind: f"{len(scores[kind]):,}" for kind in KINDS}
    near = "the near misses of these questions"
    return (
        f"{counts['reworded']} questions reworded, {counts['paraphrased']} "
        f"with the nearest of their intent, {counts['different']} pairs that "
        "need different answers: "
        f"{near if bank.near_misses else 'the nearest of another intent'}. "
        f"Upright: the threshold fitted to at most {100 * BUDGET:g} % of the "
        "different ones, upper 95 %."
    )


def _title(scores: Mapping[str, Scores], fits: Mapping[str, Fit]) -> str:
    """Of the cosines alone the one that finds most, then with the check."""
    found = {
        name: _figures(scores[name], fit)[1:3]
        for name, fit in fits.items()
        if fit.chosen is not None
    }
    alone = [name for name in (HASHING, WORDS) if name in found]
    told = ["no cosine alone has a threshold that keeps this"]
    if alone:
        best = max(alone, key=lambda name: found[name][0] or 0.0)
        told = [f"{best} alone find {_both(found[best])}"]
    if CHECKED in found:
        told.append(f"with a second check {_both(found[CHECKED])} are found")
    return (
        f"At most {100 * BUDGET:g} % false hits: {'; '.join(told)} (more "
        "found is better)"
    )


def _both(found: Sequence[float | None]) -> str:
    again, other = (f"{shown(figure or 0.0)} %" for figure in found)
    return f"{again} of reworded and {other} of paraphrased questions"


STUDY = Study(
    "thresholds",
    "What does a semantic cache find, and at what risk?",
    "simulated",
    run,
)
