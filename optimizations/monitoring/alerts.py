"""Alerts: wake somebody when users suffer, once, and not for a hiccup.

A bare threshold flaps: it fires at each peak and clears at each dip. Here an
alert is a small state machine. A breach makes it *pending*; one that lasts
makes it *firing*; it clears only below a lower mark, and after some calm, to
*resolved*. With too few samples nothing is judged at all: one failure of two
requests at night is not an outage of 50 %.

`BurnRate` asks the better question: how fast is the error budget being spent?
Of 99.9 % promised over 30 days, 0.1 % may fail; at rate 1 the budget lasts
just that long. It pages at 14.4 times that, seen over an hour (2 % of the
budget is gone) *and* over five minutes (it still goes on), and with slower
pairs for slower burns. A short window alone would be nervous, a long one alone
would ring for an hour after the end.

When it does not help: with little traffic the windows are nearly empty; raise
`min_samples`, or probe the service yourself. From Google's "Site Reliability
Workbook".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from math import inf

from optimizations.clock import now
from optimizations.monitoring.record import Record
from optimizations.sliding_window import SlidingWindow


class AlertState(Enum):
    """Where an alert stands."""

    INACTIVE = "inactive"
    PENDING = "pending"
    FIRING = "firing"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class Rule:
    """When to be alarmed about one figure, and when to be calm again."""

    name: str
    above: float
    clears_below: float | None = None  # None: at `above`, without hysteresis
    for_seconds: float = 0.0  # a breach must last this long
    clear_seconds: float = 0.0  # so must the calm
    min_samples: int = 1
    severity: str = "page"

    def __post_init__(self) -> None:
        if not self.calm_mark <= self.above:
            raise ValueError(
                f"rule {self.name}: clears_below must not exceed above"
            )
        if not (
            0 <= self.for_seconds < inf
            and 0 <= self.clear_seconds < inf
            and self.min_samples >= 1
        ):
            raise ValueError(
                f"rule {self.name}: seconds must be finite and not negative, "
                "min_samples at least 1"
            )

    @property
    def calm_mark(self) -> float:
        """At or below it, the figure counts as calm."""
        return self.above if self.clears_below is None else self.clears_below


class Alert:
    """One rule and where it stands. Feed it with `update`; `on_change` is
    called at each change of state.
    """

    def __init__(
        self,
        rule: Rule,
        *,
        on_change: Callable[[Alert], None] = lambda alert: None,
        clock: Callable[[], float] = now,
    ) -> None:
        self.rule = rule
        self.state = AlertState.INACTIVE
        self.since = clock()
        self.value = 0.0
        self._on_change = on_change
        self._clock = clock
        self._calm_since: float | None = None

    def update(self, value: float, samples: int) -> AlertState:
        """Judge the figure as it is now. With too few samples a breach does
        not begin, and a firing alert does not clear.
        """
        self.value = value
        enough = samples >= self.rule.min_samples
        if self.state is AlertState.FIRING:
            self._clear(calm=enough and value <= self.rule.calm_mark)
        else:
            self._arm(breach=enough and value > self.rule.above)
        return self.state

    def _arm(self, *, breach: bool) -> None:
        if not breach:
            if self.state is AlertState.PENDING:
                self._become(AlertState.INACTIVE)
            return
        if self.state is not AlertState.PENDING:
            self._become(AlertState.PENDING)
        if self._clock() - self.since >= self.rule.for_seconds:
            self._become(AlertState.FIRING)

    def _clear(self, *, calm: bool) -> None:
        if not calm:
            self._calm_since = None
            return
        if self._calm_since is None:
            self._calm_since = self._clock()
        if self._clock() - self._calm_since >= self.rule.clear_seconds:
            self._become(AlertState.RESOLVED)

    def _become(self, state: AlertState) -> None:
        self.state, self.since = state, self._clock()
        self._calm_since = None
        self._on_change(self)


@dataclass(frozen=True, slots=True)
class Burn:
    """A pair of windows: alarmed where both burn faster than `factor`."""

    severity: str
    factor: float  # times the rate at which the budget lasts just 30 days
    long_seconds: float
    short_seconds: float


BURNS = (
    Burn("page", 14.4, 3600, 300),
    Burn("page", 6.0, 6 * 3600, 1800),
    Burn("ticket", 3.0, 24 * 3600, 2 * 3600),
    Burn("ticket", 1.0, 72 * 3600, 6 * 3600),
)
"""After 2, 5, 10 and 10 % of the budget of 30 days."""


class BurnRate:
    """A sink: call it with each record; call `check` every few seconds.

    `scale` shrinks every window, so a month can be rehearsed in minutes.
    """

    def __init__(
        self,
        objective: float = 0.999,
        *,
        burns: Sequence[Burn] = BURNS,
        scale: float = 1.0,
        min_samples: int = 100,
        on_change: Callable[[Alert], None] = lambda alert: None,
        clock: Callable[[], float] = now,
    ) -> None:
        if not 0 < objective < 1:
            raise ValueError(f"objective must be within 0..1, not {objective}")
        self.objective = objective
        self._clock = clock
        self._pairs = [
            _Pair(burn, scale, min_samples, on_change, clock) for burn in burns
        ]

    @property
    def alerts(self) -> list[Alert]:
        """One for each pair of windows, the fastest first."""
        return [pair.alert for pair in self._pairs]

    def __call__(self, record: Record) -> None:
        if record.good is not None:
            self.add(record.good)

    def add(self, good: bool) -> None:
        """One more request, kept as promised or not."""
        for pair in self._pairs:
            pair.long.add(good, self._clock())
            pair.short.add(good, self._clock())

    def check(self) -> list[Alert]:
        """Judge every pair now."""
        budget = 1 - self.objective
        for pair in self._pairs:
            long, samples = _share_bad(pair.long, self._clock())
            short, _ = _share_bad(pair.short, self._clock())
            pair.alert.update(min(long, short) / budget, samples)
        return self.alerts


class _Pair:
    """The two windows of one burn, and their alert."""

    def __init__(
        self,
        burn: Burn,
        scale: float,
        min_samples: int,
        on_change: Callable[[Alert], None],
        clock: Callable[[], float],
    ) -> None:
        self.long = SlidingWindow(burn.long_seconds * scale, buckets=60)
        self.short = SlidingWindow(burn.short_seconds * scale, buckets=60)
        rule = Rule(
            f"error budget burns {burn.factor:g} times too fast",
            above=burn.factor,
            clears_below=0.9 * burn.factor,
            min_samples=min_samples,
            severity=burn.severity,
        )
        self.alert = Alert(rule, on_change=on_change, clock=clock)


def _share_bad(window: SlidingWindow, at: float) -> tuple[float, int]:
    good, bad = window.totals(at)
    samples = good + bad
    return (bad / samples if samples else 0.0), samples
