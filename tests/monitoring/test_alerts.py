"""When somebody is woken, and when not."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimizations.monitoring.alerts import (
    BURNS,
    Alert,
    AlertState,
    BurnRate,
    Rule,
)
from tests.monitoring.records import failed, good

INACTIVE, PENDING, FIRING, RESOLVED = AlertState


class Watch:
    """An alert on a clock moved by hand, which notes every change."""

    def __init__(self, **rule: Any) -> None:
        self.at = 0.0
        self.changes: list[AlertState] = []
        self.alert = Alert(
            Rule("latency", above=2.0, **rule),
            on_change=lambda alert: self.changes.append(alert.state),
            clock=lambda: self.at,
        )

    def see(self, *values: float, samples: int = 100) -> AlertState:
        """One value a second."""
        for value in values:
            self.alert.update(value, samples)
            self.at += 1
        return self.alert.state


def test_a_breach_that_lasts_fires_once_and_resolves() -> None:
    watch = Watch(for_seconds=3)
    watch.see(1, 1, 5, 5, 5, 5, 5, 5, 1, 1)
    assert watch.changes == [PENDING, FIRING, RESOLVED]


def test_a_hiccup_is_not_worth_waking_anybody() -> None:
    watch = Watch(for_seconds=3)
    watch.see(5, 5, 1, 5, 5, 1, 5, 5, 1)
    assert FIRING not in watch.changes


def test_around_the_threshold_it_does_not_flap() -> None:
    """Without a lower mark, a figure that swings around the threshold rang
    once for each swing."""
    nervous, calm = Watch(), Watch(clears_below=1.0)
    swinging = [2.1, 1.9] * 20
    nervous.see(*swinging)
    calm.see(*swinging)
    assert nervous.changes.count(FIRING) == 20
    assert calm.changes.count(FIRING) == 1


def test_it_resolves_only_after_some_calm() -> None:
    watch = Watch(clear_seconds=3)
    assert watch.see(5, 1, 1, 1) is FIRING
    assert watch.see(1) is RESOLVED


def test_a_relapse_starts_the_calm_anew() -> None:
    watch = Watch(clear_seconds=3)
    assert watch.see(5, 1, 1, 5, 1, 1, 1) is FIRING
    assert watch.see(1) is RESOLVED


def test_with_too_few_samples_nothing_is_judged() -> None:
    watch = Watch(min_samples=20)
    assert watch.see(99, samples=19) is INACTIVE
    assert watch.see(99, samples=20) is FIRING
    assert watch.see(0, samples=3) is FIRING


def test_after_a_recovery_it_can_fire_again() -> None:
    watch = Watch()
    watch.see(5, 1, 5)
    assert watch.changes == [PENDING, FIRING, RESOLVED, PENDING, FIRING]


@given(st.lists(st.tuples(st.floats(0, 4), st.integers(0, 40)), max_size=80))
@settings(max_examples=100, deadline=None, derandomize=True)
def test_no_state_is_ever_skipped(seen: list[tuple[float, int]]) -> None:
    watch = Watch(
        for_seconds=2, clear_seconds=2, clears_below=1.0, min_samples=10
    )
    for value, samples in seen:
        watch.see(value, samples=samples)
    allowed = {
        INACTIVE: {PENDING},
        PENDING: {FIRING, INACTIVE},
        FIRING: {RESOLVED},
        RESOLVED: {PENDING},
    }
    before = INACTIVE
    for after in watch.changes:
        assert after in allowed[before]
        before = after


@pytest.mark.parametrize(
    "bad",
    [
        {"clears_below": 3.0},
        {"clears_below": float("nan")},
        {"for_seconds": -1},
        {"clear_seconds": float("inf")},
        {"min_samples": 0},
    ],
)
def test_a_rule_without_sense_is_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="rule latency"):
        Rule("latency", above=2.0, **bad)


class Service:
    """One request a second, on a clock moved by hand."""

    def __init__(self, **settings: Any) -> None:
        self.at = 0.0
        self.rings: list[tuple[str, AlertState, float]] = []
        self.burn = BurnRate(
            clock=lambda: self.at, on_change=self._note, **settings
        )

    def _note(self, alert: Alert) -> None:
        self.rings.append((alert.rule.severity, alert.state, self.at))

    def run(self, seconds: int, bad_every: float = float("inf")) -> None:
        for second in range(1, seconds + 1):
            bad = second % bad_every == 0
            self.burn(failed() if bad else good())
            self.burn.check()
            self.at += 1

    def pages(self) -> list[float]:
        return [
            at
            for severity, state, at in self.rings
            if severity == "page" and state is FIRING
        ]


def test_a_total_outage_pages_within_a_minute_and_clears_in_six() -> None:
    service = Service(burns=BURNS[:1])
    service.run(3600)
    service.run(600, bad_every=1)
    service.run(3600)
    assert 45 < min(service.pages()) - 3600 <= 60
    cleared = next(at for _, state, at in service.rings if state is RESOLVED)
    assert cleared - 4200 <= 360


def test_half_the_budget_s_pace_never_pages() -> None:
    service = Service(burns=BURNS[:2])
    service.run(8 * 3600, bad_every=2000)
    assert service.pages() == []


def test_ten_minutes_of_a_fast_burn_are_not_worth_a_page() -> None:
    service = Service(burns=BURNS[:1])
    service.run(3600)
    service.run(600, bad_every=1000 / 15)
    service.run(600)
    assert service.pages() == []


def test_scaled_windows_rehearse_the_same_in_less_time() -> None:
    service = Service(scale=1 / 10, min_samples=10)
    service.run(360)
    service.run(10, bad_every=1)
    assert len(service.pages()) >= 1
    assert service.pages()[0] - 360 <= 6


def test_two_requests_at_night_are_no_outage() -> None:
    service = Service(min_samples=100)
    service.run(2, bad_every=1)
    assert service.rings == []


def test_who_leaves_spends_no_budget() -> None:
    burn = BurnRate(clock=lambda: 0.0, min_samples=1)
    for _ in range(100):
        burn(good(outcome="left"))
    assert all(alert.value == 0 for alert in burn.check())


@pytest.mark.parametrize("bad", [0, 1, 99.9, float("nan")])
def test_an_objective_without_sense_is_refused(bad: float) -> None:
    with pytest.raises(ValueError, match="objective"):
        BurnRate(bad)
