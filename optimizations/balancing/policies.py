"""Policies: which of the replicas that may be asked gets this request.

A policy sees loads and nothing else, so each is a few lines, and all can be
tried against the same traffic. `RoundRobin` counts requests, which is fair
where replicas and questions are alike. `LeastInFlight` looks at the queue it
made itself, which finds a slow replica once requests pile up there.
`PeakEwma` weighs that queue by how long a first token takes lately, and draws
two candidates at random instead of comparing all: with many balancers, all
would rush at the one best replica, and two choices are nearly as good.

When it does not help: on equal replicas below their capacity, the cleverest
policy is no better than `RoundRobin`. What is balanced is requests, not
tokens: one very long answer weighs as much as a short one until it is slow.

Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing";
Finagle's P2C with peak EWMA.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from math import inf
from random import Random
from typing import Protocol, TypeVar

from optimizations.balancing.load import Load


class Loaded(Protocol):
    """Whatever has a load."""

    @property
    def load(self) -> Load:
        """What is known of it."""


R = TypeVar("R", bound=Loaded)


class Policy(Protocol):
    """Chooses one of the candidates, of which there is at least one. A policy
    may remember its choices: each balancer has its own.
    """

    def choose(self, candidates: Sequence[R], rng: Random) -> R:
        """One of the candidates; `rng` draws the lots."""


class AtRandom:
    """Any of them: the baseline that every other policy has to beat."""

    def choose(self, candidates: Sequence[R], rng: Random) -> R:
        """Any."""
        return rng.choice(candidates)


class RoundRobin:
    """The one whose last turn is longest ago.

    A counter modulo the candidates would skip some as soon as their number
    changes; turns do not.
    """

    def __init__(self) -> None:
        self._turns = count(1)
        self._last_turn: dict[Load, int] = {}

    def choose(self, candidates: Sequence[R], rng: Random) -> R:
        """Whoever waited longest for a turn; newcomers first."""
        chosen = min(candidates, key=lambda c: self._last_turn.get(c.load, 0))
        self._last_turn[chosen.load] = next(self._turns)
        return chosen


class LeastInFlight:
    """The one with the fewest requests in flight; equals draw lots, else the
    first in the list would do all the work of a quiet hour.
    """

    def choose(self, candidates: Sequence[R], rng: Random) -> R:
        """The emptiest."""
        return min(candidates, key=lambda c: (c.load.in_flight, rng.random()))


class PeakEwma:
    """Of two drawn at random, the one where less waiting is expected: seconds
    to a first token, times the requests in flight with this one.

    A replica that nobody knows yet is taken at once, but for one request only:
    until that has come back, it is the last choice.
    """

    def choose(self, candidates: Sequence[R], rng: Random) -> R:
        """The better of two."""
        drawn = rng.sample(candidates, min(2, len(candidates)))
        return min(drawn, key=lambda c: _expected_seconds(c.load))


def _expected_seconds(load: Load) -> float:
    if not load.known:
        return inf if load.in_flight else 0.0
    return load.seconds * (load.in_flight + 1)
