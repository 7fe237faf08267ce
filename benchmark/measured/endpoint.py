"""A real model server for the measured parts: another process, over HTTP.

Whoever measures a server with a client that is itself too slow measures the
client. So the client watches itself: how late its event loop wakes up, and how
late it sends what was due. Beyond a stated bound the run is invalid, and says
what to do.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count, cycle

from benchmark.measured.rounds import Bench
from benchmark.simulated.seed_run import Sample, observe
from lab.parts import PartFailed, model_server
from optimizations.clock import now
from optimizations.http_model import HTTPModel
from optimizations.llm import LLM, Request
from optimizations.monitoring.resources import LoopLag

PROFILE = "quick"
LATE_SECONDS = 0.01  # of a send, or of the event loop
LATE_SHARE = 0.05  # of them may be later than that
_PAUSE_SECONDS = 0.005  # before each request, so that it can be late


class Endpoint:
    """Asks the server one question of the bank after the other."""

    def __init__(
        self, llm: LLM, bench: Bench, max_tokens: int, lag: LoopLag
    ) -> None:
        self._llm = llm
        self._questions = cycle(bench.bank.questions)
        self._numbers = count()
        self._max_tokens = max_tokens
        self._lag = lag
        self._late: list[bool] = []  # of each request so far

    async def ask(self, *, streamed: bool = False) -> Sample:
        """One answer, timed on the real clock from when it was due."""
        request = Request.ask(
            next(self._questions),
            tenant="shop",
            request_id=f"measured {next(self._numbers)}",
            max_tokens=self._max_tokens,
            streamed=streamed,
        )
        due = now() + _PAUSE_SECONDS
        await asyncio.sleep(_PAUSE_SECONDS)
        sample = await observe(self._llm, request, due)
        if sample.outcome != "answered":
            raise PartFailed("The model server", f"says {sample.outcome}")
        self._late.append(sample.late_seconds > LATE_SECONDS)
        return sample

    @property
    def limited(self) -> str:
        """Why the figures so far are this client's rather than the server's;
        empty where they are not.
        """
        sends = sum(self._late) / max(len(self._late), 1)
        return client_limited(sends, self._lag.late_share(LATE_SECONDS))


def client_limited(late_sends: float, late_wakes: float) -> str:
    """A sentence where more than `LATE_SHARE` of either was too late."""
    what, share = max(
        ("requests were sent", late_sends),
        ("wake-ups of its event loop came", late_wakes),
        key=lambda pair: pair[1],
    )
    if share <= LATE_SHARE:
        return ""
    return (
        f"The client was the bottleneck: {100 * share:.0f} % of the {what} "
        f"more than {LATE_SECONDS * 1e3:g} ms late ({100 * LATE_SHARE:g} % "
        "are allowed). Close what else runs here, and run again"
    )


@asynccontextmanager
async def served(bench: Bench, max_tokens: int) -> AsyncIterator[Endpoint]:
    """A server that ends with the block. Raises `PartError`."""
    options = ["--profile", PROFILE, "--seed", str(bench.seed)]
    async with (
        model_server("model", options) as server,
        HTTPModel(server.url) as llm,
        LoopLag(every_seconds=LATE_SECONDS) as lag,
    ):
        yield Endpoint(llm, bench, max_tokens, lag)
