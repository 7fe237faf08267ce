"""Whether an answer is served, asked anew, or both, goes by its age."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from math import inf, nan
from random import Random

import pytest

from optimizations.caching.cache_fill import CacheFill
from optimizations.caching.cached import Cached
from optimizations.caching.freshness import Freshness, Verdict
from optimizations.caching.single_flight import SingleFlight
from optimizations.caching.store import MemoryStore
from optimizations.clock import chance, now, run_virtual
from optimizations.errors import UpstreamError
from optimizations.llm import LLM
from tests.helpers import Scripted, Step, ask, other_tasks, read, says

ALWAYS_STALE = Freshness(60, stale_seconds=inf)  # after a minute, for ever


def slow(text: str) -> list[Step]:
    """An answer that takes 2 s."""
    return says(text, gap_seconds=2)


def refreshing(model: LLM, freshness: Freshness) -> Cached:
    store = MemoryStore()
    fill = SingleFlight(CacheFill(model, store))
    return Cached(fill, store, freshness=freshness)


@asynccontextmanager
async def aged(
    seconds: float, model: LLM, freshness: Freshness
) -> AsyncIterator[Cached]:
    """One that has had its first answer for so long."""
    async with refreshing(model, freshness) as chatbot:
        await read(chatbot, ask())
        await asyncio.sleep(seconds)
        yield chatbot


def share_refreshed(age_seconds: float, made_in_seconds: float) -> float:
    rule, draw = Freshness(60, early=1), Random(1).random
    verdicts = [
        rule.judge(age_seconds, made_in_seconds, draw) for _ in range(5000)
    ]
    return verdicts.count(Verdict.SERVE_AND_REFRESH) / len(verdicts)


def test_a_young_answer_is_hardly_ever_asked_anew() -> None:
    assert share_refreshed(0, 2) == 0
    assert share_refreshed(59, 0.001) == 0


def test_early_refresh_has_the_probability_of_the_paper() -> None:
    """With an exponential draw, exp(-left / made_in) of the readers ask."""
    assert share_refreshed(58, 2) == pytest.approx(0.368, abs=0.02)
    assert share_refreshed(56, 2) == pytest.approx(0.135, abs=0.02)


@pytest.mark.parametrize(
    ("rule", "age"),
    [
        (Freshness(60), 59.9),  # without `early`
        (Freshness(3600, early=1), 60),  # far from the end
        (Freshness(60, stale_seconds=60, early=1), 61),  # stale already
    ],
)
def test_nothing_is_drawn_where_chance_decides_nothing(
    rule: Freshness, age: float
) -> None:
    def draw() -> float:
        raise AssertionError("drawn")

    rule.judge(age, 30, draw)


@pytest.mark.parametrize(
    "fields",
    [
        {"fresh_seconds": 0},
        {"fresh_seconds": -1},
        {"fresh_seconds": nan},
        {"stale_seconds": -1},
        {"stale_seconds": nan},
        {"early": -1},
        {"early": inf},
        {"early": nan},
    ],
)
def test_what_is_no_time_is_refused(fields: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="fresh_seconds"):
        Freshness(**fields)


def test_a_stale_answer_is_served_at_once_and_asked_anew_behind() -> None:
    async def main() -> None:
        model = Scripted(slow("old"), slow("new"))
        async with aged(70, model, Freshness(60, stale_seconds=30)) as chatbot:
            asked = now()
            stale = [read(chatbot, ask(n=n)) for n in range(50)]
            assert await asyncio.gather(*stale) == ["old"] * 50
            assert now() == asked
            await asyncio.sleep(2.5)
            assert await read(chatbot, ask()) == "new"
            assert model.calls == 2
            assert chatbot.snapshot()["stale"] == 50
            assert model.requests[1].request_id.endswith(":refresh")
            assert not other_tasks()

    run_virtual(main())


def test_an_answer_past_both_times_is_a_miss() -> None:
    async def main() -> None:
        model = Scripted(slow("old"), slow("new"))
        async with aged(90, model, Freshness(60, stale_seconds=30)) as chatbot:
            assert await read(chatbot, ask()) == "new"

    run_virtual(main())


def test_a_popular_answer_refreshed_early_never_makes_anybody_wait() -> None:
    async def slowest(freshness: Freshness) -> float:
        model, waits = Scripted(slow("yes")), []
        async with refreshing(model, freshness) as chatbot:
            await read(chatbot, ask())
            draws = chance(1, "arrivals")
            for n in range(2000):
                await asyncio.sleep(draws.expovariate(10))
                asked = now()
                await read(chatbot, ask(n=n))
                waits.append(now() - asked)
        return max(waits)

    assert run_virtual(slowest(Freshness(60))) == 2
    assert run_virtual(slowest(Freshness(60, early=1))) == 0


def test_a_refresh_that_fails_leaves_the_old_answer() -> None:
    async def main() -> None:
        model = Scripted(slow("old"), [UpstreamError("no")])
        async with aged(70, model, ALWAYS_STALE) as chatbot:
            for n in range(3):
                assert await read(chatbot, ask(n=n)) == "old"
                await asyncio.sleep(4)
            assert chatbot.snapshot()["refresh_failures"] == 3

    run_virtual(main())


def test_refreshes_that_do_not_help_are_no_storm() -> None:
    """Each stale hit on a provider that was down started one more call."""

    async def main() -> None:
        model = Scripted(slow("old"), [UpstreamError("no")])
        async with aged(70, model, ALWAYS_STALE) as chatbot:
            for n in range(2000):
                await read(chatbot, ask(n=n))
                await asyncio.sleep(0.01)
            assert model.calls - 1 == 5  # after 0, 1, 3, 7 and 15 s

    run_virtual(main())


def test_a_refresh_is_a_request_of_its_own() -> None:
    """Under the reader's idempotency key, a provider would give the old
    answer again; under its deadline, it might end before it began.
    """

    async def main() -> None:
        model = Scripted(slow("old"), slow("new"))
        async with aged(70, model, Freshness(60, stale_seconds=30)) as chatbot:
            request = ask(deadline=now() + 0.1, idempotency_key="once")
            await read(chatbot, request)
            await asyncio.sleep(3)
            refresh = model.requests[1]
            assert refresh.idempotency_key is None
            assert refresh.trace is not request.trace
            assert await read(chatbot, ask()) == "new"

    run_virtual(main())


def test_who_misses_joins_the_refresh_under_way() -> None:
    async def main() -> None:
        model = Scripted(slow("old"), slow("new"))
        async with aged(89, model, Freshness(60, stale_seconds=30)) as chatbot:
            await read(chatbot, ask())  # stale: asked anew, for 2 s
            await asyncio.sleep(1)
            assert await read(chatbot, ask(n=2)) == "new"  # expired
            assert model.calls == 2

    run_virtual(main())


def test_a_refresh_passes_over_other_stores_that_are_as_old() -> None:
    async def main() -> None:
        model = Scripted(slow("old"), slow("new"))
        near, far = MemoryStore(), MemoryStore()
        fill = SingleFlight(CacheFill(model, near, far))
        freshness = Freshness(60, stale_seconds=30)
        async with Cached(Cached(fill, far), near, freshness=freshness) as bot:
            await read(bot, ask())
            await asyncio.sleep(70)
            await read(bot, ask())
            await asyncio.sleep(3)
            assert await read(bot, ask()) == "new"

    run_virtual(main())


def test_a_refresh_that_hangs_is_given_up() -> None:
    async def main() -> None:
        model = Scripted(slow("old"), [inf], slow("new"))
        async with refreshing(model, ALWAYS_STALE) as chatbot:
            for wait in (0, 70, 61, 3):
                await asyncio.sleep(wait)
                await read(chatbot, ask())
            assert await read(chatbot, ask()) == "new"
            assert model.running == 0

    run_virtual(main())


def test_closing_ends_the_refreshes() -> None:
    async def main() -> None:
        model = Scripted(slow("old"), [inf])
        async with aged(70, model, ALWAYS_STALE) as chatbot:
            await read(chatbot, ask())
            await asyncio.sleep(1)
            assert model.running == 1
        assert model.running == 0
        assert not other_tasks()

    run_virtual(main())
