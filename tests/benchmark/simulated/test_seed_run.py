"""What a request's sender saw, and what the provider billed."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import replace
from math import inf
from zlib import crc32

import pytest

from benchmark.simulated.seed_run import (
    FACTS_SECONDS,
    Sample,
    observe,
    pooled,
    seed_run,
)
from optimizations.clock import run_virtual
from optimizations.errors import Overloaded
from optimizations.llm import LLM, Chunk, Request
from optimizations.mock import MockModel
from tests.benchmark.small import run
from tests.helpers import pause


class Talker(LLM):
    """Four pieces of two letters, a second apart; it may break off."""

    def __init__(self, says: int = 4, error: Exception | None = None) -> None:
        self._says = says
        self._error = error

    async def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
        yield Chunk(extra={"role": "assistant"})
        for number in range(self._says):
            await pause(1.0)
            last = "stop" if number == 3 else None
            yield Chunk("ab", finish_reason=last)
        if self._error is not None:
            raise self._error


REQUEST = Request.ask("Open?", tenant="shop", request_id="r")


def test_first_half_and_end_are_told_apart() -> None:
    sample = run_virtual(observe(Talker(), REQUEST, due=0.0))
    assert sample.first_seconds == 1  # an empty chunk is no first word
    assert sample.half_seconds == 2
    assert sample.seconds == 4
    assert (sample.outcome, sample.text) == ("answered", "abababab")


def test_latency_counts_from_when_the_request_was_due() -> None:
    async def main() -> None:
        await pause(5.0)  # the client was late
        sample = await observe(Talker(), REQUEST, due=2.0)
        assert sample.first_seconds == 4
        assert sample.seconds == 7

    run_virtual(main())


@pytest.mark.parametrize(
    ("llm", "code"),
    [
        (Talker(0, Overloaded("full")), "overloaded"),
        (Talker(2), "incomplete"),
    ],
)
def test_a_failure_takes_for_ever_and_says_why(llm: LLM, code: str) -> None:
    sample = run_virtual(observe(llm, REQUEST, due=0.0))
    assert (sample.seconds, sample.half_seconds) == (inf, inf)
    assert (sample.outcome, sample.text) == (code, "")


def test_an_answer_in_one_piece_has_its_first_word_at_the_end() -> None:
    async def main() -> None:
        request = replace(REQUEST, streamed=False)
        sample = await observe(MockModel("quick"), request, due=0.0)
        assert sample.first_seconds == sample.half_seconds == sample.seconds

    run_virtual(main())


def test_a_pool_has_the_samples_of_all_seeds() -> None:
    pool = pooled([run([1.0, inf], hits=1), run([3.0], differing=1)])
    assert pool.seconds == (1.0, inf, 3.0)
    assert pool.outcomes == {"answered": 2, "overloaded": 1}
    assert (pool.hits, pool.differing, pool.requests) == (1, 1, 3)
    assert pool.calls == {"model": 2}


@pytest.mark.parametrize(
    ("age", "is_stale"), [(0.0, False), (4.0, False), (6.0, True)]
)
def test_stale_is_what_was_made_before_its_last_change(
    age: float, is_stale: bool
) -> None:
    right = "The lamp costs 20 euros."
    change = crc32(right.encode()) / 2**32 * FACTS_SECONDS
    cached = Sample(0.0, 0.0, 0.0, "answered", False, right, age_seconds=age)
    one = seed_run([cached], [change + 4.0], 1.0, Talker(), [right])
    assert one.stale == is_stale
