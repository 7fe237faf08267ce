"""Of many processes one asks; the others get its answer. Here each onion
stands for a process; `tests/lab/test_second_process.py` has real ones.
"""

from __future__ import annotations

import asyncio

import pytest

from optimizations.caching.cache_fill import CacheFill
from optimizations.caching.cached import Cached
from optimizations.caching.keys import exact_key
from optimizations.caching.lease import Lease, Turn
from optimizations.caching.shared_flight import SharedFlight
from optimizations.caching.single_flight import SingleFlight
from optimizations.caching.store import MemoryStore
from optimizations.clock import now, run_virtual
from optimizations.errors import ConnectionFailed, LLMError
from optimizations.llm import LLM, CacheControl, Chunk, Reply
from tests.caching.answers import answer
from tests.caching.leases import MemoryLeases
from tests.helpers import STOP, Script, Scripted, Step, ask, other_tasks, says

SLOW: list[Step] = ["Hello", 10.0, STOP]


class Fleet:
    """Processes that share a store and leases, and may share a model."""

    def __init__(self, size: int, *scripts: Script) -> None:
        self.leases = MemoryLeases()
        self.store = MemoryStore()
        self.model = Scripted(*scripts)
        self.flights = [self._flight(number) for number in range(size)]
        self.processes = [
            Cached(SingleFlight(flight), self.store) for flight in self.flights
        ]

    def _flight(self, number: int) -> SharedFlight:
        filling = CacheFill(self.model, self.store)
        return SharedFlight(filling, self.store, self.leases, seed=number)


async def complete(llm: LLM, **rest: object) -> Reply | Exception:
    try:
        return await llm.complete(ask(**rest))  # type: ignore[arg-type]
    except LLMError as error:
        return error


def texts(replies: list[Reply | Exception]) -> list[str]:
    return [r.text if isinstance(r, Reply) else repr(r) for r in replies]


def test_three_processes_with_many_misses_each_ask_once() -> None:
    async def main() -> None:
        fleet = Fleet(3, SLOW)
        began = now()
        replies = await asyncio.gather(
            *(complete(p) for p in fleet.processes for _ in range(334))
        )
        assert texts(replies) == ["Hello"] * 1002
        assert fleet.model.calls == 1
        assert now() - began < 10.3  # as long as the answer, and a look
        assert [f.led for f in fleet.flights] == [1, 0, 0]
        assert [f.followed for f in fleet.flights] == [0, 1, 1]
        assert not other_tasks()

    run_virtual(main())


def test_a_follower_says_who_served_it_and_gets_pieces_if_it_wants() -> None:
    async def main() -> None:
        fleet = Fleet(2, ["Hello there", 10.0, STOP])
        leader = asyncio.create_task(complete(fleet.processes[0]))
        await asyncio.sleep(1)
        request = ask()
        pieces: list[Chunk] = [
            chunk async for chunk in fleet.flights[1].stream(request)
        ]
        assert len(pieces) > 1
        assert now() > 10
        assert request.trace.served_by == "memory"
        assert request.trace.attempts == 0
        await leader

    run_virtual(main())


def test_a_lease_outlives_an_answer_of_a_minute() -> None:
    async def main() -> None:
        fleet = Fleet(3, ["Hello", 60.0, STOP])
        replies = await asyncio.gather(*map(complete, fleet.processes))
        assert texts(replies) == ["Hello"] * 3
        assert fleet.model.calls == 1

    run_virtual(main())


def test_when_the_leader_dies_exactly_one_takes_over() -> None:
    """All who waited asked at once: nobody had been elected anew."""

    async def main() -> None:
        fleet = Fleet(3, SLOW)
        killed = Lease(fleet.leases, exact_key(ask()))
        assert await killed.take() is Turn.MINE
        replies = await asyncio.gather(*map(complete, fleet.processes))
        assert texts(replies) == ["Hello"] * 3
        assert fleet.model.calls == 1
        assert now() < 3 + 0.5 + 10 + 0.5

    run_virtual(main())


def test_when_the_leader_is_cancelled_exactly_one_takes_over() -> None:
    async def main() -> None:
        fleet = Fleet(3, SLOW)
        leader = asyncio.create_task(complete(fleet.processes[0]))
        await asyncio.sleep(1)
        rest = [
            asyncio.create_task(complete(process))
            for process in fleet.processes[1:]
        ]
        await asyncio.sleep(1)
        leader.cancel()
        assert texts(await asyncio.gather(*rest)) == ["Hello"] * 2
        assert fleet.model.calls == 2  # the leader's, and one more
        assert now() < 2 + 0.5 + 10 + 0.5

    run_virtual(main())


