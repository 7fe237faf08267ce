"""Circuit breaker: stop asking a replica that keeps failing, and find out with
one single request when it is well again.

A sick replica costs each caller a timeout, and is kept sick by the requests it
gets. The breaker counts how calls end. *Closed*, it lets all pass, until fewer
than 80 % of those in the last 10 seconds succeeded, or 7 in a row failed,
however long that took. Then it is *open*: it refuses at no cost, for 1 second,
then 2, 4, up to 60, less by chance so that many breakers do not knock at the
same instant. After that it is *half-open*: exactly one caller passes as a
probe, and how that ends decides.

Three bugs of other breakers are impossible by shape. A *permit* belongs to one
caller and one period, so results that come late, from calls begun before,
change nothing. A probe that is cancelled gives its place back, and one that is
never heard of again loses it after `probe_seconds`. Checking and taking the
place are one step.

When it does not help: with a single replica it only turns slow errors into
quick ones. A stream is judged by its end: it succeeded when it was whole;
whoever leaves early has said nothing about the replica. Nygard, "Release It!";
the two triggers are linkerd's.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import Enum
from math import inf
from random import Random

from optimizations.balancing.verdict import Outcome, judge
from optimizations.clock import chance, now
from optimizations.errors import CircuitOpen
from optimizations.llm import LLM, Endings, Guard, Observer, Request
from optimizations.sliding_window import SlidingWindow


class State(Enum):
    """What a breaker does with the next call."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


@dataclass(frozen=True, slots=True, eq=False)
class Permit:
    """One caller's leave to pass, in one period of the breaker."""

    period: int


