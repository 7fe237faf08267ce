"""One record for each finished request, whatever happened to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from math import inf
from typing import Any

import pytest

from optimizations.balancing.retry import Retry
from optimizations.clock import run_virtual
from optimizations.errors import (
    BadRequest,
    ConnectionFailed,
    DeadlineExceeded,
    Incomplete,
    LLMError,
    RateLimited,
    TimedOut,
    UpstreamError,
)
from optimizations.llm import LLM, Chunk, Request, Trace, Usage
from optimizations.mock import MockModel
from optimizations.monitoring.record import Monitored, Record
from optimizations.tokens import Price
from optimizations.wire import read_error
from tests.helpers import STOP, Scripted, Step, ask, read, says

PRICE = Price(prompt=1.0, cached=0.5, completion=2.0)
TOO_LONG = read_error(400, b'{"error": {"code": "context_length_exceeded"}}')
"""As a provider says it: a bad request under another code than ours."""


class Hit(LLM):
    """Answers without asking a model, as a cache does."""

    async def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
        yield Chunk("yes", 0, "stop", Usage(100, 10))


def monitored(*script: Step) -> tuple[Monitored, list[Record]]:
    records: list[Record] = []
    llm = Monitored(
        Scripted(script), [records.append], wall_clock=lambda: 42.0
    )
    return llm, records


def test_a_record_says_how_an_answer_went() -> None:
    async def main() -> None:
        llm, records = monitored(0.5, "Hel", 0.1, "lo ", 0.3, "you", STOP)
        await read(llm, ask())
        (record,) = records
        assert record.outcome == "answer"
        assert record.good is True
        assert record.ttft_seconds == pytest.approx(0.5)
        assert record.longest_gap_seconds == pytest.approx(0.3)
        assert record.e2e_seconds == pytest.approx(0.9)
        assert (record.prompt_tokens, record.completion_tokens) == (10, 3)
        assert not record.estimated
        assert (record.started, record.at) == (0.0, 42.0)

    run_virtual(main())


@pytest.mark.parametrize(
    ("error", "outcome", "code"),
    [
        (RateLimited("no"), "refused", "rate_limit_exceeded"),
        (BadRequest("no"), "invalid", "invalid_request"),
        (TOO_LONG, "invalid", "context_length_exceeded"),
        (TimedOut("first token", 1.0), "timed out", "timeout"),
        (DeadlineExceeded(), "timed out", "deadline_exceeded"),
        (UpstreamError("no"), "failed", "server_error"),
        (ConnectionFailed("no"), "failed", "connection_failed"),
        (Incomplete("half"), "incomplete", "incomplete"),
        (RuntimeError("a bug"), "failed", "internal_error"),
    ],
)
def test_every_error_has_its_outcome(
    error: Exception, outcome: str, code: str
) -> None:
    async def main() -> None:
        llm, records = monitored(2.0, error)
        with pytest.raises(type(error)):
            await read(llm, ask())
        (record,) = records
        assert (record.outcome, record.code) == (outcome, code)
        assert record.e2e_seconds == 2.0
        assert record.ttft_seconds is None
        assert record.good is (None if outcome == "invalid" else False)

    run_virtual(main())


def test_an_answer_without_an_end_is_incomplete() -> None:
    async def main() -> None:
        llm, records = monitored("half")
        await read(llm, ask())
        assert records[0].outcome == "incomplete"

    run_virtual(main())


@pytest.mark.parametrize("how", ["abandoned", "cancelled", "cancelled early"])
def test_who_leaves_leaves_one_record(how: str) -> None:
    async def main() -> None:
        start: list[Step] = [inf] if how == "cancelled early" else ["Hello"]
        llm, records = monitored(*start, inf)
        if how == "abandoned":
            async with aclosing(llm.stream(ask())) as chunks:
                await anext(chunks)
        else:
            task = asyncio.create_task(read(llm, ask()))
            await asyncio.sleep(3)
            task.cancel()
            await asyncio.wait([task])
        (record,) = records
        assert (record.outcome, record.good) == ("left", None)
        assert record.e2e_seconds == (0 if how == "abandoned" else 3)
        assert llm.snapshot() == {
            "running": 0,
            "records": 1,
            "sink_failures": 0,
        }

    run_virtual(main())


def test_a_reader_who_leaves_at_the_end_had_an_answer() -> None:
    async def main() -> None:
        llm, records = monitored("yes", STOP, inf)
        async for chunk in (stream := llm.stream(ask())):
            if chunk.finish_reason:
                break
        await stream.aclose()
        assert records[0].outcome == "answer"

    run_virtual(main())


def test_a_slow_reader_does_not_make_the_model_slow() -> None:
    async def main() -> None:
        llm, records = monitored(0.5, "a", 0.1, "b", STOP)
        async with aclosing(llm.stream(ask())) as chunks:
            async for _ in chunks:
                await asyncio.sleep(60)
        assert records[0].e2e_seconds == pytest.approx(0.6)
        assert records[0].longest_gap_seconds == pytest.approx(0.1)

    run_virtual(main())


def test_latency_counts_from_when_the_request_was_meant_to_be_sent() -> None:
    """A client that stalls sends late; counted from then, its own stall would
    never be seen."""

    async def main() -> None:
        llm, records = monitored(0.5, "a", STOP)
        await asyncio.sleep(10)
        await read(llm, ask(trace=Trace(sent_at=7.0)))
        assert records[0].started == 7.0
        assert records[0].ttft_seconds == pytest.approx(3.5)

    run_virtual(main())


def test_chunks_without_text_are_no_first_token() -> None:
    async def main() -> None:
        role = Chunk(extra={"role": "assistant"})
        llm, records = monitored(role, 0.4, "a", STOP)
        await read(llm, ask())
        assert records[0].ttft_seconds == pytest.approx(0.4)

    run_virtual(main())


def test_tokens_that_nobody_counted_are_estimated_and_say_so() -> None:
    async def main() -> None:
        llm, records = monitored("one two", " three", ConnectionFailed("x"))
        with pytest.raises(ConnectionFailed):
            await read(llm, ask("Count"))
        assert records[0].estimated
        assert records[0].completion_tokens == 3
        assert records[0].prompt_tokens == 5  # one word, and the message

    run_virtual(main())


def test_what_no_model_was_asked_for_costs_nothing() -> None:
    async def main() -> None:
        records: list[Record] = []
        await read(Monitored(Hit(), [records.append], price=PRICE), ask())
        model = MockModel("instant")
        await read(Monitored(model, [records.append], price=PRICE), ask())
        assert [record.attempts for record in records] == [0, 1]
        assert records[0].nanodollars == 0
        assert records[1].nanodollars == PRICE.nanodollars(
            Usage(records[1].prompt_tokens, records[1].completion_tokens)
        )

    run_virtual(main())


def test_a_failing_sink_hurts_neither_the_answer_nor_other_sinks() -> None:
    async def main() -> None:
        def broken(record: Record) -> None:
            raise OSError("the disk is full")

        records: list[Record] = []
        llm = Monitored(Scripted(says("yes")), [broken, records.append])
        assert await read(llm, ask()) == "yes"
        assert len(records) == 1
        assert llm.snapshot()["sink_failures"] == 1

    run_virtual(main())


def test_a_retried_request_is_one_record() -> None:
    async def main() -> None:
        records: list[Record] = []
        model = Scripted([ConnectionFailed("x")], says("yes"))
        await read(Monitored(Retry(model), [records.append]), ask())
        assert [record.outcome for record in records] == ["answer"]

    run_virtual(main())


def test_a_crowd_of_mixed_fates_leaves_one_record_each() -> None:
    async def main() -> None:
        def fate(request: Any) -> list[Step]:
            n = int(request.request_id.split("-")[1])
            scripts: list[list[Step]] = [
                says("yes", gap_seconds=0.1),
                ["half", inf],
                [0.2, UpstreamError("broken")],
                ["half"],
            ]
            return scripts[n % 4]

        records: list[Record] = []
        llm = Monitored(Scripted(play=fate), [records.append])
        tasks = [asyncio.create_task(read(llm, ask(n=n))) for n in range(400)]
        await asyncio.sleep(1)
        for task in tasks:
            task.cancel()
        done = await asyncio.gather(*tasks, return_exceptions=True)
        assert sum(isinstance(result, LLMError) for result in done) == 100
        assert len({record.request_id for record in records}) == 400
        outcomes = [record.outcome for record in records]
        assert len(outcomes) == 400
        for outcome in ("answer", "left", "failed", "incomplete"):
            assert outcomes.count(outcome) == 100

    run_virtual(main())
