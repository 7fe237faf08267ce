"""Other processes of the same chatbot, to show what they share: a Redis with
answers and leases.

    async with second_process(url, "module12:lesson") as other:
        outcome = await other.ask("Where is my parcel?", times=334)

Each runs this file as its program: it reads one line for each time it is asked
and prints one, in JSON. Its model is its own, and counts how often it was
called. `kill` ends a process as a crash does, in the middle of its work.

When not: to serve anybody. That is `optimizations.server`.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, replace
from statistics import median

from lab.parts import PartFailed
from lab.settings import ROOT
from optimizations.caching.cache_fill import CacheFill
from optimizations.caching.cached import Cached
from optimizations.caching.redis.redis_leases import RedisLeases
from optimizations.caching.redis.redis_store import RedisStore
from optimizations.caching.shared_flight import SharedFlight
from optimizations.caching.single_flight import SingleFlight
from optimizations.clock import now
from optimizations.llm import LLM, Reply, Request
from optimizations.mock import PROFILES, MockModel

START_SECONDS = 20
READY = "ready"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one question, asked so many times at once."""

    served_by: Mapping[str, int]  # how many answers came from whom
    texts: int  # how many different ones there were
    failed: int
    seconds: float  # until the last had its answer
    model_calls: int  # of this process, since it began


class SecondProcess:
    """A running one; made by `second_process`."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def ask(
        self, question: str, times: int = 1, *, timeout_seconds: float = 60.0
    ) -> Outcome:
        """Raises `PartFailed` where it ends or says nothing in time."""
        assert self._process.stdin is not None
        line = json.dumps([question, times])
        self._process.stdin.write(line.encode() + b"\n")
        said = await self.line(timeout_seconds)
        try:
            return Outcome(**json.loads(said))
        except (ValueError, TypeError):
            raise _failed() from None

    def kill(self) -> None:
        """SIGKILL, in the middle of whatever it does."""
        if self._process.returncode is None:
            self._process.kill()

    async def line(self, timeout_seconds: float) -> str:
        """What it prints next."""
        assert self._process.stdout is not None
        try:
            async with asyncio.timeout(timeout_seconds):
                line = await self._process.stdout.readline()
        except TimeoutError:
            raise _failed() from None
        return line.decode().strip()


@asynccontextmanager
async def second_process(
    url: str, namespace: str, *, model_seconds: float = 0.05
) -> AsyncIterator[SecondProcess]:
    """One that is connected to Redis, as long as the block lasts; its model
    takes `model_seconds` to its first token. Raises `PartFailed` where it does
    not start.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "lab.second_process"),
        *(url, namespace, str(model_seconds)),
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    other = SecondProcess(process)
    try:
        if await other.line(START_SECONDS) != READY:
            raise _failed()
        yield other
    finally:
        other.kill()
        await process.wait()


async def ask_from_another_process(
    url: str, namespace: str, question: str, rounds: int = 1
) -> tuple[str, float]:
    """Who answered first, and the median of so many waits, one after the
    other. Raises `PartFailed`.
    """
    async with second_process(url, namespace) as other:
        outcomes = [await other.ask(question) for _ in range(rounds)]
    if any(outcome.failed for outcome in outcomes):
        raise _failed()
    who = next(iter(outcomes[0].served_by))
    return who, median(outcome.seconds for outcome in outcomes)


def _failed() -> PartFailed:
    return PartFailed("the second process", "it did not answer")


async def main(url: str, namespace: str, model_seconds: float) -> None:
    """Answer what comes in, line by line, until there is no more."""
    profile = replace(PROFILES["quick"], ttft_seconds=model_seconds)
    model = MockModel(profile, name="model")
    store = RedisStore(url, namespace=namespace)
    leases = RedisLeases(store.client, namespace=namespace)
    shared = SharedFlight(CacheFill(model, store), store, leases)
    async with Cached(SingleFlight(shared), store) as chatbot:
        await store.ready()  # connecting is not what is timed
        print(READY, flush=True)
        while line := await asyncio.to_thread(sys.stdin.readline):
            outcome = await ask(chatbot, *json.loads(line))
            said = asdict(replace(outcome, model_calls=model.calls))
            print(json.dumps(said), flush=True)


async def ask(chatbot: LLM, question: str, times: int) -> Outcome:
    """The same question, so many times at once."""
    requests = [
        Request.ask(question, tenant="lesson", request_id=f"second-{n}")
        for n in range(times)
    ]
    began = now()
    replies = await asyncio.gather(
        *map(chatbot.complete, requests), return_exceptions=True
    )
    seconds = now() - began
    good = [reply for reply in replies if isinstance(reply, Reply)]
    return Outcome(
        served_by=dict(Counter(reply.trace.served_by for reply in good)),
        texts=len({reply.text for reply in good}),
        failed=times - len(good),
        seconds=seconds,
        model_calls=0,
    )


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], float(sys.argv[3])))
