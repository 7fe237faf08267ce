"""Another process of the same chatbot, to show that a cache is shared.

    python -m lab.second_process REDIS_URL NAMESPACE QUESTION

prints who answered and how many seconds that took, separated by a tab.
"""

from __future__ import annotations

import asyncio
import sys

from optimizations.caching.cached import Cached
from optimizations.caching.redis_store import RedisStore
from optimizations.clock import now
from optimizations.llm import Request
from optimizations.mock import MockModel


async def main(url: str, namespace: str, question: str) -> None:
    """Ask once, through the cache."""
    store = RedisStore(url, namespace=namespace)
    request = Request.ask(question, tenant="lesson", request_id="second")
    async with Cached(MockModel("quick", name="model"), store) as chatbot:
        await store.ready()  # connecting is not what is shown here
        began = now()
        await chatbot.complete(request)
    print(request.trace.served_by, now() - began, sep="\t")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
