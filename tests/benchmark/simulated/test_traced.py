"""A suite whose customers come from a trace."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmark.simulated.seed_run import SeedRun
from benchmark.simulated.simulate import Job, SeedResult, simulate, suite_of
from benchmark.simulated.traced import replaying, trace_requests
from lab.options import UsageError


@pytest.fixture
def trace(tmp_path: Path) -> str:
    """Thirty requests in half a minute."""
    file = tmp_path / "mine.csv"
    lines = ["TIMESTAMP,ContextTokens,GeneratedTokens"]
    lines += [
        f"2023-11-16 18:15:{second:02}.5000000,{100 + second},{5 + second}"
        for second in range(30)
    ]
    file.write_text("\n".join(lines))
    return str(file)


def day(
    trace: str, seed: int = 7, scale: float = 1.0
) -> dict[str, SeedResult]:
    return simulate(Job("balancing", seed, 20, None, trace, scale))


def test_every_policy_meets_the_traces_requests_when_they_came(
    trace: str,
) -> None:
    runs = [run for run in day(trace).values() if isinstance(run, SeedRun)]
    assert len(runs) == 3
    for run in runs:
        assert run.due_seconds == pytest.approx(range(20))
        assert run.completion_tokens == sum(5 + i for i in range(20))
        assert (run.answered, run.differing) == (20, 0)


def test_a_time_scale_of_two_plays_it_twice_as_fast(trace: str) -> None:
    run = day(trace, scale=2.0)["one is slow: round robin"]
    assert isinstance(run, SeedRun)
    assert run.due_seconds[-1] == pytest.approx(19 / 2)


def test_seeds_are_then_of_the_models_chance_alone(trace: str) -> None:
    one, other = (
        day(trace, seed)["one is slow: round robin"] for seed in (7, 8)
    )
    assert isinstance(one, SeedRun)
    assert isinstance(other, SeedRun)
    assert one.due_seconds == other.due_seconds
    assert one.seconds != other.seconds


def test_the_label_says_which_trace_how_much_of_it_and_how_fast(
    trace: str,
) -> None:
    setting = suite_of(Job("balancing", 1, 20, None, trace, 2.0)).setting
    assert setting.startswith(
        "Trace: mine.csv, the first 20 of 30 requests, time scale 2."
    )
    assert trace_requests(trace, quick=False) == 30


def test_a_suite_that_asks_about_words_is_left_out_and_says_so(
    trace: str,
) -> None:
    able, notes = replaying(["measuring", "caching", "balancing"], trace)
    assert able == ["balancing"]
    assert notes == [
        "measuring, caching: left out, a trace can't be replayed there"
    ]
    both = "caching can't replay one; balancing can"
    with pytest.raises(UsageError, match=both):
        replaying(["caching"], trace)


def test_a_trace_that_cannot_be_read_is_wrong_usage() -> None:
    with pytest.raises(UsageError, match="there is no file"):
        replaying(["balancing"], "nowhere.csv")