class CircuitBreaker:
    """The state machine. `acquire` a permit, then `record` how it ended.

    `rng` draws the jitter; the one by default is seeded, so that each run is
    like the last. Processes that watch the same replica knock together if
    they draw alike: give each its own, as `chance(gethostname(), getpid())`.
    """

    def __init__(
        self,
        *,
        consecutive_failures: int = 7,
        success_ratio: float = 0.8,
        window_seconds: float = 10.0,
        min_samples: int = 5,
        open_seconds: float = 1.0,
        max_open_seconds: float = 60.0,
        jitter: float = 0.5,
        probe_seconds: float = 30.0,
        rng: Random | None = None,
        clock: Callable[[], float] = now,
    ) -> None:
        if consecutive_failures < 1 or min_samples < 1:
            raise ValueError(
                "consecutive_failures and min_samples must be at least 1"
            )
        if not (0 <= success_ratio <= 1 and 0 <= jitter <= 1):
            raise ValueError("success_ratio and jitter must be within 0..1")
        if not 0 < open_seconds <= max_open_seconds < inf:
            raise ValueError(
                "needs 0 < open_seconds <= max_open_seconds, both finite"
            )
        if not 0 < probe_seconds < inf:
            raise ValueError("probe_seconds must be positive and finite")
        self.opened = 0  # how often, in all
        self.refused = 0
        self._consecutive_failures = consecutive_failures
        self._success_ratio = success_ratio
        self._min_samples = min_samples
        self._open_seconds = open_seconds
        self._max_open_seconds = max_open_seconds
        self._jitter = jitter
        self._probe_seconds = probe_seconds
        self._rng = rng or chance("breaker")
        self._clock = clock
        self._window = SlidingWindow(window_seconds)
        self._failures_in_a_row = 0
        self._opened_in_a_row = 0
        self._period = 0  # one more each time the breaker opens or closes
        self._open_until: float | None = None  # None: closed
        self._probe: Permit | None = None
        self._probe_until = -inf

    @property
    def state(self) -> State:
        """As time has it: open turns half-open by itself."""
        if self._open_until is None:
            return State.CLOSED
        if self._clock() < self._open_until:
            return State.OPEN
        return State.HALF_OPEN

    @property
    def available(self) -> bool:
        """Whether `acquire` would give a permit now."""
        state = self.state
        return state is State.CLOSED or (
            state is State.HALF_OPEN and not self._probing
        )

    @property
    def retry_after_seconds(self) -> float:
        """When to ask again: 0 for now, else when the circuit is half-open.
        While a probe is out, shortly: nobody knows, but it ends soon.
        """
        if self._open_until is None or self.available:
            return 0.0
        if self._probing:
            return min(self._open_seconds, self._probe_until - self._clock())
        return self._open_until - self._clock()

    def acquire(self) -> Permit | None:
        """A permit, or None where the call may not pass."""
        if not self.available:
            self.refused += 1
            return None
        permit = Permit(self._period)
        if self._open_until is not None:
            self._probe = permit
            self._probe_until = self._clock() + self._probe_seconds
        return permit

    def record(self, permit: Permit, outcome: Outcome) -> None:
        """How the call ended, told once for each permit."""
        if permit is self._probe:
            self._probe = None
        if permit.period != self._period or outcome is Outcome.NEITHER:
            return
        if self._open_until is not None:
            # Even a probe that lost its place may prove the replica well, or
            # answers slower than `probe_seconds` would keep it out for ever.
            self._decide(well=outcome is Outcome.SUCCESS)
            return
        self._window.add(outcome is Outcome.SUCCESS, self._clock())
        if outcome is Outcome.SUCCESS:
            self._failures_in_a_row = 0
        elif outcome is Outcome.FAILURE:
            self._failures_in_a_row += 1
        if self._tripped():
            self._open()

    @property
    def _probing(self) -> bool:
        return self._probe is not None and self._clock() < self._probe_until

    def _tripped(self) -> bool:
        if self._failures_in_a_row >= self._consecutive_failures:
            return True
        good, bad = self._window.totals(self._clock())
        samples = good + bad
        return (
            samples >= self._min_samples
            and good < self._success_ratio * samples
        )

    def _decide(self, *, well: bool) -> None:
        if not well:
            self._open()
            return
        self._begin_period()
        self._open_until = None
        self._opened_in_a_row = 0

    def _open(self) -> None:
        self._begin_period()
        doubled = self._open_seconds * 2.0 ** min(self._opened_in_a_row, 60)
        seconds = min(doubled, self._max_open_seconds)
        seconds *= 1 - self._jitter * self._rng.random()
        self._open_until = self._clock() + seconds
        self._opened_in_a_row += 1
        self.opened += 1

    def _begin_period(self) -> None:
        """A fresh start: nothing from before counts any more."""
        self._period += 1
        self._probe = None
        self._failures_in_a_row = 0
        self._window.clear()


class Breaker(Guard):
    """Refuses with `CircuitOpen` while its circuit is open; `available` says
    so beforehand.
    """

    def __init__(
        self, inner: LLM, circuit: CircuitBreaker | None = None
    ) -> None:
        super().__init__(inner)
        self.circuit = circuit or CircuitBreaker()

    @property
    def available(self) -> bool:
        return self.circuit.available and self.inner.available

    def snapshot(self) -> Mapping[str, float]:
        state = self.circuit.state
        return {
            "open": state is State.OPEN,
            "half_open": state is State.HALF_OPEN,
            "opened": self.circuit.opened,
            "refused": self.circuit.refused,
        }

    @asynccontextmanager
    async def around(self, request: Request) -> AsyncIterator[Observer]:
        permit = self.circuit.acquire()
        if permit is None:
            raise CircuitOpen(
                "the circuit is open: this replica failed too often",
                retry_after=self.circuit.retry_after_seconds,
            )
        endings, outcome = Endings(request), Outcome.FAILURE
        try:
            yield endings.add
        except BaseException as error:
            outcome = judge(error)
            raise
        finally:
            if endings.whole:
                outcome = Outcome.SUCCESS  # whole, however the reader left
            self.circuit.record(permit, outcome)
