"""The contract of `test_every_layer` notices what it is there for: each layer
here has one fault, and fails the test named beside it.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from math import nan

import pytest

from optimizations.llm import LLM, Chunk, Layer, Request
from tests import test_every_layer as contract
from tests.test_every_layer import Row


class NeverCloses(Layer):
    """Leaves the stream inside to the garbage collector."""

    async def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
        async for chunk in self.inner.stream(request):
            yield chunk


class KeepsThePermit(Layer):
    """Gives its permit back after an answer, and only then."""

    def __init__(self, inner: LLM) -> None:
        super().__init__(inner)
        self.permits = asyncio.Semaphore(1)

    async def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
        await self.permits.acquire()
        async with aclosing(self.inner.stream(request)) as chunks:
            async for chunk in chunks:
                yield chunk
        self.permits.release()


class TimesTheReader(Layer):
    """Lets a timeout stay open across a yield."""

    async def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
        async with (
            asyncio.timeout(60),
            aclosing(self.inner.stream(request)) as chunks,
        ):
            async for chunk in chunks:
                yield chunk


class WrapsErrors(Layer):
    """Means well."""

    async def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
        try:
            async with aclosing(self.inner.stream(request)) as chunks:
                async for chunk in chunks:
                    yield chunk
        except Exception as error:
            raise RuntimeError("the model failed") from error


class HidesErrors(Layer):
    """Ends a stream that broke off."""

    async def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
        try:
            async with aclosing(self.inner.stream(request)) as chunks:
                async for chunk in chunks:
                    yield chunk
        except Exception:
            yield Chunk(finish_reason="stop")


class DropsUsage(Layer):
    """Passes on what can be read."""

    async def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
        async with aclosing(self.inner.stream(request)) as chunks:
            async for chunk in chunks:
                if chunk.text or chunk.finish_reason:
                    yield Chunk(chunk.text, 0, chunk.finish_reason)


class Remembers(Layer):
    """Remembers answers by the question alone, whole or not."""

    def __init__(self, inner: LLM) -> None:
        super().__init__(inner)
        self.answers: dict[str, list[Chunk]] = {}

    async def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
        if request.question not in self.answers:
            kept = self.answers[request.question] = []
            async with aclosing(self.inner.stream(request)) as chunks:
                async for chunk in chunks:
                    kept.append(chunk)
                    yield chunk
            return
        for chunk in self.answers[request.question]:
            yield chunk


class Hurries(Layer):
    """Asks in a task that nobody ends."""

    async def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
        self.task = asyncio.create_task(self.inner.complete(request))
        reply = await asyncio.shield(self.task)
        yield Chunk(reply.text, 0, reply.finish_reason, reply.usage)


class Shares(Layer):
    """Keeps the request it works for on itself."""

    request: Request

    async def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
        self.request = request
        await asyncio.sleep(0.1)
        async with aclosing(self.inner.stream(self.request)) as chunks:
            async for chunk in chunks:
                yield chunk


class StaysOpen(Layer):
    """Forgets what it wraps."""

    async def aclose(self) -> None:
        pass


class Optimist(Layer):
    """Is always there."""

    @property
    def available(self) -> bool:
        return True


class Undefined(Layer):
    """Divides nothing by nothing."""

    def snapshot(self) -> Mapping[str, float]:
        return {"ratio": nan}


Test = Callable[..., None]

FAULTS: list[tuple[type[Layer], Test, tuple[object, ...]]] = [
    (
        NeverCloses,
        contract.test_an_abandoned_stream_leaves_nothing_behind,
        (1,),
    ),
    (
        KeepsThePermit,
        contract.test_calls_cancelled_at_any_turn_leave_nothing_behind,
        ("stream",),
    ),
    (
        KeepsThePermit,
        contract.test_calls_cancelled_at_any_instant_leave_nothing_behind,
        ("complete",),
    ),
    (
        KeepsThePermit,
        contract.test_an_abandoned_stream_leaves_nothing_behind,
        (2,),
    ),
    (KeepsThePermit, contract.test_a_failed_call_leaves_nothing_behind, (0,)),
    (
        TimesTheReader,
        contract.test_a_slow_reader_is_neither_cancelled_nor_timed,
        (),
    ),
    (
        HidesErrors,
        contract.test_an_error_passes_unchanged_after_what_came_before,
        (ValueError("no"), 2),
    ),
    (
        WrapsErrors,
        contract.test_an_error_passes_unchanged_after_what_came_before,
        (ValueError("no"), 0),
    ),
    (DropsUsage, contract.test_chunks_pass_unchanged, ()),
    (
        DropsUsage,
        contract.test_answers_pass_unchanged_the_first_time_and_the_second,
        (3,),
    ),
    (Remembers, contract.test_two_tenants_never_meet, (False,)),
    (Remembers, contract.test_another_way_to_ask_gets_another_answer, ()),
    (
        Remembers,
        contract.test_an_unfinished_stream_is_not_taken_for_an_answer,
        (),
    ),
    (
        Remembers,
        contract.test_an_abandoned_answer_is_not_given_to_the_next,
        (),
    ),
    (
        Hurries,
        contract.test_a_cancelled_call_gives_everything_back_at_once,
        (),
    ),
    (
        Hurries,
        contract.test_calls_cancelled_at_any_instant_leave_nothing_behind,
        ("stream",),
    ),
    (Shares, contract.test_requests_at_the_same_time_do_not_mix, ()),
    (Shares, contract.test_two_tenants_never_meet, (True,)),
    (
        StaysOpen,
        contract.test_closing_the_layer_closes_what_it_wraps_and_ends_its_tasks,
        (),
    ),
    (StaysOpen, contract.test_closing_a_layer_nobody_used_is_fine, ()),
    (Optimist, contract.test_it_is_available_as_what_it_wraps_is, ()),
    (Undefined, contract.test_its_numbers_are_numbers, ()),
]


@pytest.mark.parametrize(
    ("layer", "test", "rest"),
    FAULTS,
    ids=[f"{layer.__name__}-{n}" for n, (layer, _, _) in enumerate(FAULTS)],
)
def test_a_faulty_layer_is_noticed(
    layer: type[Layer], test: Test, rest: tuple[object, ...]
) -> None:
    with pytest.raises((Exception, asyncio.CancelledError)):
        test(Row(layer), *rest)
    gc.collect()  # what broke off is reported as lost now, not in some test


def test_a_sound_layer_passes_where_the_faulty_ones_fail() -> None:
    for _, test, rest in FAULTS:
        test(Row(Layer), *rest)
