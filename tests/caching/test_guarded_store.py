"""A store may fail and may be slow; whoever uses it hears of neither."""

from __future__ import annotations

import asyncio
from math import inf, nan
from typing import Any

import pytest

from optimizations.caching.guarded_store import GuardedStore
from optimizations.caching.store import MemoryStore
from optimizations.clock import now, run_virtual
from optimizations.llm import Request
from tests.caching.answers import answer
from tests.caching.stores import Broken, Slow
from tests.helpers import ask


def test_a_store_that_is_well_is_used_as_it_is() -> None:
    async def main() -> None:
        guarded = GuardedStore(MemoryStore(), 1.0)
        assert await guarded.find(ask()) is None
        assert await guarded.keep(ask(), answer())
        assert await guarded.find(ask()) is not None
        assert await guarded.delete(ask()) == ()
        assert await guarded.find(ask()) is None
        assert guarded.failures == guarded.timeouts == 0

    run_virtual(main())


def test_a_failure_is_counted_and_asked_again_the_next_time() -> None:
    async def main() -> None:
        guarded = GuardedStore(Broken(), 1.0)
        for _ in range(3):
            assert await guarded.find(ask()) is None
            assert not await guarded.keep(ask(), answer())
        assert (guarded.failures, guarded.timeouts) == (6, 0)

    run_virtual(main())


def test_one_that_fails_before_there_is_anything_to_await_is_no_worse() -> (
    None
):
    class Hasty(MemoryStore):
        def find(self, request: Request) -> Any:
            raise TypeError("not even a coroutine")

    async def main() -> None:
        guarded = GuardedStore(Hasty(), 1.0)
        assert await guarded.find(ask()) is None
        assert (guarded.failures, guarded.timeouts) == (1, 0)

    run_virtual(main())


def test_one_that_was_late_is_left_alone_for_a_second() -> None:
    async def main() -> None:
        guarded = GuardedStore(Slow(), 0.5)
        for _ in range(100):
            assert await guarded.find(ask()) is None
            assert not await guarded.keep(ask(), answer())
        assert now() == 0.5
        await asyncio.sleep(1)
        assert await guarded.find(ask()) is None
        assert (now(), guarded.timeouts) == (2.0, 2)

    run_virtual(main())


def test_who_deletes_has_to_know_and_may_always_try() -> None:
    class Late(Slow):
        async def delete(self, request: object) -> tuple[str, ...]:
            await asyncio.sleep(3600)
            return ()

    async def main() -> None:
        with pytest.raises(OSError, match="delete"):
            await GuardedStore(Broken(), 1.0).delete(ask())
        guarded = GuardedStore(Late(), 1.0)
        for _ in range(2):
            with pytest.raises(TimeoutError):
                await guarded.delete(ask())
        assert now() == 2

    run_virtual(main())


@pytest.mark.parametrize("seconds", [0, -1, inf, nan])
def test_it_never_waits_for_ever(seconds: float) -> None:
    with pytest.raises(ValueError, match="store_seconds"):
        GuardedStore(MemoryStore(), seconds)
