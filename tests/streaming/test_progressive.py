"""Frames instead of tokens: few, early, and whole at the end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from itertools import pairwise
from math import inf, nan

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimizations.clock import now, run_virtual
from optimizations.errors import UpstreamError
from optimizations.llm import Chunk, Draft, Usage
from optimizations.mock import MockModel
from optimizations.streaming.progressive import Paced, coalesce, paced
from tests.helpers import (
    STOP,
    Scripted,
    Step,
    ask,
    collect,
    other_tasks,
    outcome,
    says,
    turns,
)

Frame = tuple[float, str]


async def frames_of(
    script: list[Step], frame_seconds: float = 1.0, draw_seconds: float = 0.0
) -> list[Frame]:
    """What is drawn, and when."""
    drawn: list[Frame] = []
    stream = Scripted(script).stream(ask())
    async with aclosing(paced(stream, frame_seconds)) as frames:
        async for frame in frames:
            drawn.append((now(), "".join(chunk.text for chunk in frame)))
            await asyncio.sleep(draw_seconds)
    assert not other_tasks()
    return drawn


def test_the_first_text_comes_at_once_then_one_frame_a_second() -> None:
    async def main() -> None:
        script = says(*"abcdefghij", gap_seconds=0.4375)
        assert await frames_of(script) == [
            (0.4375, "a"),
            (1.4375, "bc"),
            (2.4375, "de"),
            (3.4375, "fg"),
            (4.4375, "hij"),
        ]

    run_virtual(main())


def test_an_announced_role_does_not_hold_the_first_text_up() -> None:
    async def main() -> None:
        role = Chunk(extra={"role": "assistant"})
        drawn = await frames_of([role, 0.25, "a", 0.25, "b", STOP])
        assert drawn == [(0, ""), (0.25, "a"), (1.25, "b")]

    run_virtual(main())


def test_a_slow_flow_is_drawn_as_it_comes() -> None:
    async def main() -> None:
        drawn = await frames_of(says("a", "b", "c", gap_seconds=3.0))
        assert drawn[:3] == [(3, "a"), (6, "b"), (9, "c")]

    run_virtual(main())


def test_all_text_before_an_error_is_drawn_before_it() -> None:
    async def main() -> None:
        script: list[Step] = ["a", 0.25, "b", "c", UpstreamError("gone")]
        chunks, error = await outcome(
            Paced(Scripted(script), 1.0).stream(ask())
        )
        assert [chunk.text for chunk in chunks] == ["a", "bc"]
        assert isinstance(error, UpstreamError)

    run_virtual(main())


def test_a_slow_screen_does_not_slow_the_model_down() -> None:
    async def main() -> None:
        model = MockModel("hosted")
        async with aclosing(paced(model.stream(ask()), 0.1)) as frames:
            async for _ in frames:
                if model.ledger.answers:
                    break
                await asyncio.sleep(1)
        slow = now()
        began = now()
        await collect(MockModel("hosted").stream(ask()))
        assert slow <= (now() - began) + 1

    run_virtual(main())


def test_a_screen_that_hangs_holds_the_model_up_in_the_end() -> None:
    async def main() -> None:
        said = 0

        async def endless() -> AsyncGenerator[Chunk, None]:
            nonlocal said
            while True:
                said += 1
                yield Chunk("x" * 100)
                await asyncio.sleep(0)

        frames = paced(endless(), 0.1, limit_bytes=10_000)
        async with aclosing(frames):
            await anext(frames)
            await turns(500)
            assert said < 100

    run_virtual(main())


def test_whoever_leaves_frees_the_model_at_once() -> None:
    async def main() -> None:
        model = MockModel("hosted")
        async with aclosing(paced(model.stream(ask()), 0.1)) as frames:
            await anext(frames)
            assert model.running == 1
        assert model.running == 0
        assert not other_tasks()

    run_virtual(main())


pieces = st.lists(
    st.builds(
        Chunk,
        text=st.sampled_from(["", "a", "bc"]),
        index=st.integers(0, 1),
        extra=st.sampled_from([{}, {}, {"role": "assistant"}]),
    ),
    max_size=20,
)


@settings(max_examples=80, deadline=None, derandomize=True)
@given(pieces)
def test_coalescing_changes_nothing_but_the_number_of_pieces(
    chunks: list[Chunk],
) -> None:
    chunks = [
        *chunks,
        Chunk("x", 0, "stop"),
        Chunk("y", 1, "length"),
        Chunk(usage=Usage(1, 2)),
    ]
    request = ask(options={"n": 2})
    whole, fewer = Draft(request), Draft(request)
    for chunk in chunks:
        whole.add(chunk)
    for chunk in coalesce(chunks):
        fewer.add(chunk)
    assert fewer.reply() == whole.reply()
    assert [c.extra for c in coalesce(chunks) if c.extra] == [
        c.extra for c in chunks if c.extra
    ]
    plain = [chunk for chunk in coalesce(chunks) if not chunk.extra]
    assert len(plain) <= 3


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    gaps=st.lists(st.integers(0, 30), min_size=1, max_size=30),
    draw=st.integers(0, 20),
    limit_bytes=st.sampled_from([1, 200, 10_000]),
)
def test_frames_are_apart_and_lose_nothing(
    gaps: list[int], draw: int, limit_bytes: int
) -> None:
    script: list[Step] = []
    for number, gap in enumerate(gaps):
        script += [gap / 100, f"{number} "]

    async def main() -> None:
        drawn: list[Frame] = []
        stream = Scripted([*script, STOP]).stream(ask())
        frames = paced(stream, 0.1, limit_bytes=limit_bytes)
        async with aclosing(frames):
            async for frame in frames:
                text = "".join(chunk.text for chunk in frame)
                drawn.append((now(), text))
                await asyncio.sleep(draw / 100)
        text = "".join(text for _, text in drawn)
        assert text == "".join(f"{number} " for number in range(len(gaps)))
        for (one, _), (two, _) in pairwise(drawn):
            assert two - one >= 0.1 - 1e-9

    run_virtual(main())


def test_the_layer_says_the_same_in_fewer_chunks() -> None:
    async def main() -> None:
        tokens = await collect(MockModel("hosted").stream(ask()))
        chunks, error = await outcome(
            Paced(MockModel("hosted"), 0.2).stream(ask())
        )
        assert error is None
        assert len(chunks) < len(tokens) / 5
        assert "".join(c.text for c in chunks) == "".join(
            c.text for c in tokens
        )
        assert chunks[-1].usage == tokens[-1].usage

    run_virtual(main())


@pytest.mark.parametrize("value", [0, -1, nan, inf])
def test_nonsense_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="frame_seconds"):
        Paced(Scripted(), value)
    with pytest.raises(ValueError, match="limit_bytes"):
        Paced(Scripted(), limit_bytes=0)
