"""The models of measured steps."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from lab.endpoint import Budget
from lesson.models import http_model, real_model
from optimizations.http_model import HTTPModel
from optimizations.mock import MockModel
from tests.lesson.chapters import CONTEXT


def test_the_model_of_a_lesson_is_simulated_unless_named() -> None:
    async def main() -> None:
        async with real_model(CONTEXT) as model:
            assert isinstance(model, MockModel)

    asyncio.run(main())


def test_a_model_that_has_to_fail_is_ours_even_if_an_endpoint_is_chosen() -> (
    None
):
    """Faults cannot be scheduled elsewhere, and must not be paid for."""
    context = replace(CONTEXT, model="endpoint", budget=Budget(0))

    async def main() -> None:
        async with http_model(context, max_tokens=8, faults=["0-1 slow"]) as m:
            assert isinstance(m, HTTPModel)
            reply = await m.complete(context.ask("Hello?", 1, max_tokens=8))
            assert reply.text

    asyncio.run(main())
