"""Two reports side by side: what became faster, slower, or cannot be told."""

from __future__ import annotations

from typing import Any

import pytest

from benchmark.against_earlier.change import Change, Changes
from benchmark.against_earlier.changes import compare_reports
from tests.benchmark.reports import DAYS, changed, report

BEFORE = report()


def simulated(changes: Changes, metric: str = "mean") -> Change:
    """Of the second strategy."""
    [found] = [
        x
        for x in changes.changes
        if x.place.part == "simulated"
        and (x.place.strategy, x.place.metric) == ("other", metric)
    ]
    return found


def test_the_same_report_is_the_same_in_every_figure() -> None:
    changes = compare_reports(BEFORE, report())
    assert {change.word for change in changes.changes} == {"the same"}
    assert changes.gaps == ()


def test_a_slower_version_is_slower_on_the_same_seeds() -> None:
    change = simulated(compare_reports(BEFORE, report(1.1)))
    assert change.paired
    assert change.word == "slower"
    assert change.comparison.ratio.value == pytest.approx(1.1)
    assert change.worse_by(9)
    assert not change.worse_by(11)


def test_a_faster_version_is_faster() -> None:
    change = simulated(compare_reports(BEFORE, report(0.9)))
    assert change.word == "faster"
    assert not change.worse_by(0)


def test_other_seeds_are_compared_unpaired_and_tell_less() -> None:
    other = report(1.1, seeds=(2000, 2001, 2002, 2003, 2004), days=DAYS[::-1])
    change = simulated(compare_reports(BEFORE, other))
    assert not change.paired
    assert change.word == "cannot tell"
    assert change.comparison.pairs_lacking > 5


def test_less_of_what_is_good_is_worse() -> None:
    def fewer_hits(made: dict[str, Any]) -> None:
        for strategy in made["simulated"]["caching"]["strategies"]:
            strategy["metrics"]["hits"]["seeds"] = [8.0, 8.1, 7.9, 8.0, 8.0]

    def hits(made: dict[str, Any]) -> None:
        for strategy in made["simulated"]["caching"]["strategies"]:
            strategy["metrics"]["hits"]["seeds"] = [
                10.0,
                10.1,
                9.9,
                10.0,
                10.0,
            ]

    before, now = changed(BEFORE, hits), changed(BEFORE, fewer_hits)
    change = simulated(compare_reports(before, now), "hits")
    assert change.worse_by(15)
    assert not change.worse_by(25)
    assert not simulated(compare_reports(now, before), "hits").worse_by(0)


def test_what_was_sent_other_requests_is_not_compared() -> None:
    changes = compare_reports(BEFORE, report(requests=250))
    gaps = [gap for gap in changes.gaps if gap.place.part == "simulated"]
    assert all(x.place.part == "measured" for x in changes.changes)
    assert {gap.reason for gap in gaps} == {"it was sent other requests then"}


def test_a_suite_that_the_earlier_report_lacks_is_a_gap() -> None:
    before = changed(BEFORE, lambda made: made["simulated"].clear())
    [reason] = {
        gap.reason
        for gap in compare_reports(before, BEFORE).gaps
        if gap.place.part == "simulated"
    }
    assert reason == "the earlier report has no such suite"


def test_a_new_strategy_is_no_gap() -> None:
    def forget(made: dict[str, Any]) -> None:
        made["simulated"]["caching"]["strategies"].pop()

    changes = compare_reports(changed(BEFORE, forget), BEFORE)
    assert changes.gaps == ()
    assert {x.place.strategy for x in changes.changes} >= {"plain"}


def test_a_strategy_that_lost_its_figures_is_a_gap() -> None:
    def lose(made: dict[str, Any]) -> None:
        strategy = made["simulated"]["caching"]["strategies"][1]
        strategy["metrics"] = dict.fromkeys(strategy["metrics"])

    lost = changed(BEFORE, lose)
    gaps = compare_reports(BEFORE, lost).gaps
    assert {gap.reason.split(" of ")[0] for gap in gaps} >= {
        "this run has no p99"
    }
    assert compare_reports(lost, lost).gaps == ()  # left out in both


def test_on_another_machine_nothing_measured_is_compared() -> None:
    elsewhere = changed(
        BEFORE, lambda made: made["measured"]["machine"].update(cores=64)
    )
    changes = compare_reports(elsewhere, BEFORE)
    assert all(x.place.part == "simulated" for x in changes.changes)
    assert {gap.reason for gap in changes.gaps} == {
        "it was measured on another machine"
    }


def test_how_busy_it_was_makes_it_no_other_machine() -> None:
    busy = changed(
        BEFORE, lambda made: made["measured"]["machine"].update(load=9.0)
    )
    assert compare_reports(busy, BEFORE).gaps == ()


def rounds(values: list[float]) -> dict[str, Any]:
    def put(made: dict[str, Any]) -> None:
        made["measured"]["suites"]["caching"]["series"][0]["rounds"] = values

    return changed(BEFORE, put)


def measured(before: dict[str, Any], now: dict[str, Any]) -> Change:
    changes = compare_reports(before, now).changes
    return next(x for x in changes if x.place.name == "measured hit")


def test_a_measured_change_is_told_where_the_machine_was_quiet() -> None:
    slow = rounds([20.0, 20.2, 19.9, 20.1, 20.0, 19.8, 20.1])
    change = measured(BEFORE, slow)
    assert change.word == "slower"
    assert change.comparison.ratio.value == pytest.approx(2.0, rel=0.01)


def test_a_noisy_machine_cannot_tell() -> None:
    noisy = rounds([20.0, 40.0, 25.0, 60.0, 30.0, 20.0, 90.0])
    assert measured(BEFORE, noisy).word == "cannot tell"


def test_what_says_nothing_of_the_server_is_not_compared() -> None:
    def spoil(made: dict[str, Any]) -> None:
        made["measured"]["suites"]["caching"]["invalid"] = (
            "The client was slow"
        )

    gaps = compare_reports(BEFORE, changed(BEFORE, spoil)).gaps
    assert {gap.reason for gap in gaps} == {
        "one of the two measurements is invalid"
    }


def test_what_never_ended_then_and_now_is_the_same() -> None:
    def never(made: dict[str, Any]) -> None:
        for strategy in made["simulated"]["caching"]["strategies"]:
            strategy["metrics"]["p99"]["seeds"] = [None, 1.0, None, None, 2.0]

    endless = changed(BEFORE, never)
    assert (
        simulated(compare_reports(endless, endless), "p99").word == "the same"
    )
