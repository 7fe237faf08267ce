"""Stores that are elsewhere, stood in for by memory and a stated round trip:
on the virtual clock there is no network.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from optimizations.caching.store import Answer, Store
from optimizations.llm import Request


class Delayed:
    """A store that is as far away as we say: a simulated round trip before
    each look-up.
    """

    def __init__(self, store: Store, seconds: float) -> None:
        self.name = store.name
        self._store = store
        self._seconds = seconds

    async def find(self, request: Request) -> Answer | None:
        await asyncio.sleep(self._seconds)
        return await self._store.find(request)

    async def keep(self, request: Request, answer: Answer) -> None:
        await self._store.keep(request, answer)

    async def delete(self, request: Request) -> Sequence[str]:
        return await self._store.delete(request)

    def snapshot(self) -> Mapping[str, float]:
        return self._store.snapshot()

    async def aclose(self) -> None:
        await self._store.aclose()


class NearFirst:
    """What was found in `far` is found in `near` the next time, as in
    `TwoTierStore`, whose far tier has to be a Redis.
    """

    name = "two-tier"

    def __init__(self, near: Store, far: Store) -> None:
        self._near = near
        self._far = far

    async def find(self, request: Request) -> Answer | None:
        answer = await self._near.find(request)
        if answer is None:
            answer = await self._far.find(request)
            if answer is not None:
                await self._near.keep(request, answer)
        return answer

    async def keep(self, request: Request, answer: Answer) -> None:
        await self._far.keep(request, answer)
        await self._near.delete(request)

    async def delete(self, request: Request) -> Sequence[str]:
        await self._near.delete(request)
        return await self._far.delete(request)

    def snapshot(self) -> Mapping[str, float]:
        return self._far.snapshot()

    async def aclose(self) -> None:
        await self._far.aclose()
        await self._near.aclose()
