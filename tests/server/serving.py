"""A model behind the server, and a client in front of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from optimizations.http_model import HTTPModel
from optimizations.llm import LLM
from optimizations.server import create_app, listening


@asynccontextmanager
async def served(model: LLM, **settings: Any) -> AsyncIterator[HTTPModel]:
    """A client of a server of this model."""
    async with (
        listening(create_app(model, **settings)) as url,
        HTTPModel(url, name="client") as client,
    ):
        yield client


@asynccontextmanager
async def address(model: LLM, **settings: Any) -> AsyncIterator[str]:
    """The URL of a server of this model."""
    async with listening(create_app(model, **settings)) as url:
        yield url
