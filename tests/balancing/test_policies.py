"""Who is chosen, given the loads."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from random import Random

import pytest

from optimizations.balancing.load import Load
from optimizations.balancing.policies import (
    AtRandom,
    LeastInFlight,
    PeakEwma,
    Policy,
    RoundRobin,
)
from optimizations.clock import run_virtual


@dataclass(eq=False)
class Host:
    name: str
    load: Load = field(default_factory=lambda: Load(failure_seconds=1e-9))

    def knows(self, seconds: float, in_flight: int = 0) -> Host:
        """Asked to be spared for so long, and has this many open requests."""
        ticket = self.load.begin()
        self.load.end(ticket, failed=True, rest_seconds=seconds)
        for _ in range(in_flight):
            self.load.answered(self.load.begin())
        return self


def shares(policy: Policy, hosts: list[Host], draws: int) -> Counter[str]:
    rng = Random(7)
    return Counter(policy.choose(hosts, rng).name for _ in range(draws))


ALL: list[type[Policy]] = [AtRandom, RoundRobin, LeastInFlight, PeakEwma]


@pytest.mark.parametrize("policy", ALL)
def test_a_single_candidate_is_always_chosen(policy: type[Policy]) -> None:
    host = Host("only")
    assert policy().choose([host], Random(1)) is host


@pytest.mark.parametrize("policy", ALL)
def test_equal_replicas_get_equal_shares(policy: type[Policy]) -> None:
    async def main() -> None:
        hosts = [Host(name).knows(0.2) for name in "abcd"]
        for share in shares(policy(), hosts, 10_000).values():
            assert 2_300 < share < 2_700

    run_virtual(main())


def test_round_robin_stays_fair_while_candidates_come_and_go() -> None:
    policy, rng = RoundRobin(), Random(1)
    a, b, c = (Host(name) for name in "abc")
    turns = [
        policy.choose(candidates, rng).name
        for candidates in ([a, b, c], [b, c], [a, b, c], [a, b, c], [a, b])
    ]
    assert turns == ["a", "b", "c", "a", "b"]


def test_least_in_flight_takes_the_emptiest() -> None:
    async def main() -> None:
        busy, idle = Host("busy").knows(0.1, 2), Host("idle").knows(9.0, 1)
        assert shares(LeastInFlight(), [busy, idle], 50) == {"idle": 50}

    run_virtual(main())


def test_peak_ewma_weighs_the_queue_by_the_wait() -> None:
    async def main() -> None:
        quick = Host("quick").knows(0.1, in_flight=3)
        slow = Host("slow").knows(0.5, in_flight=0)
        assert shares(PeakEwma(), [quick, slow], 50) == {"quick": 50}

    run_virtual(main())


def test_peak_ewma_never_chooses_the_worst_while_it_draws_another() -> None:
    async def main() -> None:
        hosts = [Host("a").knows(0.1), Host("b").knows(0.1)]
        hosts.append(Host("worst").knows(8.0))
        assert shares(PeakEwma(), hosts, 1000)["worst"] == 0

    run_virtual(main())


def test_an_unknown_replica_gets_one_probe_and_is_not_flooded() -> None:
    async def main() -> None:
        hosts = [Host("a").knows(0.1, 20), Host("b").knows(0.1, 20)]
        new = Host("new")
        hosts.append(new)
        rng, chosen = Random(3), Counter[str]()
        for _ in range(1000):
            host = PeakEwma().choose(hosts, rng)
            chosen[host.name] += 1
            host.load.begin()
        assert chosen["new"] == 1

    run_virtual(main())
