"""Conversations: what is asked as requests, one turn or many.

A single turn is a request of its own. In a conversation each turn carries all
that was said before: the prompt grows with every turn, so the same question is
never the same prompt twice, and a cache of answers finds nothing. What finds
something is the provider's prefix cache, for a turn begins as the one before
it ended.

The turns of many customers come interleaved, each conversation's own in order.
The history has the right answers, known beforehand: a turn is due when its
customer has thought, whatever became of the last answer, so every strategy
meets the same prompts at the same moments.

When it does not help: real customers react to what they were told. A wrong
answer would have changed the next question; here it does not.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from heapq import heappop, heappush

from lab.traffic import Arrival
from optimizations.clock import chance
from optimizations.llm import Message, Request


def single_turns(
    texts: Iterable[str],
    *,
    tenant: str = "shop",
    system: str = "",
    max_tokens: int = 512,
    streamed: bool = False,
) -> Iterator[Request]:
    """A request of its own for each text, with ids r0, r1, …; `system` is the
    prompt that stands in front of each, if any.
    """
    for number, text in enumerate(texts):
        yield Request(
            (*_front(system), Message("user", text)),
            model="mock",
            tenant=tenant,
            request_id=f"r{number}",
            max_tokens=max_tokens,
            streamed=streamed,
        )


def conversations(
    starts: Iterable[float],
    texts: Iterable[str],
    answer: Callable[[Request], str],
    *,
    turns: int = 4,
    think_seconds: float = 20.0,
    seed: object,
    tenant: str = "shop",
    system: str = "",
    max_tokens: int = 512,
    streamed: bool = False,
) -> Iterator[Arrival]:
    """Turns by when they are due, with ids r0, r1, …. A conversation begins
    at each of the `starts` and has `turns` turns on average; between two of
    them pass `think_seconds` on average, and never less than half of that.
    """
    if turns < 1 or not 0 <= think_seconds < math.inf:
        raise ValueError(
            "turns from 1 and think_seconds finite, from 0, "
            f"not {turns} and {think_seconds}"
        )
    draws, questions = chance("talks", seed), enumerate(texts)
    talks = (
        _Talk(start, number, draws.randint(1, 2 * turns - 1), _front(system))
        for number, start in enumerate(starts)
    )
    newcomer = next(talks, None)
    talking: list[_Talk] = []  # a heap: who speaks next stands in front
    while talking or newcomer:
        if newcomer and not (talking and talking[0] < newcomer):
            heappush(talking, newcomer)
            newcomer = next(talks, None)
            continue
        talk = heappop(talking)
        numbered = next(questions, None)
        if numbered is None:
            return
        number, text = numbered
        request = Request(
            (*talk.said, Message("user", text)),
            model="mock",
            tenant=tenant,
            request_id=f"r{number}",
            max_tokens=max_tokens,
            streamed=streamed,
        )
        yield Arrival(talk.due_seconds, request)
        if talk.turns_left > 1:
            pause = think_seconds * (0.5 + draws.expovariate(2))
            heappush(talking, talk.after(request, answer(request), pause))


@dataclass(frozen=True, slots=True, order=True)
class _Talk:
    """A conversation whose next turn is due."""

    due_seconds: float
    number: int
    turns_left: int = field(compare=False)
    said: tuple[Message, ...] = field(compare=False)

    def after(self, request: Request, answer: str, pause: float) -> _Talk:
        """What is left of it once this turn has been asked and answered."""
        said = (*request.messages, Message("assistant", answer))
        return _Talk(
            self.due_seconds + pause, self.number, self.turns_left - 1, said
        )


def _front(system: str) -> tuple[Message, ...]:
    return (Message("system", system),) if system else ()
