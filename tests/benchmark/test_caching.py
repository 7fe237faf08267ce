"""The suite of caches: what each stands for shows in its figures."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import combinations

from benchmark.caching import SUITE, adapted, workload
from benchmark.figures import caching
from benchmark.results.caveats import caveats
from benchmark.results.metrics import FALSE_HITS
from benchmark.results.standings import SuiteResult, judge
from benchmark.simulated.seed_run import SeedRun
from benchmark.simulated.simulate import (
    Job,
    replay,
    simulate,
    suite_of,
    trial_of,
)
from benchmark.stood_in import Delayed, NearFirst
from lab.questions import Bank, load_bank
from optimizations.caching.store import MemoryStore
from optimizations.clock import now, run_virtual
from tests.benchmark.small import BANK
from tests.caching.answers import answer
from tests.helpers import ask

MACHINE: dict[str, str | int | float] = {"cores": 2, "load": 0.1}
JOBS = [Job("caching", 1000, 140, quick=True)]


@cache
def judged() -> SuiteResult:
    """A day of a quick run."""
    days = [simulate(job) for job in JOBS]
    return judge(suite_of(JOBS[0]), 140, days)


def test_no_two_strategies_are_the_same_by_construction() -> None:
    """A TTL of 60 s in a run of 47 s was a dict."""
    single = [s for s in judged().standings if s.strategy.group[:1] == "s"]
    for one, other in combinations(single, 2):
        assert one.pool != other.pool, (one.name, other.name)


def test_a_time_to_live_keeps_stale_answers_few() -> None:
    chosen = tuple(s for s in SUITE.strategies if s.name in ("dict", "TTL"))
    trial = trial_of(replace(JOBS[0], requests=500))
    days = replay(replace(SUITE, strategies=chosen[:2]), trial)
    plain, ttl = (days[strategy.key] for strategy in chosen[:2])
    assert isinstance(plain, SeedRun)
    assert isinstance(ttl, SeedRun)
    assert 0 < 2 * ttl.stale < plain.stale


def test_the_second_check_is_worth_its_false_hits() -> None:
    plain, checked = (
        judged().standing(f"single questions: {name}").figure(FALSE_HITS)
        for name in ("unchecked", "semantic")
    )
    assert plain
    assert checked
    assert checked.value < plain.value


def test_the_setting_says_only_what_is_so() -> None:
    """A quick run without a Redis explained its round trip, and a bank
    without near misses had ten percent of them.
    """
    full = adapted(SUITE, load_bank()).setting
    quick = adapted(SUITE.shortened(), BANK).setting
    assert "10 % near misses" in full
    assert "Redis" in full
    assert "near misses" not in quick
    assert "Redis" not in quick


def test_questions_without_near_misses_are_warned_about() -> None:
    suite = adapted(SUITE, Bank(load_bank().intents))
    result = replace(judged(), suite=suite)
    warnings = caveats([result], MACHINE, quick=False)
    said = [w for w in warnings if w.startswith("caching: no near misses")]
    assert len(said) == 1
    assert "only those among ordinary ones" in said[0]
    assert not adapted(SUITE, load_bank()).warnings


def test_the_title_says_of_no_wait_what_cannot_be_told() -> None:
    """It said that the mean "falls to 86 (74-100) %"."""
    title = caching.data(judged())["title"]
    assert "we cannot tell whether the mean wait or p95 falls" in title


def test_near_misses_come_often_enough_to_be_met() -> None:
    trial = trial_of(replace(JOBS[0], requests=1000))
    near = {
        text
        for miss in trial.bank.near_misses
        for text in (miss.first, miss.second)
    }
    asked = {a.request.question for a in workload(trial)}
    assert 8 <= len(asked & near) <= 16


def test_what_is_far_away_takes_its_time_once() -> None:
    async def main() -> tuple[float, float]:
        store = NearFirst(
            MemoryStore({}), Delayed(MemoryStore({}), seconds=0.5)
        )
        await store.keep(ask("Where?"), answer("There."))
        began = now()
        assert await store.find(ask("Where?")) is not None
        middle = now()
        assert await store.find(ask("Where?")) is not None
        return middle - began, now() - middle

    assert run_virtual(main()) == (0.5, 0.0)
