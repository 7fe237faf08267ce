"""Every strategy meets the same customers; a seed repeats its run."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest

from benchmark import SUITES
from benchmark.simulated.seed_run import SeedRun
from benchmark.simulated.simulate import (
    Job,
    Problem,
    SeedResult,
    replay,
    right_answers,
    simulate,
)
from benchmark.suite import Strategy, Trial, load_suite
from lab.traffic import Arrival
from optimizations.concurrency.concurrency_limit import ConcurrencyLimit
from optimizations.llm import LLM
from tests.benchmark.small import Liar, Mute, coming, model, suite, trial


@cache
def day(name: str, seed: int) -> dict[str, SeedResult]:
    """A short day of this suite."""
    return simulate(Job(name, seed, requests=25))


@pytest.mark.parametrize("name", SUITES)
def test_each_suite_repeats_to_the_last_digit(name: str) -> None:
    assert simulate(Job(name, seed=7, requests=25)) == day(name, 7)


@pytest.mark.parametrize("name", SUITES)
def test_another_seed_is_another_day(name: str) -> None:
    first, *_ = day(name, 7).values()
    other, *_ = day(name, 8).values()
    assert first != other


@pytest.mark.parametrize("name", SUITES)
def test_no_strategy_is_left_out_or_says_something_else(name: str) -> None:
    for strategy in load_suite(name).strategies:
        run = day(name, 7)[strategy.key]
        assert isinstance(run, SeedRun), run
        assert run.requests == 25
        assert run.differing == 0 or strategy.may_mistake


@pytest.mark.parametrize(
    "name", ["measuring", "caching", "streaming", "balancing"]
)
def test_in_an_open_loop_all_strategies_meet_the_same_arrivals(
    name: str,
) -> None:
    due: dict[object, set[tuple[float, ...]]] = {}
    for strategy in load_suite(name).strategies:
        run = day(name, 7)[strategy.key]
        assert isinstance(run, SeedRun)
        due.setdefault(strategy.workload, set()).add(run.due_seconds)
    assert all(len(times) == 1 for times in due.values())


def test_a_strategy_that_says_something_else_is_noticed() -> None:
    liar = Strategy("liar", lambda trial: Liar(model(trial)))
    run = replay(suite(liar), trial(requests=20))["liar"]
    assert isinstance(run, SeedRun)
    assert run.differing == 20


def test_an_answer_of_nothing_is_a_different_answer() -> None:
    """An empty text was taken for a failure: a strategy that says nothing was
    timed, and was the fastest of all.
    """
    mute = Strategy("mute", lambda trial: Mute(model(trial)))
    run = replay(suite(mute), trial(requests=20))["mute"]
    assert isinstance(run, SeedRun)
    assert run.answered == run.differing == 20


@pytest.mark.parametrize("broken", ["refuses", "raises"])
def test_a_lie_is_noticed_where_the_baseline_has_no_answer(
    broken: str,
) -> None:
    """Answers were held against the baseline's: of what it had failed, any
    answer was right; and where it broke, each strategy was its own judge.
    """

    def baseline(trial: Trial) -> LLM:
        if broken == "raises":
            raise RuntimeError("no such onion")
        return ConcurrencyLimit(model(trial), 1, max_waiting=0)

    first = Strategy("plain", baseline)
    liar = Strategy("liar", lambda trial: Liar(model(trial)))
    true = Strategy("true", model)
    one = replace(suite(), strategies=(first, liar, true))
    runs = replay(one, trial(requests=20))
    said = runs["liar"], runs["true"]
    assert [r.differing for r in said if isinstance(r, SeedRun)] == [20, 0]


def test_the_right_answer_is_as_long_as_was_asked_for() -> None:
    one = trial(requests=5)
    short = [
        Arrival(a.due_seconds, replace(a.request, max_tokens=2))
        for a in coming(one)
    ]
    assert right_answers(one, short) == ["The answer"] * 5


def test_a_failure_is_no_different_answer() -> None:
    """A refused request has no text, and was once counted as a wrong one."""

    def full(trial: Trial) -> LLM:
        return ConcurrencyLimit(model(trial), 1, max_waiting=0)

    run = replay(suite(Strategy("full", full)), trial(requests=20))["full"]
    assert isinstance(run, SeedRun)
    assert run.outcomes["overloaded"] > 0
    assert run.differing == 0


def test_a_strategy_that_breaks_leaves_the_others_alone() -> None:
    def broken(trial: Trial) -> LLM:
        raise RuntimeError("no such onion")

    runs = replay(suite(Strategy("broken", broken)), trial())
    assert runs["broken"] == Problem(False, "RuntimeError: no such onion")
    assert isinstance(runs["plain"], SeedRun)


def test_a_strategy_whose_part_is_missing_says_how_to_get_it() -> None:
    def absent(trial: Trial) -> LLM:
        raise ModuleNotFoundError("needs `pip install it`")

    runs = replay(suite(Strategy("absent", absent)), trial())
    assert runs["absent"] == Problem(True, "needs `pip install it`")


def test_a_closed_loop_never_runs_more_than_its_senders() -> None:
    one = Strategy("one", model, senders=1)
    runs = replay(suite(one), trial(requests=10))
    run = runs["one"]
    assert isinstance(run, SeedRun)
    assert run.makespan_seconds == pytest.approx(sum(run.seconds))


def test_a_sender_that_keeps_to_a_plan_notes_how_late_it_was() -> None:
    """One sender, a request due every 20 ms, an answer takes longer."""
    one = Strategy("one", model, senders=1, scheduled=True)
    run = replay(suite(one), trial(requests=10))["one"]
    assert isinstance(run, SeedRun)
    assert run.due_seconds == pytest.approx([0.02 * i for i in range(10)])
    assert list(run.late_seconds) == sorted(run.late_seconds)
    assert run.late_seconds[-1] > 0.3
    assert run.as_sent_seconds[-1] < 0.5 * run.seconds[-1]


def test_a_quick_day_has_fewer_strategies() -> None:
    quick = simulate(Job("caching", 7, requests=25, quick=True))
    assert quick.keys() < day("caching", 7).keys()
    assert all(day("caching", 7)[key] == run for key, run in quick.items())


def test_in_conversations_the_prefix_cache_is_cheaper_not_wronger() -> None:
    none, prefix = (
        day("caching", 7)[f"in conversations: {name}"]
        for name in ("no cache", "prefix cache")
    )
    assert isinstance(none, SeedRun)
    assert isinstance(prefix, SeedRun)
    assert prefix.prompt_tokens == none.prompt_tokens
    assert prefix.dollars < none.dollars
    assert prefix.differing == 0
