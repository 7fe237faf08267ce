"""One Redis for two processes, until it is killed.

This process asks a question and pays for it; another process asks the same and
is answered by Redis; then Redis dies by SIGKILL, and the question is asked
once more. What each of them got, from whom and how fast, is the result.

A Redis of the user's own is not ours to kill: there the last stage is left
out.
"""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from dataclasses import dataclass
from functools import partial
from statistics import median

from lab.parts import PartFailed, redis_server
from lab.second_process import ask_from_another_process
from optimizations.caching.cache_fill import CacheFill
from optimizations.caching.cached import Cached
from optimizations.caching.redis.redis_store import RedisStore
from optimizations.caching.single_flight import SingleFlight
from optimizations.clock import now
from optimizations.llm import LLM, Request

AGAIN = 20  # a single look-up says little


@dataclass(frozen=True, slots=True)
class Stage:
    """What happened, who answered, and the median wait for a whole answer."""

    what: str
    answered_by: str
    seconds: float


async def share_redis(
    url: str | None, model: LLM, question: str, *, customers: int
) -> list[Stage]:
    """Ask in this process, by `customers` at once, in another process, and
    after Redis was killed. Without a `url`, a server of ours is started.
    Raises what the model raises, and `PartFailed` where Redis keeps nothing.
    """
    namespace = f"module12:lesson:{os.getpid()}"
    stages = []
    async with redis_server(url) as server:
        store = RedisStore(server.url, namespace=namespace, ttl_seconds=60)
        onion = SingleFlight(CacheFill(model, store))
        async with Cached(onion, store) as chatbot:
            await store.ready()  # connecting is not what is shown here
            ask = partial(_ask_at_once, chatbot, question)
            stages.append(await ask("asked for the first time", 1))
            what = f"asked {AGAIN} times again"
            what += f", {customers} at once" * (customers > 1)
            stages.append(await ask(what, customers, AGAIN))
            if stages[-1].answered_by != store.name:
                raise PartFailed("Redis", "did not keep the answer")
            who, seconds = await ask_from_another_process(
                server.url, namespace, question, AGAIN
            )
            stages.append(Stage("asked by another process", who, seconds))
            if server.pid is not None:
                server.kill()
                stages.append(await ask("Redis killed, asked again", 1))
    return stages


async def _ask_at_once(
    chatbot: LLM, question: str, what: str, times: int, rounds: int = 1
) -> Stage:
    """By `times` at once, round after round."""
    requests = [
        Request.ask(question, tenant="lesson", request_id=f"{what}: {number}")
        for number in range(times * rounds)
    ]
    waits: list[float] = []
    for start in range(0, len(requests), times):
        turn = requests[start : start + times]
        waits += await asyncio.gather(*(_wait(chatbot, r) for r in turn))
    sources = Counter(request.trace.served_by for request in requests)
    said = [f"{who} {count}" for who, count in sources.items()]
    who = ", ".join(said if len(sources) > 1 else sources)
    return Stage(what, who, median(waits))


async def _wait(chatbot: LLM, request: Request) -> float:
    began = now()
    await chatbot.complete(request)
    return now() - began
