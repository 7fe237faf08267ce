"""Stores that fail or are slow, and both halves of a cache around a model."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from optimizations.caching.cache_fill import CacheFill
from optimizations.caching.cached import Cached
from optimizations.caching.store import Answer, MemoryStore
from optimizations.llm import (
    LLM,
    Request,
)


def onion(model: LLM, store: MemoryStore) -> Cached:
    return Cached(CacheFill(model, store), store)


class Broken:
    """A store that only fails."""

    name = "broken"
    closed = False

    async def find(self, request: Request) -> Answer | None:
        raise OSError("find")

    async def keep(self, request: Request, answer: Answer) -> None:
        raise OSError("keep")

    async def delete(self, request: Request) -> Sequence[str]:
        raise OSError("delete")

    def snapshot(self) -> Mapping[str, float]:
        return {}

    async def aclose(self) -> None:
        self.closed = True


class Slow(MemoryStore):
    """A store that takes an hour for everything."""

    async def find(self, request: Request) -> Answer | None:
        await asyncio.sleep(3600)
        return await super().find(request)

    async def keep(self, request: Request, answer: Answer) -> None:
        await asyncio.sleep(3600)
        await super().keep(request, answer)
