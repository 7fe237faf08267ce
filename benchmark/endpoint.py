"""A real model server for the measured parts: another process, over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count, cycle

from benchmark.rounds import Bench
from benchmark.runs import Sample, observe
from lab.parts import PartFailed, model_server
from optimizations.clock import now
from optimizations.http_model import HTTPModel
from optimizations.llm import LLM, Request

PROFILE = "quick"


class Endpoint:
    """Asks the server one question of the bank after the other."""

    def __init__(self, llm: LLM, bench: Bench, max_tokens: int) -> None:
        self._llm = llm
        self._questions = cycle(bench.bank.questions)
        self._numbers = count()
        self._max_tokens = max_tokens

    async def ask(self, *, streamed: bool = False) -> Sample:
        """One answer, timed on the real clock."""
        request = Request.ask(
            next(self._questions),
            tenant="shop",
            request_id=f"measured {next(self._numbers)}",
            max_tokens=self._max_tokens,
            streamed=streamed,
        )
        sample = await observe(self._llm, request, now())
        if sample.outcome != "answered":
            raise PartFailed("The model server", f"says {sample.outcome}")
        return sample


@asynccontextmanager
async def served(bench: Bench, max_tokens: int) -> AsyncIterator[Endpoint]:
    """A server that ends with the block. Raises `PartError`."""
    options = ["--profile", PROFILE, "--seed", str(bench.seed)]
    async with (
        model_server("model", options) as server,
        HTTPModel(server.url) as llm,
    ):
        yield Endpoint(llm, bench, max_tokens)