@pytest.mark.parametrize(
    "nothing",
    [
        [1.0, ConnectionFailed("gone")],
        ["Hel", 1.0, Chunk("", finish_reason="length")],
    ],
)
def test_what_cannot_be_shared_is_asked_side_by_side(
    nothing: list[Step],
) -> None:
    """Else the fifth would wait for four answers that it cannot use."""

    async def main() -> None:
        fleet = Fleet(5, nothing, SLOW)
        replies = await asyncio.gather(*map(complete, fleet.processes))
        assert texts(replies)[1:] == ["Hello"] * 4
        assert fleet.model.peak == 4
        assert now() < 1 + 10 + 0.5

    run_virtual(main())


def test_without_leases_each_asks_for_itself() -> None:
    async def main() -> None:
        fleet = Fleet(3, SLOW)
        fleet.leases.up = False
        replies = await asyncio.gather(*map(complete, fleet.processes))
        assert texts(replies) == ["Hello"] * 3
        assert fleet.model.calls == 3
        assert [f.alone for f in fleet.flights] == [1, 1, 1]

    run_virtual(main())


def test_who_waits_forgives_a_short_absence_of_redis_but_not_a_long_one() -> (
    None
):
    """One late answer among six hundred, and a follower asked for itself."""

    async def main() -> None:
        for absent_seconds, calls in (2, 1), (5, 2):
            fleet = Fleet(2, SLOW)
            asking = [
                asyncio.create_task(complete(p)) for p in fleet.processes
            ]
            await asyncio.sleep(3.5)
            fleet.leases.up = False
            await asyncio.sleep(absent_seconds)
            fleet.leases.up = True
            assert texts(await asyncio.gather(*asking)) == ["Hello"] * 2
            assert fleet.model.calls == calls

    run_virtual(main())


def test_nobody_waits_past_a_deadline_or_a_patience() -> None:
    async def main() -> None:
        fleet = Fleet(2, ["Hello", 1000.0, STOP], says("Me too"))
        leader = asyncio.create_task(complete(fleet.processes[0]))
        await asyncio.sleep(1)
        request = ask(deadline=now() + 5)
        assert (await fleet.flights[1].complete(request)).text == "Me too"
        assert now() == pytest.approx(6)
        # and without a deadline, for 120 s
        reply = await fleet.flights[1].complete(ask())
        assert reply.text == "Me too"
        assert now() == pytest.approx(126)
        leader.cancel()
        await asyncio.wait([leader])

    run_virtual(main())


def test_who_wants_a_new_answer_takes_no_part() -> None:
    async def main() -> None:
        fleet = Fleet(2, SLOW)
        anew = ask(cache=CacheControl(no_cache=True))
        await asyncio.gather(
            fleet.flights[0].complete(ask()), fleet.flights[1].complete(anew)
        )
        private = ask(cache=CacheControl(no_store=True))
        await fleet.flights[1].complete(private)
        assert fleet.model.calls == 3
        assert fleet.flights[1].snapshot()["followed"] == 0

    run_virtual(main())


def test_an_answer_that_was_there_before_is_not_taken_for_the_new_one() -> (
    None
):
    """It had expired, or `Cached` would have served it."""

    async def main() -> None:
        fleet = Fleet(2, ["x", 10.0, Chunk("", finish_reason="length")])
        await fleet.store.keep(ask(), answer("old"))
        await asyncio.sleep(100)
        replies = await asyncio.gather(
            *(flight.complete(ask()) for flight in fleet.flights)
        )
        assert [reply.text for reply in replies] == ["x", "x"]

    run_virtual(main())


def test_a_follower_cancelled_at_any_time_leaves_nothing_behind() -> None:
    async def main() -> None:
        for tenths in range(0, 125, 7):
            fleet = Fleet(2, SLOW)
            fleet.leases.delay_seconds = 0.3
            leader = asyncio.create_task(complete(fleet.processes[0]))
            follower = asyncio.create_task(complete(fleet.processes[1]))
            await asyncio.sleep(tenths / 10)
            follower.cancel()
            assert texts([await leader]) == ["Hello"]
            await asyncio.wait([follower])
            assert fleet.flights[1].snapshot()["waiting"] == 0
            assert not other_tasks()
            assert fleet.model.running == 0

    run_virtual(main())


def test_who_looks_away_for_longer_than_the_note_stands_is_refused() -> None:
    store, leases = MemoryStore(), MemoryLeases()
    with pytest.raises(ValueError, match="poll_seconds"):
        SharedFlight(Scripted(), store, leases, poll_seconds=2.0)
