"""A look-up that is timed as a hit is one."""

from __future__ import annotations

import asyncio

import pytest

from benchmark.look_ups import ask, find_kept, keep
from lab.parts import PartFailed
from optimizations.caching.store import MemoryStore
from optimizations.clock import run_virtual


def test_what_was_not_kept_is_no_quick_hit() -> None:
    """A Redis that was killed answered in 5 µs, and was in the report."""

    async def main() -> None:
        store = MemoryStore()
        await keep(store, ask("a"), "text")
        await find_kept(store, ask("a"))
        with pytest.raises(PartFailed, match="did not keep"):
            await find_kept(store, ask("b"))
        await asyncio.sleep(0)

    run_virtual(main())
