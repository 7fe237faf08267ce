"""Models on the real clock: started for a demonstration, gone after it.

Most demonstrations are simulated, and need only `Context.mock`. Those that
are measured talk over real HTTP to a server process of ours or, where the
learner asked for it and agreed to its cost, to a paid endpoint.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from lab.endpoint import endpoint_model
from lab.parts import model_server
from lesson.chapter import ENDPOINT_TOKENS, Context
from optimizations.http_model import HTTPModel
from optimizations.llm import LLM


@asynccontextmanager
async def real_model(context: Context) -> AsyncIterator[LLM]:
    """Whatever `--model` names: simulated in this process, or over HTTP."""
    if context.model == "mock":
        yield context.mock("quick", name="model")
        return
    async with http_model(context, max_tokens=ENDPOINT_TOKENS) as model:
        yield model


@asynccontextmanager
async def http_model(
    context: Context,
    *,
    max_tokens: int,
    profile: str = "quick",
    faults: Sequence[str] = (),
) -> AsyncIterator[LLM]:
    """A model over real HTTP. With faults it is ours in any case: nobody else
    fails on schedule.
    """
    if context.model == "endpoint" and not faults:
        agreed = min(max_tokens, ENDPOINT_TOKENS)
        async with endpoint_model(
            context.settings, agreed, context.budget
        ) as model:
            yield model
        return
    options = ["--profile", profile, "--seed", str(context.seed)]
    options += ["--answer", context.bank.intents[0].answer]
    options += [part for fault in faults for part in ("--fault", fault)]
    async with (
        model_server("model", options) as server,
        HTTPModel(server.url) as model,
    ):
        yield model
