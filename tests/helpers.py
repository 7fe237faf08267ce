"""What many tests share: a request, a model that plays a script and counts
what it holds, and ways to read, to wait and to look for what was left behind.

    model = Scripted(["Hel", 0.5, "lo", STOP], [ConnectionFailed("gone")])

answers the first call with two pieces half a second apart, and fails every
later one. Without a script it echoes the question.
"""

from __future__ import annotations

import asyncio
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Callable,
    Iterable,
    Mapping,
    Sequence,
)
from contextlib import aclosing
from math import inf
from typing import Any

from optimizations.errors import LLMError
from optimizations.llm import LLM, Chunk, Message, Reply, Request, Usage

Step = str | float | Chunk | BaseException
"""A piece of text, seconds to wait (`inf` is for ever), a chunk, an error."""

Script = Iterable[Step]

STOP = Chunk(finish_reason="stop", usage=Usage(10, 3))


def ask(
    text: str = "Where is my parcel?",
    n: int = 1,
    tenant: str = "t",
    **rest: Any,
) -> Request:
    """A request of one question: number `n` of its tenant. `rest` are fields
    of `Request`; `messages` replaces the question.
    """
    fields: dict[str, Any] = {
        "messages": (Message("user", text),),
        "model": "mock",
        "tenant": tenant,
        "request_id": f"{tenant}-{n}",
    }
    return Request(**(fields | rest))


def says(*pieces: str, gap_seconds: float = 0.0) -> list[Step]:
    """The script of a whole answer: the pieces, each after a gap, then its
    end.
    """
    script: list[Step] = []
    for piece in pieces:
        script += [gap_seconds, piece] if gap_seconds else [piece]
    return [*script, STOP]


def echo(request: Request) -> list[Step]:
    """An answer that names who asked what: whoever gets another's sees it."""
    pieces = f"{request.tenant}", " asked: ", request.question
    last = request.choices - 1
    return [
        *(Chunk(t, i) for t in pieces for i in range(request.choices)),
        *(Chunk("", i, "stop") for i in range(last)),
        Chunk("", last, "stop", Usage(len(request.question), 3)),
    ]


class Scripted(LLM):
    """Plays the n-th script at the n-th call, and the last one from then on. A
    function of the request stands for all scripts.
    """

    def __init__(
        self,
        *scripts: Script,
        play: Callable[[Request], Script] = echo,
        available: bool = True,
    ) -> None:
        self.scripts = [list(script) for script in scripts]
        self.play = play
        self.up = available
        self.calls = 0  # streams begun
        self.running = 0  # begun and not closed yet
        self.peak = 0
        self.closed = 0  # however they ended
        self.left = 0  # of those, closed or cancelled before their end
        self.shut = 0  # how often the model itself was closed
        self.requests: list[Request] = []

    @property
    def available(self) -> bool:
        return self.up

    def snapshot(self) -> Mapping[str, float]:
        return {"calls": self.calls, "running": self.running}

    async def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
        script = self._next_script(request)
        self.calls += 1
        self.requests.append(request)
        request.trace.attempts += 1
        request.trace.served_by = "script"
        self.running += 1
        self.peak = max(self.peak, self.running)
        ended = False
        try:
            for step in script:
                if isinstance(step, BaseException):
                    ended = True
                    raise step
                if isinstance(step, Chunk):
                    yield step
                elif isinstance(step, str):
                    yield Chunk(step)
                else:
                    await pause(step)
            ended = True
        finally:
            self.running -= 1
            self.closed += 1
            self.left += not ended

    async def complete_many(
        self, requests: Sequence[Request]
    ) -> list[Reply | LLMError]:
        """A batch endpoint that takes one request after the other."""
        return [await self._reply_or_error(request) for request in requests]

    async def _reply_or_error(self, request: Request) -> Reply | LLMError:
        try:
            return await self.complete(request)
        except LLMError as error:
            return error

    async def aclose(self) -> None:
        self.shut += 1

    def _next_script(self, request: Request) -> list[Step]:
        if not self.scripts:
            return list(self.play(request))
        return self.scripts[min(self.calls, len(self.scripts) - 1)]


async def pause(seconds: float) -> None:
    """Sleep; for ever where `seconds` is infinite."""
    if seconds == inf:
        await asyncio.get_running_loop().create_future()
    await asyncio.sleep(seconds)


async def collect(stream: AsyncGenerator[Chunk, None]) -> list[Chunk]:
    """Every chunk of a stream, which is closed afterwards."""
    async with aclosing(stream) as chunks:
        return [chunk async for chunk in chunks]


async def read(llm: LLM, request: Request) -> str:
    """The text of an answer, read as a stream."""
    return "".join(chunk.text for chunk in await collect(llm.stream(request)))


async def outcome(
    stream: AsyncGenerator[Chunk, None],
) -> tuple[list[Chunk], Exception | None]:
    """Every chunk of a stream, and the error that ended it, if one did."""
    chunks: list[Chunk] = []
    try:
        async with aclosing(stream):
            while True:
                chunks.append(await anext(stream))
    except StopAsyncIteration:
        return chunks, None
    except Exception as error:
        return chunks, error


async def take(stream: AsyncIterator[Chunk], count: int) -> list[Chunk]:
    """The next `count` chunks; the stream stays open."""
    return [await anext(stream) for _ in range(count)]


async def turns(count: int) -> None:
    """Let the loop turn `count` times."""
    for _ in range(count):
        await asyncio.sleep(0)


def other_tasks() -> set[asyncio.Task[Any]]:
    """Every task alive but the one that asks."""
    mine = asyncio.current_task()
    return {task for task in asyncio.all_tasks() if task is not mine}


async def eventually(
    condition: Callable[[], bool], seconds: float = 5.0
) -> None:
    """On the real clock, wait until it holds. Raises TimeoutError."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.005)
