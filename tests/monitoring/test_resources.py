"""The process and its event loop."""

from __future__ import annotations

import asyncio

import pytest

from optimizations.clock import now, run_virtual
from optimizations.monitoring.resources import LoopLag, ResourceMeter
from tests.helpers import other_tasks


def test_a_sample_says_what_this_process_uses() -> None:
    meter = ResourceMeter()
    first = meter.sample()
    with open(__file__, "rb"):
        more = meter.sample()
    assert first.rss_bytes > 2**20
    assert first.threads >= 1
    assert more.open_files == first.open_files + 1
    assert more.cpu_percent >= 0


def test_a_blocked_loop_is_late_by_as_long_as_it_was_blocked() -> None:
    async def main() -> None:
        blocked_seconds = 0.0
        async with LoopLag(clock=lambda: now() + blocked_seconds) as lag:
            await asyncio.sleep(1.05)
            assert lag.worst_seconds == pytest.approx(0, abs=1e-6)
            blocked_seconds = 0.25  # as if a call had not yielded for so long
            await asyncio.sleep(0.1)
            assert lag.worst_seconds == pytest.approx(0.25)
            await asyncio.sleep(0.1)
            assert lag.worst_seconds == pytest.approx(0.25)
        assert not other_tasks()

    run_virtual(main())


def test_only_the_newest_figures_are_kept() -> None:
    async def main() -> None:
        blocked_seconds = 0.0
        clock = lambda: now() + blocked_seconds  # noqa: E731
        async with LoopLag(window=10, clock=clock) as lag:
            await asyncio.sleep(0.05)
            blocked_seconds = 5.0
            await asyncio.sleep(0.1)
            assert lag.worst_seconds == pytest.approx(5.0)
            await asyncio.sleep(2)
            assert lag.worst_seconds < 0.001

    run_virtual(main())


def test_settings_without_sense_are_refused() -> None:
    with pytest.raises(ValueError, match="every_seconds"):
        LoopLag(every_seconds=0)
    with pytest.raises(ValueError, match="window"):
        LoopLag(window=0)
