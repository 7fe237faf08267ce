"""What each cure does to a stampede, on the same traffic."""

from __future__ import annotations

import pytest

from lab.stampede import CURES, FRESH_SECONDS, QUESTIONS, Stampede, stampede
from optimizations.clock import run_virtual
from optimizations.mock import MockModel


def met(cure: str, seed: int = 1) -> Stampede:
    async def main() -> Stampede:
        model = MockModel("hosted", seed=seed)
        return await stampede(cure, model, seed=seed, seconds=45)

    return run_virtual(main())


@pytest.fixture(scope="module")
def runs() -> dict[str, Stampede]:
    return {cure: met(cure) for cure in CURES}


def test_all_answers_expire_in_the_same_second(
    runs: dict[str, Stampede],
) -> None:
    calls = runs["no cure"].calls
    assert min(calls) >= FRESH_SECONDS
    assert runs["no cure"].peak > QUESTIONS
    assert max(runs["no cure"].waits) > 5


def test_a_flight_asks_once_for_each_question(
    runs: dict[str, Stampede],
) -> None:
    assert len(runs["single flight"].calls) == QUESTIONS


def test_jitter_spreads_the_calls_and_saves_none(
    runs: dict[str, Stampede],
) -> None:
    assert min(runs["jitter"].calls) < FRESH_SECONDS
    assert runs["jitter"].peak < runs["no cure"].peak


def test_stale_answers_let_nobody_wait(runs: dict[str, Stampede]) -> None:
    stale = runs["stale while revalidate"]
    assert max(stale.waits) == 0
    assert len(stale.calls) == QUESTIONS


def test_early_refresh_lets_hardly_anybody_wait(
    runs: dict[str, Stampede],
) -> None:
    early = runs["early refresh"]
    waited = [wait for wait in early.waits if wait > 0]
    assert len(waited) < 0.01 * len(early.waits)
    assert early.peak < runs["single flight"].peak


def test_the_same_seed_is_the_same_stampede() -> None:
    assert met("early refresh", 3) == met("early refresh", 3)


def test_without_a_call_there_is_no_peak() -> None:
    assert Stampede([], [0.0]).peak == 0
