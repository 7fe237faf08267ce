"""What a comparison says, and whether a threshold holds."""

from __future__ import annotations

from typing import Any

import pytest

from benchmark.against_earlier.changes import compare_reports
from benchmark.against_earlier.judgement import (
    Judgement,
    gap_notes,
    judgement,
    sentences,
)
from benchmark.against_earlier.thresholds import threshold
from tests.benchmark.reports import DAYS, changed, report

BEFORE = report()
ELSEWHERE = changed(
    BEFORE, lambda made: made["measured"]["machine"].update(cores=64)
)
OTHER_SEEDS = report(
    1.1, seeds=(2000, 2001, 2002, 2003, 2004), days=DAYS[::-1]
)


def judged(now: dict[str, Any], *limits: str) -> Judgement:
    changes = compare_reports(BEFORE, now)
    return judgement(changes, [threshold(limit) for limit in limits])


@pytest.mark.parametrize(
    ("now", "limit", "code"),
    [
        (BEFORE, "p99:0%", 0),
        (report(1.2), "p99:10%", 1),
        (report(1.05), "p99:10%", 0),
        (report(0.5), "p99:10%", 0),
        (OTHER_SEEDS, "p99:5%", 0),  # the interval reaches below
        (report(1.2), "mean:30%", 0),
        (ELSEWHERE, "p99:10%", 0),
        (ELSEWHERE, "measured hit:10%", 3),
        (report(1.2, requests=250), "p99:10%", 3),
        (BEFORE, "measured nothing:10%", 3),
    ],
)
def test_worse_is_1_not_known_is_3_and_else_0(
    now: dict[str, Any], limit: str, code: int
) -> None:
    assert judged(now, limit).exit_code == code


def test_a_failure_says_where_and_by_how_much() -> None:
    [line] = judged(report(1.2), "p99:10%").failed
    assert line == "p99:10%: slower: p99 1.2 of before (caching, other)"


def test_a_regression_weighs_more_than_what_is_not_known() -> None:
    both = judged(report(1.2), "p99:10%", "measured nothing:1%")
    assert both.exit_code == 1
    assert both.unjudged


def test_a_quick_run_has_no_p99_to_judge() -> None:
    quick = report(requests=250)
    changes = compare_reports(quick, report(1.2, requests=250))
    verdict = judgement(changes, [threshold("p99:10%")])
    assert verdict.exit_code == 3
    assert "no p99" in verdict.unjudged[0]
    assert judgement(changes, [threshold("mean:10%")]).exit_code == 1


def test_without_a_threshold_only_no_comparison_at_all_is_3() -> None:
    assert judged(report(3.0)).exit_code == 0
    assert judged(ELSEWHERE).exit_code == 0
    other_requests = judged(report(requests=250))
    assert other_requests.exit_code == 3
    assert other_requests.unjudged == (
        "caching: it was sent other requests then",
    )


def test_sentences_name_what_differs_and_count_the_rest() -> None:
    now = report(2.0)
    told = sentences(compare_reports(BEFORE, now), now, [])
    assert told["simulated"] == {
        "caching, other": "slower: mean 2 of before; slower: p99 2 of before",
        "the same as before": "1 strategy",
    }
    assert told["measured"] == {"the same as before": "2 strategies"}


def test_a_metric_that_a_threshold_names_is_told_too() -> None:
    now = report(2.0)
    changes = compare_reports(BEFORE, now)
    told = sentences(changes, now, [threshold("p50:10%")])
    assert "slower: p50 2" in told["simulated"]["caching, other"]


def test_what_cannot_be_told_says_how_many_more_seeds_would_tell() -> None:
    changes = compare_reports(BEFORE, OTHER_SEEDS)
    text = sentences(changes, OTHER_SEEDS, [])["simulated"]["caching, other"]
    assert text.startswith("cannot tell: mean 1.1 (0.")
    assert "more seeds needed" in text


def test_what_could_not_be_compared_is_one_line_a_reason() -> None:
    assert gap_notes(compare_reports(BEFORE, ELSEWHERE)) == [
        "not compared, caching measured: it was measured on another machine"
    ]
    assert gap_notes(compare_reports(BEFORE, BEFORE)) == []
