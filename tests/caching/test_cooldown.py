"""What failed is left alone, and tried by one at a time."""

from __future__ import annotations

import asyncio

from optimizations.caching.cooldown import Cooldown
from optimizations.clock import run_virtual


def test_after_a_failure_one_may_ask_in_each_period() -> None:
    async def main() -> None:
        cooldown = Cooldown(10)
        assert cooldown.may_ask()
        cooldown.failed()
        assert not cooldown.may_ask()
        await asyncio.sleep(10)
        assert [cooldown.may_ask() for _ in range(3)] == [True, False, False]
        await asyncio.sleep(10)  # the one that tried was cancelled
        assert cooldown.may_ask()
        cooldown.worked()
        assert [cooldown.may_ask() for _ in range(3)] == [True, True, True]

    run_virtual(main())
