"""Three clocks for a stream: who is late is named, who is slow is not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from math import inf, nan

import pytest

from optimizations.clock import now, run_virtual
from optimizations.errors import TimedOut
from optimizations.llm import LLM, Chunk, Request
from optimizations.mock import Fault, MockModel
from optimizations.streaming.timeouts import Timeouts
from tests.helpers import (
    STOP,
    Scripted,
    Step,
    ask,
    collect,
    other_tasks,
    outcome,
    read,
    says,
    take,
    turns,
)
from tests.streaming.test_watchdog import Counting

ROLE = Chunk(extra={"role": "assistant"})
HEARTBEAT = Chunk()


def timed(inner: LLM) -> Timeouts:
    """5 s for the first token, 2 s for each further one."""
    return Timeouts(inner, first_token_seconds=5, next_token_seconds=2)


async def ends(*script: Step) -> tuple[str | None, float, float]:
    """Which clock fired with what limit, and when."""
    model = Scripted(list(script))
    _, error = await outcome(timed(model).stream(ask()))
    assert model.running == 0
    assert error is None or isinstance(error, TimedOut)
    if error is None:
        return None, 0, now()
    return error.phase, error.seconds, now()


@pytest.mark.parametrize(
    ("script", "want"),
    [
        ([60.0, "late", STOP], ("first token", 5, 5)),
        ([ROLE, 60.0, "late", STOP], ("first token", 5, 5)),
        ([*[1.0, HEARTBEAT] * 60, "late", STOP], ("first token", 5, 5)),
        ([4.0, "on time", 60.0, STOP], ("next token", 2, 6)),
        ([1.0, "a", *[1.5, HEARTBEAT] * 60, STOP], ("next token", 2, 3)),
        ([1.0, "a", *[3.0, "drip"] * 60, STOP], ("next token", 2, 3)),
        ([*[1.5, "slow"] * 400, STOP], (None, 0, 600)),
        ([4.5, "at last", 1.5, "flows", STOP], (None, 0, 6)),
    ],
    ids=[
        "silence",
        "a role, then silence",
        "heartbeats only",
        "a stall",
        "a stall with heartbeats",
        "a drip",
        "ten minutes of a slow, healthy flow",
        "a slow start",
    ],
)
def test_the_clock_that_fires_is_the_one_that_was_due(
    script: list[Step], want: tuple[str | None, float, float]
) -> None:
    async def main() -> None:
        assert await ends(*script) == want

    run_virtual(main())


def test_a_tool_call_or_reasoning_is_a_token_too() -> None:
    async def main() -> None:
        thought = Chunk(extra={"reasoning": "hm"})
        call = Chunk(extra={"tool_calls": [{"index": 0}]})
        script: list[Step] = [4.0, thought, 1.5, call, 1.5, "so", STOP]
        assert (await ends(*script))[0] is None

    run_virtual(main())


@pytest.mark.parametrize(
    ("fault", "phase", "when"),
    [
        (Fault("silent", seconds=600), "first token", 5),
        (Fault("stall", seconds=600, after_tokens=0), "first token", 5),
        (Fault("drip", seconds=3), "next token", None),
    ],
    ids=["silent", "stalled before the first", "drip"],
)
def test_a_slow_model_is_left_and_its_slot_is_free(
    fault: Fault, phase: str, when: float | None
) -> None:
    async def main() -> None:
        model = MockModel("hosted", faults=[fault])
        _, error = await outcome(timed(model).stream(ask()))
        assert isinstance(error, TimedOut)
        assert error.phase == phase
        assert when is None or now() == when
        assert model.running == 0

    run_virtual(main())


def test_a_slow_reader_is_never_timed() -> None:
    """With a timeout held open across the `yield`, the reader was cancelled
    in its own code.
    """

    async def main() -> None:
        layer = timed(Scripted(says("a", "b", "c", gap_seconds=1.0)))
        got = []
        async with aclosing(layer.stream(ask())) as chunks:
            async for chunk in chunks:
                got.append(chunk.text)
                await asyncio.sleep(100)
        assert got == ["a", "b", "c", ""]

    run_virtual(main())


def test_a_pause_between_heartbeats_is_not_counted_either() -> None:
    async def main() -> None:
        layer = timed(Scripted([2.0, HEARTBEAT, 2.0, "a", STOP]))
        async with aclosing(layer.stream(ask())) as chunks:
            await take(chunks, 1)
            await asyncio.sleep(100)
            assert [c.text for c in await take(chunks, 2)] == ["a", ""]

    run_virtual(main())


def test_what_comes_in_time_passes_unchanged() -> None:
    async def main() -> None:
        script: list[Step] = [ROLE, 1.0, "a", HEARTBEAT, 1.0, "b", STOP]
        got = await collect(timed(Scripted(script)).stream(ask()))
        assert got == await collect(Scripted(script).stream(ask()))

    run_virtual(main())


@pytest.mark.parametrize("first", ["outside", "clock"])
def test_a_cancellation_is_never_mistaken_for_the_clock(first: str) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        model = Scripted([inf, "never"])
        task = asyncio.create_task(read(timed(model), ask()))
        if first == "outside":
            loop.call_at(5, task.cancel)
        await turns(2)  # the clock has been set
        if first == "clock":
            loop.call_at(5, task.cancel)
        await asyncio.wait([task])
        assert now() == 5
        assert task.cancelled()
        assert model.running == 0

    run_virtual(main())


def test_a_timeout_of_the_inner_model_is_not_ours() -> None:
    async def main() -> None:
        layer = timed(Scripted([TimeoutError("of a socket")]))
        with pytest.raises(TimeoutError, match="of a socket"):
            await read(layer, ask())
        assert layer.snapshot() == {
            "first_token_timeouts": 0,
            "next_token_timeouts": 0,
        }

    run_virtual(main())


class Deaf(LLM):
    """Catches its cancellation, and answers all the same."""

    async def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            yield Chunk("too late")
        yield STOP


def test_a_model_that_does_not_hear_is_late_all_the_same() -> None:
    async def main() -> None:
        with pytest.raises(TimedOut):
            await read(timed(Deaf()), ask())
        await asyncio.sleep(1)  # and nobody is left half cancelled

    run_virtual(main())


def test_a_stream_of_100_000_chunks_costs_a_handful_of_timers() -> None:
    """`asyncio.timeout` around each makes 100,000. The mock sleeps once a
    token; whatever is beyond that is ours.
    """

    class Flood(LLM):
        async def stream(
            self, request: Request
        ) -> AsyncGenerator[Chunk, None]:
            for number in range(100_000):
                if number % 100 == 0:
                    await asyncio.sleep(0.1)  # 100 s in all
                yield Chunk("x")
            yield STOP

    async def main() -> int:
        layer, read_chunks = timed(Flood()), 0
        async with aclosing(layer.stream(ask())) as chunks:
            async for _ in chunks:
                read_chunks += 1
        assert read_chunks == 100_001
        loop = asyncio.get_running_loop()
        assert isinstance(loop, Counting)
        return loop.timers - 1000  # its own sleeps

    with asyncio.Runner(loop_factory=Counting) as runner:
        assert runner.run(main()) <= 100 / 1.9 + 3


def test_a_finished_or_abandoned_stream_leaves_no_timer() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        layer = timed(Scripted(says("a", "b", gap_seconds=1.0)))
        await read(layer, ask())
        async with aclosing(layer.stream(ask())) as chunks:
            await take(chunks, 1)
        timers = loop._scheduled  # type: ignore[attr-defined]
        assert all(timer.cancelled() for timer in timers)
        assert not other_tasks()

    run_virtual(main())


@pytest.mark.parametrize("value", [0, -1, nan, inf])
def test_a_clock_without_an_end_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="positive and finite"):
        Timeouts(Scripted(), first_token_seconds=value)
    with pytest.raises(ValueError, match="positive and finite"):
        Timeouts(Scripted(), next_token_seconds=value)
