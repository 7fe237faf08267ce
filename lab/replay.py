"""Replay: requests that weigh what those of a trace weighed, when they came.

A trace has no texts. So each prompt is made up: as many tokens as the real one
had, in blocks of 512, and each block begins with a word that stands for what
it was. Blocks with equal ids become equal text, which a prefix cache finds;
what has no id is nobody else's. The rest of a block is padding, one object
for all requests, so even a prompt of 100,000 tokens takes little memory.

    coming = replay(read_trace(path), time_scale=2)
    model = MockModel("gpu", answer=answer)
    await open_loop(send, coming)

A request asks for at most as many tokens as the real answer had, and `answer`
says exactly so many. Nothing is drawn by lot: the same trace makes the same
requests.

When it does not help: a cache that compares meanings has nothing to compare,
and a real endpoint would answer what it likes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import chain, repeat

from lab.traces import TraceRequest
from lab.traffic import Arrival
from optimizations.llm import Message, Request
from optimizations.tokens import count_prompt

BLOCK_TOKENS = 512
MIN_PROMPT_TOKENS = count_prompt([Message("user", "x")])
_SLOWEST, _FASTEST = 0.001, 1000.0
_PAD = " a"  # a token to nearly every tokenizer


def replay(
    trace: Iterable[TraceRequest],
    *,
    time_scale: float = 1.0,
    tenant: str = "shop",
    streamed: bool = True,
) -> list[Arrival]:
    """One arrival for each request of the trace, with ids r0, r1, …

    `time_scale` 2 plays it twice as fast, so an hour takes half an hour and
    the load doubles; 0.5 half as fast. From 0.001 to 1,000. An answer has at
    least one token, and a prompt `MIN_PROMPT_TOKENS`, for less cannot be
    asked.
    """
    if not _SLOWEST <= time_scale <= _FASTEST:  # nor is it for a NaN
        raise ValueError(
            f"time_scale must be from {_SLOWEST:g} to {_FASTEST:g}, "
            f"not {time_scale}"
        )
    return [
        Arrival(
            known.due_seconds / time_scale,
            Request(
                tuple(_prompt(known, number)),
                model="mock",
                tenant=tenant,
                request_id=f"r{number}",
                max_tokens=max(known.output_tokens, 1),
                streamed=streamed,
            ),
        )
        for number, known in enumerate(trace)
    ]


def answer(request: Request) -> str:
    """For `MockModel(answer=...)`: exactly `max_tokens` tokens, of which the
    first tells the prompt, so that nobody's answer passes for another's.
    """
    [name, *_] = request.messages[-2:][0].content.split(maxsplit=1)
    return name + _PAD * (request.max_tokens - 1)


def _prompt(known: TraceRequest, number: int) -> Iterator[Message]:
    """Two messages a block, a name and its padding. What is left at the end
    and too short for both goes to the block before.
    """
    names = chain(
        (f"b{id:x}" for id in known.prefix_ids), repeat(f"r{number:x}")
    )
    left = max(known.prompt_tokens, MIN_PROMPT_TOKENS)
    while left:
        tokens = min(left, BLOCK_TOKENS)
        if left - tokens < 2 * MIN_PROMPT_TOKENS:
            tokens = left
        left -= tokens
        yield from _block(next(names), tokens)


def _block(name: str, tokens: int) -> Iterator[Message]:
    rest = tokens - MIN_PROMPT_TOKENS
    if rest < MIN_PROMPT_TOKENS:  # a whole prompt of a few words
        yield Message("user", name + _PAD * rest)
    else:
        yield _named(name)
        yield _padding(rest)


@lru_cache(maxsize=65_536)
def _named(name: str) -> Message:
    return Message("user", name)


@lru_cache(maxsize=2 * BLOCK_TOKENS)
def _padding(tokens: int) -> Message:
    return Message("user", _PAD * (tokens - MIN_PROMPT_TOKENS + 1))
