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


def with_seeds(metric: str, *seeds: float | None) -> dict[str, Any]:
    """The second strategy's figures, one a seed."""

    def change(made: dict[str, Any]) -> None:
        strategy = made["simulated"]["caching"]["strategies"][1]
        strategy["metrics"][metric]["seeds"] = list(seeds)

    return changed(BEFORE, change)


@pytest.mark.parametrize(
    ("before", "now", "code"),
    [
        ((1.0,) * 5, (None,) * 5, 3),  # five signs tell nothing
        ((1.0,) * 5, (1.0, 1.0, 1.0, 1.0, None), 3),
        ((None,) * 5, (None,) * 5, 0),
        ((0.0,) * 5, (0.0,) * 5, 0),
        ((0.0,) * 5, (0.0, 30.0, 30.0, 30.0, 30.0), 1),
        ((0.0,) * 5, (0.0, 0.0, 0.0, 0.0, 30.0), 0),  # may be chance
        ((30.0,) * 5, (0.0,) * 5, 0),
    ],
)
def test_what_rises_from_nothing_or_never_ends_does_not_just_pass(
    before: tuple[float, ...], now: tuple[float, ...], code: int
) -> None:
    """No ratio was there to lie beyond the threshold: exit code 0."""
    changes = compare_reports(
        with_seeds("mean", *before), with_seeds("mean", *now)
    )
    verdict = judgement(changes, [threshold("mean:10%")])
    assert verdict.exit_code == code, verdict
    assert verdict.passed == (("mean:10%",) if code == 0 else ())


def test_never_after_it_always_ended_is_worse_where_signs_can_tell() -> None:
    before, now = (report(seeds=range(6), days=(1.0,) * 6) for _ in "12")
    strategy = now["simulated"]["caching"]["strategies"][1]
    strategy["metrics"]["mean"]["seeds"] = [None] * 6
    changes = compare_reports(before, now)
    assert judgement(changes, [threshold("mean:10%")]).exit_code == 1


def test_measured_in_too_few_rounds_is_not_judged() -> None:
    """Twenty times slower, and passed: five rounds have no interval."""

    def five(made: dict[str, Any], factor: float) -> None:
        for series in made["measured"]["suites"]["caching"]["series"]:
            series["rounds"] = [x * factor for x in series["rounds"][:5]]

    before = changed(BEFORE, lambda made: five(made, 1))
    now = changed(BEFORE, lambda made: five(made, 20))
    changes = compare_reports(before, now)
    verdict = judgement(changes, [threshold("measured hit:50%")])
    assert verdict.exit_code == 3
    assert "no interval to judge caching, LRU" in verdict.unjudged[0]


def test_a_strategy_that_is_gone_is_missed() -> None:
    now = changed(
        BEFORE, lambda made: made["simulated"]["caching"]["strategies"].pop()
    )
    assert judged(now, "p99:10%").unjudged == (
        "p99:10%: caching: other is gone from it",
    )
    assert judged(now).exit_code == 0
    assert gap_notes(compare_reports(BEFORE, now)) == [
        "not compared, caching: other is gone from it"
    ]
    now = changed(
        BEFORE,
        lambda made: made["measured"]["suites"]["caching"]["series"].pop(),
    )
    assert judged(now, "measured hit:10%").exit_code == 3


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
