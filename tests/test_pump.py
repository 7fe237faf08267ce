"""One stream, many readers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from math import inf, nan
from weakref import ref

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimizations.clock import now, run_virtual
from optimizations.errors import Blame, Incomplete, UpstreamError
from optimizations.llm import Chunk, Request
from optimizations.pump import Pump
from tests.helpers import (
    STOP,
    Scripted,
    Step,
    ask,
    collect,
    other_tasks,
    says,
    take,
    turns,
)

WHOLE = [Chunk("a"), Chunk("b"), Chunk("c"), STOP]


def slow(gap_seconds: float = 1.0) -> Scripted:
    """Says a, b, c, each after a gap."""
    return Scripted(says("a", "b", "c", gap_seconds=gap_seconds))


def text_of(chunks: list[Chunk]) -> str:
    return "".join(chunk.text for chunk in chunks)


async def read_slowly(
    stream: AsyncGenerator[Chunk, None],
    pause_seconds: float,
    into: list[Chunk] | None = None,
) -> list[Chunk]:
    """Every chunk, with a pause after each."""
    chunks = [] if into is None else into
    async with aclosing(stream):
        async for chunk in stream:
            chunks.append(chunk)
            await asyncio.sleep(pause_seconds)
    return chunks


def test_a_reader_gets_what_the_stream_says() -> None:
    async def main() -> None:
        pump = Pump(slow().stream(ask()))
        assert await collect(pump.read()) == WHOLE

    run_virtual(main())


def test_a_late_reader_starts_at_the_first_chunk() -> None:
    async def main() -> None:
        pump = Pump(slow().stream(ask()))
        early = asyncio.create_task(collect(pump.read()))
        await asyncio.sleep(2.5)
        assert pump.joinable
        assert await collect(pump.read()) == WHOLE
        assert await early == WHOLE

    run_virtual(main())


def test_a_reader_after_the_end_still_gets_all() -> None:
    async def main() -> None:
        model = slow()
        pump = Pump(model.stream(ask()))
        await collect(pump.read())
        assert await collect(pump.read()) == WHOLE
        assert model.calls == 1

    run_virtual(main())


def test_each_reader_has_a_pace_of_its_own() -> None:
    async def main() -> None:
        pump = Pump(slow(0.1).stream(ask()))
        slower = asyncio.create_task(read_slowly(pump.read(), 10.0))
        assert await collect(pump.read()) == WHOLE
        assert now() == pytest.approx(0.3)
        assert await slower == WHOLE

    run_virtual(main())


def test_the_pump_flows_while_its_reader_pauses() -> None:
    async def main() -> None:
        model = slow(0.1)
        pump = Pump(model.stream(ask()))
        async with aclosing(pump.read()) as chunks:
            await anext(chunks)
            await asyncio.sleep(100)
            assert model.running == 0
            assert [chunk async for chunk in chunks] == WHOLE[1:]

    run_virtual(main())


def test_a_full_pump_waits_for_its_only_reader_without_an_end() -> None:
    async def main() -> None:
        model = Scripted(says(*["x" * 100] * 50))
        pump = Pump(model.stream(ask()), limit_bytes=500)
        async with aclosing(pump.read()) as chunks:
            await anext(chunks)
            await asyncio.sleep(1e6)
            assert model.running == 1  # the stream is held back
            assert len([chunk async for chunk in chunks]) == 50

    run_virtual(main())


def test_a_full_pump_waits_a_moment_for_its_slowest_reader() -> None:
    async def main() -> None:
        model = Scripted([1.0, *says(*["x" * 100] * 50)])
        pump = Pump(model.stream(ask()), limit_bytes=500, patience_seconds=3)
        slow_reader, fast_reader = pump.read(), pump.read()
        await asyncio.gather(anext(slow_reader), anext(fast_reader))
        ahead = asyncio.create_task(collect(fast_reader))
        await asyncio.sleep(2.9)
        assert model.running == 1  # the stream is held back,
        assert not ahead.done()  # and so is who is ahead
        assert len(await collect(slow_reader)) == 50
        assert len(await ahead) == 50

    run_virtual(main())


def test_one_who_pauses_for_longer_is_dropped_with_what_it_had() -> None:
    """A reader that stopped reading held up all others until their deadlines,
    with the model's slot in its hand.
    """

    async def main() -> None:
        numbers = [f"{number:100}" for number in range(50)]
        model = Scripted([1.0, *says(*numbers)])
        pump = Pump(model.stream(ask()), limit_bytes=500, patience_seconds=3)
        paused, going_on = pump.read(), pump.read()
        await asyncio.gather(take(paused, 2), anext(going_on))
        assert len(await collect(going_on)) == 50
        assert now() == 4
        await asyncio.sleep(100)
        with pytest.raises(Incomplete) as caught:
            await collect(paused)
        assert caught.value.partial == "".join(numbers[:2])
        assert caught.value.blame is Blame.NOBODY
        assert other_tasks() == set()

    run_virtual(main())


def test_a_reader_who_crawls_spends_its_patience_too() -> None:
    """Each chunk that it takes makes room for one more: others who were given
    a whole patience after each would go no quicker than it does.
    """

    async def main() -> None:
        model = Scripted([1.0, *says(*["x" * 100] * 50)])
        pump = Pump(model.stream(ask()), limit_bytes=500, patience_seconds=3)
        crawling = asyncio.create_task(read_slowly(pump.read(), 0.9))
        assert len(await collect(pump.read())) == 51
        assert now() == pytest.approx(4)
        with pytest.raises(Incomplete):
            await crawling

    run_virtual(main())


def test_nobody_is_dropped_while_nobody_waits_for_more() -> None:
    async def main() -> None:
        model = Scripted([1.0, *says(*["x" * 100] * 50)])
        pump = Pump(model.stream(ask()), limit_bytes=500)
        one, another = pump.read(), pump.read()
        await asyncio.gather(anext(one), take(another, 2))
        await asyncio.sleep(1000)  # both pause
        both = await asyncio.gather(collect(one), collect(another))
        assert [len(chunks) for chunks in both] == [50, 49]

    run_virtual(main())


def test_the_last_of_those_who_were_not_dropped_ends_the_stream() -> None:
    async def main() -> None:
        model = Scripted([1.0, *["x" * 100] * 50, inf])
        pump = Pump(model.stream(ask()), limit_bytes=500)
        paused, going_on = pump.read(), pump.read()
        await asyncio.gather(anext(paused), anext(going_on))
        await take(going_on, 49)
        await going_on.aclose()
        assert (model.running, model.left) == (0, 1)
        with pytest.raises(Incomplete, match="behind"):
            await anext(paused)

    run_virtual(main())


def test_whoever_leaves_holds_nobody_back() -> None:
    async def main() -> None:
        model = Scripted([1.0, *says(*["x" * 100] * 50)])
        pump = Pump(model.stream(ask()), limit_bytes=500)
        slow_reader, fast_reader = pump.read(), pump.read()
        await asyncio.gather(anext(slow_reader), anext(fast_reader))
        ahead = asyncio.create_task(collect(fast_reader))
        await asyncio.sleep(0.9)
        assert not ahead.done()
        await slow_reader.aclose()
        assert len(await ahead) == 50

    run_virtual(main())


def test_a_pump_that_is_held_back_closes_its_stream_too() -> None:
    """The stream then rests between two chunks: cancelling the task does not
    reach it.
    """

    async def main() -> None:
        model = Scripted(says(*["x" * 100] * 50))
        pump = Pump(model.stream(ask()), limit_bytes=500)
        await asyncio.sleep(100)
        await pump.aclose()
        assert (model.running, model.left) == (0, 1)

    run_virtual(main())


def test_memory_stays_bounded_however_long_the_stream() -> None:
    class Text(str):
        """A text that can be watched."""

    said: list[ref[Text]] = []

    async def talk() -> AsyncGenerator[Chunk, None]:
        for _ in range(1000):
            text = Text("x" * 100)
            said.append(ref(text))
            yield Chunk(text)

    async def main() -> None:
        pump = Pump(talk(), limit_bytes=2000)
        most = 0
        async with aclosing(pump.read()) as chunks:
            async for _ in chunks:
                most = max(most, sum(text() is not None for text in said))
                await asyncio.sleep(0.001)
        assert len(said) == 1000
        assert most * 100 <= 2000

    run_virtual(main())


def test_what_passes_through_untouched_counts_as_memory_too() -> None:
    """Only `text` was counted: an answer of tool calls filled the memory."""

    async def main() -> None:
        said = 0

        async def talk() -> AsyncGenerator[Chunk, None]:
            nonlocal said
            for _ in range(50):
                said += 1
                yield Chunk(extra={"tool_calls": "x" * 1000})

        pump = Pump(talk(), limit_bytes=3000)
        async with aclosing(pump.read()) as chunks:
            await take(chunks, 1)
            await asyncio.sleep(1)
            assert said <= 5

    run_virtual(main())


def test_newcomers_are_refused_once_the_beginning_is_gone() -> None:
    async def main() -> None:
        model = Scripted(says(*["x" * 100] * 50))
        pump = Pump(model.stream(ask()), limit_bytes=500)
        async with aclosing(pump.read()) as chunks:
            await take(chunks, 20)
            assert not pump.joinable
            with pytest.raises(RuntimeError, match="joinable"):
                await collect(pump.read())

    run_virtual(main())


def test_without_a_reader_the_pump_fills_up_and_waits() -> None:
    async def main() -> None:
        model = Scripted(says(*["x" * 100] * 50))
        pump = Pump(model.stream(ask()), limit_bytes=500)
        await asyncio.sleep(100)
        assert model.running == 1
        assert len(await collect(pump.read())) == 51

    run_virtual(main())


def test_an_error_reaches_every_reader_after_what_came_before() -> None:
    async def main() -> None:
        broken = UpstreamError("no", status=500)
        pump = Pump(Scripted([1.0, "a", 1.0, broken]).stream(ask()))
        seen: list[tuple[Chunk, Exception]] = []

        async def follow() -> None:
            async with aclosing(pump.read()) as chunks:
                first = await anext(chunks)
                with pytest.raises(UpstreamError) as caught:
                    await anext(chunks)
                seen.append((first, caught.value))

        await asyncio.gather(follow(), follow())
        await follow()  # and one who comes late
        assert seen == [(Chunk("a"), broken)] * 3

    run_virtual(main())


def test_an_error_that_nobody_reads_is_not_reported_as_lost() -> None:
    async def main() -> None:
        lost: list[object] = []
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: lost.append(context))
        Pump(Scripted([ValueError("mine")]).stream(ask()))
        await asyncio.sleep(1)
        assert lost == []

    run_virtual(main())


def test_the_last_reader_to_leave_ends_the_stream() -> None:
    async def main() -> None:
        model = slow()
        pump = Pump(model.stream(ask()))
        first, second = pump.read(), pump.read()
        await asyncio.gather(anext(first), anext(second))
        await first.aclose()
        assert model.running == 1
        await second.aclose()
        assert (model.running, model.left) == (0, 1)
        assert other_tasks() == set()

    run_virtual(main())


def test_nobody_joins_a_pump_that_is_being_closed() -> None:
    async def main() -> None:
        pump = Pump(slow().stream(ask()))
        async with aclosing(pump.read()) as chunks:
            await anext(chunks)
        assert not pump.joinable

    run_virtual(main())


class SlowToClose(Scripted):
    """Needs a second to give its slot back."""

    async def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
        self.running += 1
        try:
            yield Chunk("a")
            await asyncio.sleep(inf)
        finally:
            await asyncio.sleep(1)
            self.running -= 1


def test_closing_waits_until_the_stream_has_given_everything_back() -> None:
    async def main() -> None:
        model = SlowToClose()
        pump = Pump(model.stream(ask()))
        async with aclosing(pump.read()) as chunks:
            await anext(chunks)
        assert model.running == 0
        assert now() == 1

    run_virtual(main())


def test_a_pump_closed_at_once_never_asks() -> None:
    async def main() -> None:
        model, ends = slow(), []
        pump = Pump(model.stream(ask()), on_end=lambda: ends.append("end"))
        await pump.aclose()  # before the task had its first step
        assert model.calls == 0
        assert ends == ["end"]

    run_virtual(main())


def test_a_patience_that_rounding_left_a_trace_of_is_at_an_end() -> None:
    """1e-16 s were left of it, which no clock can wait for: the pump looked
    again and again, at the same moment.
    """
    delays = [0.5, 0.1, 0.02, 0, 0, 0, 0.5, 0, 0.1, 0, 0, 0.02]
    pauses = [0.3, 0.2, 0.1]

    async def source() -> AsyncGenerator[Chunk, None]:
        for seconds in delays:
            await asyncio.sleep(seconds)
            yield Chunk("x")
        yield STOP

    async def dawdle(pump: Pump) -> None:
        async with aclosing(pump.read()) as chunks:
            async for number, _ in aenumerate(chunks):
                await asyncio.sleep(pauses[number % len(pauses)])

    async def main() -> None:
        pump = Pump(source(), limit_bytes=1, patience_seconds=1.0)
        slow_one = asyncio.create_task(dawdle(pump))
        assert len(await collect(pump.read())) == len(delays) + 1
        await asyncio.wait([slow_one])

    run_virtual(main())


async def aenumerate(
    chunks: AsyncGenerator[Chunk, None],
) -> AsyncGenerator[tuple[int, Chunk], None]:
    number = 0
    async for chunk in chunks:
        yield number, chunk
        number += 1


def test_a_waiting_reader_learns_that_the_pump_was_closed() -> None:
    async def main() -> None:
        pump = Pump(Scripted(["a", inf]).stream(ask()))
        reader = asyncio.create_task(collect(pump.read()))
        await asyncio.sleep(1)
        await pump.aclose()
        with pytest.raises(Incomplete):
            await reader

    run_virtual(main())


@pytest.mark.parametrize("step", range(8))
def test_a_cancelled_reader_leaves_nothing_behind(step: int) -> None:
    async def main() -> None:
        model = slow(0.0)
        pump = Pump(model.stream(ask()))
        reader = asyncio.create_task(collect(pump.read()))
        await turns(step)
        reader.cancel()
        await asyncio.wait([reader])
        await pump.aclose()  # of a pump that had no reader yet
        assert model.running == 0
        assert other_tasks() == set()

    run_virtual(main())


def test_a_cancelled_reader_leaves_the_others_alone() -> None:
    async def main() -> None:
        pump = Pump(slow().stream(ask()))
        stays = asyncio.create_task(collect(pump.read()))
        leaves = asyncio.create_task(collect(pump.read()))
        await asyncio.sleep(1.5)
        leaves.cancel()
        assert await stays == WHOLE

    run_virtual(main())


@pytest.mark.parametrize("end", ["whole", "error", "closed"])
def test_the_end_is_told_once(end: str) -> None:
    async def main() -> None:
        ends: list[str] = []
        last: Step = ValueError("mine") if end == "error" else STOP
        pump = Pump(
            Scripted(["a", 1.0, last]).stream(ask()),
            on_end=lambda: ends.append("end"),
        )
        if end == "closed":
            await turns(2)
            await pump.aclose()
        await asyncio.sleep(2)
        await pump.aclose()
        assert ends == ["end"]

    run_virtual(main())


def test_a_listener_that_fails_leaves_no_reader_waiting() -> None:
    """The readers were woken after the listener was told: when it raised,
    they waited for ever.
    """

    async def main() -> None:
        loop = asyncio.get_running_loop()
        reported: list[object] = []
        loop.set_exception_handler(lambda _, about: reported.append(about))

        def fail() -> None:
            raise LookupError("mine")

        pump = Pump(slow().stream(ask()), on_end=fail)
        assert await collect(pump.read()) == WHOLE
        assert len(reported) == 1

    run_virtual(main())


def test_a_limit_below_one_byte_is_refused() -> None:
    async def main() -> None:
        with pytest.raises(ValueError, match="limit_bytes"):
            Pump(slow().stream(ask()), limit_bytes=0)

    run_virtual(main())


@pytest.mark.parametrize("value", [-1.0, 0.0, inf, nan])
def test_a_patience_without_an_end_is_refused(value: float) -> None:
    async def main() -> None:
        with pytest.raises(ValueError, match="patience_seconds"):
            Pump(slow().stream(ask()), patience_seconds=value)

    run_virtual(main())


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    gaps=st.lists(st.sampled_from([0.0, 0.5, 1.0]), max_size=12),
    readers=st.lists(
        st.tuples(
            st.sampled_from([0.0, 0.75, 3.0]),  # when it comes
            st.sampled_from([0.0, 0.3, 2.0]),  # how long it pauses
        ),
        min_size=1,
        max_size=4,
    ),
    limit_bytes=st.sampled_from([1, 200, 100_000]),
    patience_seconds=st.sampled_from([0.5, 1000.0]),
)
def test_whoever_may_join_gets_every_chunk_once_and_in_order(
    gaps: list[float],
    readers: list[tuple[float, float]],
    limit_bytes: int,
    patience_seconds: float,
) -> None:
    """Or is told that it lagged, and then got all up to there."""

    async def main() -> None:
        script: list[Step] = []
        for number, gap in enumerate(gaps):
            script += [gap, f"{number},"]
        pump = Pump(
            Scripted([*script, STOP]).stream(ask()),
            limit_bytes=limit_bytes,
            patience_seconds=patience_seconds,
        )
        whole = "".join(f"{number}," for number in range(len(gaps)))

        async def follow(come_at: float, pause_seconds: float) -> None:
            await asyncio.sleep(come_at)
            if not pump.joinable:
                return
            got: list[Chunk] = []
            lost: Incomplete | None = None
            try:
                await read_slowly(pump.read(), pause_seconds, got)
            except Incomplete as error:
                lost = error
            if lost is None:
                assert text_of(got) == whole
                assert got[-1] == STOP
            else:
                assert min(pause_seconds, 1 - patience_seconds) > 0
                assert text_of(got) == lost.partial
                assert whole.startswith(lost.partial)

        await asyncio.gather(*(follow(*reader) for reader in readers))
        assert other_tasks() == set()

    run_virtual(main())
