"""Figures, ratios, verdicts, warnings: from ready-made runs."""

from __future__ import annotations

import re
from dataclasses import replace
from math import inf

import pytest

from benchmark.measured.rounds import Measured, Series
from benchmark.results.caveats import caveats
from benchmark.results.metrics import (
    FAILED,
    HITS,
    MAKESPAN,
    MEAN,
    P50,
    P95,
    P95_AS_SENT,
    P99,
)
from benchmark.results.standings import SuiteResult, judge
from benchmark.results.verdicts import verdict
from benchmark.simulated.simulate import Problem
from benchmark.suite import Strategy
from tests.benchmark.small import model, result, run, suite

SLOW = [run([1.0, 2.0, 3.0] * 10), run([1.1, 2.1, 3.1] * 10)]
FAST = [run([0.5, 1.0, 1.5] * 10), run([0.6, 1.0, 1.5] * 10)]


def noted(
    results: list[SuiteResult], load: float = 0.1, quick: bool = True
) -> list[str]:
    return caveats(results, {"load": load, "cores": 2}, quick=quick)


def said(of: SuiteResult) -> str:
    return verdict(of.standings[1], of.suite.judged)


def test_faster_is_said_where_the_whole_interval_is_below_one() -> None:
    text = said(result(SLOW, FAST))
    assert text.startswith("faster: mean 0.50 (0.")
    assert "of plain" in text


def test_slower_is_said_where_it_is_above() -> None:
    assert said(result(FAST, SLOW)).startswith("slower: mean")


def test_cannot_tell_is_said_where_it_crosses_one() -> None:
    mixed = result([SLOW[0], FAST[0]], [FAST[1], SLOW[1]])
    assert said(mixed).startswith("cannot tell: mean")


def test_who_cannot_tell_says_how_many_seeds_are_missing() -> None:
    days = [1.0, 1.1, 0.9, 1.05, 0.95]
    a_little = [0.9, 1.1, 0.95, 1.0, 0.9]
    unsure = result(
        [run([day] * 30) for day in days],
        [run([day * f] * 30) for day, f in zip(days, a_little, strict=True)],
    )
    assert re.search(r"\(about \d+ more seeds needed\)", said(unsure))


def test_equal_figures_are_called_the_same() -> None:
    assert said(result(SLOW, SLOW)) == "the same as plain"


def test_of_a_few_requests_nothing_is_the_same() -> None:
    """Of a trace of ten lines "the same" was said, as nothing had failed, and
    no latency had been looked at.
    """
    judged = (FAILED, P95, P99)
    short = result([run([1.0] * 10)] * 6, [run([9.0] * 10)] * 6)
    told = verdict(short.standings[1], judged)
    assert told == "cannot tell: too few requests for p95 and p99"
    quick = result([run([1.0] * 30)] * 6, [run([1.0] * 30)] * 6)
    assert verdict(quick.standings[1], judged) == "the same as plain"


def test_a_wrong_answer_has_no_speed() -> None:
    lies = [run([0.1] * 30, differing=1), run([0.1] * 30)]
    wrong = result(SLOW, lies)
    assert said(wrong).startswith("wrong: 1 of 60 answers are not the right")
    assert wrong.standings[1].figure(MEAN) is None
    assert wrong.wrong


def test_a_false_hit_of_a_cache_by_meaning_is_a_share_not_a_bug() -> None:
    mistaken = [run([0.1] * 30, differing=3)] * 2
    judged = result(SLOW, mistaken, may_mistake=True)
    assert not judged.wrong
    assert "10 % of the answers were another question's" in said(judged)
    assert said(judged).startswith("faster")


def test_who_never_ends_is_compared_in_words_not_by_a_ratio() -> None:
    lost = result(SLOW * 3, [run([1.0] * 20 + [inf] * 10)] * 6)
    assert said(lost).startswith("slower: mean never against 2.0")


def test_fewer_than_six_seeds_cannot_tell_where_something_never_ended() -> (
    None
):
    """Two seeds were enough for "slower"; by chance alone, each second time
    they point the same way.
    """
    lost = result(SLOW, [run([1.0] * 20 + [inf] * 10)] * 2)
    assert said(lost).startswith("cannot tell: mean never against 2.0")
    assert "(fewer than 6 seeds cannot)" in said(lost)
    assert any("fewer than 6 seeds" in line for line in noted([lost]))
    enough = result(SLOW * 3, FAST * 3)
    assert not any("6 seeds" in line for line in noted([enough]))


def test_a_ratio_of_which_only_the_side_is_known_is_not_quoted() -> None:
    """Half of the days never ended: the median of 0 and 1 was shown as 0.5,
    with an interval from 0 to 1.
    """
    never, ends = run([inf] * 10 + [1.0] * 20), run([1.0] * 30)
    text = said(result([never] * 6, [never, ends] * 3))
    assert "mean never against never" in text
    assert "0.5" not in text


def test_a_difference_not_worth_a_word_is_as_good_as_the_same() -> None:
    days = [1.0, 1.1, 0.9, 1.05, 0.95, 1.2]
    a_little = result(
        [run([day] * 30) for day in days],
        [run([1.003 * day] * 30) for day in days],
    )
    told = "as good as the same: mean 1.003 of plain"
    assert said(a_little).startswith(told)


