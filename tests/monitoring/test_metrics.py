"""What all requests come to."""

from __future__ import annotations

from math import inf

import pytest

from optimizations.monitoring.metrics import OTHER, Metrics
from tests.monitoring.records import failed, good


def test_outcomes_errors_tokens_and_cost_add_up() -> None:
    metrics = Metrics()
    for record in (good(), good(tenant="u"), failed(), failed(code="timeout")):
        metrics(record)
    now = metrics.snapshot()
    assert now.outcomes == {"answer": 2, "failed": 2}
    assert now.codes == {"server_error": 1, "timeout": 1}
    assert (now.total.requests, now.total.answers) == (4, 2)
    assert (now.total.prompt_tokens, now.total.completion_tokens) == (20, 40)
    assert now.total.dollars == pytest.approx(26e-6)
    assert now.tenants["t"].requests == 3
    assert now.tenants["u"].cached_tokens == 4


def test_failures_stay_in_the_distribution() -> None:
    metrics = Metrics()
    for _ in range(94):
        metrics(good())
    for _ in range(6):
        metrics(failed())
    now = metrics.snapshot()
    assert now.ttft.p50 == pytest.approx(0.2, rel=0.01)
    assert now.e2e.p95 == inf
    assert now.e2e.p99 is None


def test_an_answer_cut_short_had_a_first_token_but_no_end() -> None:
    metrics = Metrics()
    metrics(good(outcome="incomplete", code="incomplete"))
    now = metrics.snapshot()
    assert now.ttft.p50 == pytest.approx(0.2, rel=0.01)
    assert now.e2e.p50 == inf


def test_who_left_or_asked_nonsense_says_nothing_about_latency() -> None:
    metrics = Metrics()
    metrics(good(outcome="left", ttft_seconds=None))
    metrics(failed(outcome="invalid", code="context_length_exceeded"))
    now = metrics.snapshot()
    assert (now.ttft.count, now.e2e.count) == (0, 0)
    assert now.outcomes == {"left": 1, "invalid": 1}


def test_names_beyond_the_limit_are_counted_as_others() -> None:
    """litellm's memory grew with each end user and each mistyped model: every
    name was a label for ever."""
    metrics = Metrics(max_labels=10)
    for number in range(1000):
        metrics(good(tenant=f"tenant {number}", model=f"model {number}"))
    now = metrics.snapshot()
    assert len(now.tenants) == len(now.models) == 11
    assert now.tenants[OTHER].requests == 990
    assert sum(total.requests for total in now.tenants.values()) == 1000


def test_a_snapshot_does_not_change_afterwards() -> None:
    metrics = Metrics()
    metrics(good())
    before = metrics.snapshot()
    metrics(good())
    assert before.total.requests == before.tenants["t"].requests == 1
    assert before.outcomes == {"answer": 1}


def test_at_least_one_label_is_needed() -> None:
    with pytest.raises(ValueError, match="max_labels"):
        Metrics(max_labels=0)
