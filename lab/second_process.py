"""Another process of the same chatbot, to show that a cache is shared.

    python -m lab.second_process REDIS_URL NAMESPACE QUESTION

prints who answered and how many seconds that took, separated by a tab.
"""

from __future__ import annotations

import asyncio
import sys

from lab.parts import PartFailed
from lab.settings import ROOT
from optimizations.caching.cache_fill import CacheFill
from optimizations.caching.cached import Cached
from optimizations.caching.redis_store import RedisStore
from optimizations.clock import now
from optimizations.llm import Request
from optimizations.mock import MockModel

START_SECONDS = 20


async def ask_from_another_process(
    url: str, namespace: str, question: str
) -> tuple[str, float]:
    """Start one, and return what it prints: who answered, after how many
    seconds. Raises PartFailed where it does not.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "lab.second_process"),
        *(url, namespace, question),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(START_SECONDS):
            output, _ = await process.communicate()
        served_by, seconds = output.decode().split("\t")
        return served_by, float(seconds)
    except (TimeoutError, ValueError):
        raise PartFailed("the second process", "it did not answer") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def main(url: str, namespace: str, question: str) -> None:
    """Ask once, through the cache; connecting is not what is timed."""
    store = RedisStore(url, namespace=namespace)
    request = Request.ask(question, tenant="lesson", request_id="second")
    model = CacheFill(MockModel("quick", name="model"), store)
    async with Cached(model, store) as chatbot:
        await store.ready()
        began = now()
        await chatbot.complete(request)
    print(request.trace.served_by, now() - began, sep="\t")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
