"""Who asks, and when: the customers of all chapters.

Either they come at random moments, whether or not others have been answered,
as they do in life; or a few of them ask in turn, each the next question when
the last is answered, as on the real clock, where an hour takes an hour.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from lab.conversations import single_turns
from lab.popularity import zipf_questions
from lab.traffic import Arrival, arrivals, poisson
from lesson.chapter import Context
from lesson.timing import Timing, timed
from optimizations.clock import chance
from optimizations.concurrency.gather import gather_bounded
from optimizations.llm import LLM, Request


def questions(context: Context, *, streamed: bool = True) -> Iterator[Request]:
    """Without end, some far more often than others."""
    texts = zipf_questions(context.bank, seed=context.seed)
    return single_turns(texts, streamed=streamed)


def at_random(
    context: Context, count: int, *, per_second: float, streamed: bool = True
) -> list[Arrival]:
    """So many of these questions, at moments that do not know each other."""
    times = poisson(per_second, seed=context.seed)
    return arrivals(times, questions(context, streamed=streamed), count)


async def in_turn(
    context: Context, llm: LLM, count: int, *, at_once: int, max_tokens: int
) -> list[tuple[Request, Timing]]:
    """What became of so many questions of the bank, asked by a few."""
    draws = chance(context.seed, "customers")
    texts = draws.choices(context.bank.questions, k=count)

    async def ask(request: Request) -> tuple[Request, Timing]:
        return request, await timed(llm, request)

    jobs = (
        partial(ask, context.ask(text, number, max_tokens=max_tokens))
        for number, text in enumerate(texts)
    )
    return await gather_bounded(jobs, limit=at_once)
