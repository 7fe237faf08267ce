"""The verdict on a strategy, as one sentence.

"Faster" is said only where the whole interval of the paired ratio lies below
1, "slower" where it lies above, "as good as the same" where it lies within one
percent of 1. Else the sentence says that it cannot tell, and about how many
seeds would.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from math import isfinite, isnan

from benchmark.intervals.digits import interval_shown
from benchmark.intervals.estimates import FEWEST, Estimate
from benchmark.intervals.paired import Comparison
from benchmark.results.metrics import FALSE_HITS, P99, STALE, Metric
from benchmark.results.standings import Standing

SEEDS_WORTH_NAMING = 1000  # more than these nobody will run


def verdict(standing: Standing, judged: Sequence[Metric]) -> str:
    """What became of it against its baseline; the first metric that differs
    gives the first word.
    """
    if problem := standing.problem:
        word = "left out" if problem.missing else "could not judge"
        return f"{word}: {problem.message}"
    if standing.wrong:
        requests = sum(run.requests for run in standing.runs)
        return (
            f"wrong: {standing.wrong} of {requests} answers are not the right "
            "ones, so it is not timed"
        )
    if standing.baseline is None:
        return "the baseline"
    if not standing.baseline.judged:
        return "could not judge: its baseline has no figures"
    parts = list(_parts(standing, standing.baseline, judged))
    if not parts:
        parts = [_no_difference(standing, standing.baseline, judged)]
    if standing.strategy.may_mistake:
        share = standing.figure(FALSE_HITS)
        parts.append(f"{share} % of the answers were another question's")
    stale = standing.figure(STALE)
    if stale and stale.value:
        parts.append(f"{stale} % were out of date")
    return "; ".join(parts)


def word(less: str, more: str, verdict: str) -> str:
    """`faster`, `slower`, `cheaper`, …, `the same`, `as good as the same` or
    `cannot tell`.
    """
    return {
        "less": less,
        "more": more,
        "same": "the same",
        "alike": "as good as the same",
    }.get(verdict, "cannot tell")


def _parts(
    standing: Standing, baseline: Standing, judged: Sequence[Metric]
) -> Iterator[str]:
    """`faster: mean 0.38 (0.35–0.41) of no cache`, and what else differs."""
    of = f" of {baseline.name}"
    for metric in judged:
        comparison = standing.ratio(metric)
        if comparison is None or comparison.verdict == "same":
            continue
        ratio = comparison.ratio
        if isnan(ratio.value):
            continue  # neither of them ever ended
        if ratio.sized:
            text = f"{metric.name} {interval_shown(ratio)}{of}"
            of = ""
        else:  # nothing, or without end: no ratio says that
            ours, theirs = standing.figure(metric), baseline.figure(metric)
            text = (
                f"{metric.name} {_with_unit(ours, metric)} against "
                f"{_with_unit(theirs, metric)}"
            )
        told = word(metric.less, metric.more, comparison.verdict)
        yield f"{told}: {text}{lacking(comparison)}"


def _no_difference(
    standing: Standing, baseline: Standing, judged: Sequence[Metric]
) -> str:
    """The same, unless something that it is judged by was not to be seen."""
    unseen = [m.name for m in judged if standing.ratio(m) is None]
    if unseen == [P99.name]:  # which --quick never sees
        unseen = []
    if unseen:
        return f"cannot tell: too few requests for {' and '.join(unseen)}"
    return f"the same as {baseline.name}"


def _with_unit(estimate: Estimate | None, metric: Metric) -> str:
    if estimate is None or not isfinite(estimate.value):
        return str(estimate or "–")
    return f"{estimate} {metric.unit}"


def lacking(comparison: Comparison) -> str:
    """How many more seeds would tell, in parentheses after a space."""
    if isnan(comparison.ratio.low) and comparison.pairs < FEWEST:
        return f" (fewer than {FEWEST} seeds cannot)"
    seeds = comparison.pairs_lacking
    if isnan(seeds):
        return ""
    if seeds > SEEDS_WORTH_NAMING:
        return f" (more than {SEEDS_WORTH_NAMING:,} more seeds needed)"
    return f" (about {math.ceil(seeds)} more seeds needed)"
