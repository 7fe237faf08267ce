"""What a reader felt."""

from __future__ import annotations

import asyncio
from math import inf, nan
from statistics import pstdev

import pytest

from optimizations.clock import run_virtual
from optimizations.streaming.smoothness import Smoothness


async def felt(*gaps: float) -> Smoothness:
    """A stream whose pieces come after these pauses."""
    smoothness = Smoothness()
    for gap in gaps:
        await asyncio.sleep(gap)
        smoothness.text_came()
    return smoothness


def test_it_tells_an_even_flow_from_one_with_a_pause() -> None:
    async def main() -> None:
        even = await felt(0.5, *[0.15] * 40)
        pause = await felt(0.5, *[0.025] * 39, 5.025)
        assert even.mean_gap_seconds == pytest.approx(pause.mean_gap_seconds)
        assert even.jitter_seconds == pytest.approx(0, abs=1e-6)
        assert (even.stalls, pause.stalls) == (0, 1)
        assert pause.longest_gap_seconds == pytest.approx(5.025)

    run_virtual(main())


def test_the_first_wait_is_no_gap() -> None:
    async def main() -> None:
        smoothness = await felt(30, 0.1, 0.2, 0.6)
        assert smoothness.first_text_seconds == 30
        assert (smoothness.gaps, smoothness.stalls) == (3, 0)
        assert smoothness.jitter_seconds == pytest.approx(
            pstdev([0.1, 0.2, 0.6])
        )

    run_virtual(main())


def test_a_stream_without_text_has_no_gaps() -> None:
    smoothness = Smoothness()
    assert smoothness.first_text_seconds is None
    assert smoothness.mean_gap_seconds == smoothness.jitter_seconds == 0


@pytest.mark.parametrize("value", [0, -1, nan, inf])
def test_nonsense_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="stall_seconds"):
        Smoothness(value)