def test_p99_needs_a_thousand_requests_a_seed() -> None:
    short = result([run([1.0] * 999)] * 2, [run([2.0] * 999)] * 2)
    assert short.standings[1].figure(P99) is None
    assert short.standings[1].ratio(P99) is None
    assert any("no p99" in line for line in noted([short]))
    long = result([run([1.0] * 1000)] * 2, [run([2.0] * 1000)] * 2)
    assert long.standings[1].figure(P99) is not None
    assert not any("no p99" in line for line in noted([long]))


def test_a_percentile_comes_from_all_samples_never_from_an_average() -> None:
    """Two seeds of 50 and 1,000 s: their average p50 would be 5.5."""
    uneven = [run([1.0] * 40), run([10.0] * 60)]
    median = result(uneven, uneven).standings[0].figure(P50)
    assert median is not None
    assert median.value == 10.0


def test_a_job_of_which_a_part_failed_is_never_done() -> None:
    assert MAKESPAN.of(run([1.0, 2.0])) == 2.0
    assert MAKESPAN.of(run([1.0, inf])) == inf
    assert FAILED.of(run([1.0, inf])) == 50
    assert HITS.of(run([1.0, 1.0], hits=1)) == 50


def test_a_few_requests_are_no_queue_that_grew() -> None:
    """A trace of ten lines whose last answers were long was said to have a
    queue that grew.
    """
    short = [run([0.1 * n for n in range(10)])] * 6
    lines = noted([result(short, short)])
    assert not any("its queue" in line for line in lines)


def test_a_run_that_waited_longer_only_at_its_end_did_not_grow() -> None:
    late = [run([1.0] * 60 + [0.5] * 20 + [3.0] * 20)] * 6
    lines = noted([result(late, late)])
    assert not any("its queue" in line for line in lines)


def test_a_queue_that_still_grew_at_the_end_is_warned_of() -> None:
    growing = [run([0.1 * i for i in range(100)])] * 2
    lines = noted([result(growing, [run([1.0] * 100)] * 2)])
    assert sum("its queue still grew" in line for line in lines) == 1


@pytest.mark.parametrize(
    ("missing", "first_word"), [(True, "left out"), (False, "could not judge")]
)
def test_a_strategy_without_a_run_says_why(
    missing: bool, first_word: str
) -> None:
    problem = Problem(missing, "needs a thing")
    gone = result(SLOW, [problem, problem])
    assert said(gone) == f"{first_word}: needs a thing"
    assert gone.unjudged is not missing


def test_without_its_baseline_a_strategy_can_not_be_judged() -> None:
    problem = Problem(False, "broken")
    assert "its baseline has no figures" in said(
        result([problem, problem], FAST)
    )


def test_each_suite_says_how_many_were_answered_of_how_many_asked() -> None:
    whole = result(SLOW, FAST)
    assert whole.answered == "Each answered 60 of 60 asked."
    lost = result(SLOW, [run([1.0] * 20 + [inf] * 10)] * 2)
    assert lost.answered.startswith("Answered, of 60 asked: other 40;")


def test_what_was_sent_late_shows_both_latencies_and_says_which_to_quote() -> (
    None
):
    """Coordinated omission: from when it was sent, all looks well."""
    late = [run([3.0] * 30, late_seconds=2.0)] * 2
    judged = result(SLOW, late)
    assert P95_AS_SENT in judged.columns
    assert str(judged.standings[1].figure(P95_AS_SENT)) == "1"
    [line] = [line for line in noted([judged]) if "sent late" in line]
    assert "1 s from when it was sent, 3 s from when it was due" in line
    assert P95_AS_SENT not in result(SLOW, FAST).columns


def test_a_loop_that_is_there_to_be_late_is_no_warning() -> None:
    """Chapter 0 warned of its own exhibit in each run."""
    closed = Strategy("other", model, senders=1, scheduled=True)
    late = [run([3.0] * 30, late_seconds=2.0)] * 6
    plain = [run([1.0] * 30)] * 6
    days = [{"plain": a, "other": b} for a, b in zip(plain, late, strict=True)]
    judged = judge(suite(closed), 30, days)
    assert not any("sent late" in line for line in noted([judged]))
    assert P95_AS_SENT in judged.columns


def test_a_full_run_is_not_told_to_leave_out_quick() -> None:
    noisy = Series("LRU", "hit", "µs", (1.0, 2.0, 0.5, 1.5, 3.0, 1.0))
    one = replace(result(SLOW, FAST), measured=Measured("", (noisy,)))
    assert any("--quick" in line for line in noted([one]))
    assert not any("--quick" in line for line in noted([one], quick=False))


def test_a_run_that_its_own_client_limited_is_invalid() -> None:
    limited = Measured("over HTTP", invalid="The client was the bottleneck")
    line, *_ = noted([replace(result(SLOW, FAST), measured=limited)])
    assert line.startswith("caching, measured: invalid. The client was")


def test_noise_and_a_busy_machine_are_named_with_what_to_do() -> None:
    noisy = Series("LRU", "hit", "µs", (1.0, 2.0, 0.5, 1.5, 3.0, 1.0))
    one = replace(result(SLOW, FAST), measured=Measured("", (noisy,)))
    lines = noted([one], load=3.5)
    assert any("noisy: caching (1 of 1). Close" in line for line in lines)
    assert any("load 3.5 on 2 cores" in line for line in lines)
    assert not any("busy" in line for line in noted([one], load=1.5))
