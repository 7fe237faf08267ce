"""The interface: what every model and layer gets from it for nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager

import pytest

from optimizations.clock import run_virtual
from optimizations.errors import Incomplete, UpstreamError
from optimizations.llm import (
    LLM,
    Chunk,
    Guard,
    Layer,
    Observer,
    Request,
    walk,
)
from tests.helpers import (
    STOP,
    Scripted,
    ask,
    collect,
    says,
    take,
)


def test_complete_drains_the_stream() -> None:
    async def main() -> None:
        model = Scripted(says("Hel", "lo"))
        reply = await model.complete(ask())
        assert reply.text == "Hello"
        assert reply.finish_reason == "stop"
        assert reply.usage == STOP.usage
        assert model.running == 0

    run_virtual(main())


def test_complete_asks_for_an_answer_in_one_piece() -> None:
    async def main() -> None:
        model = Scripted()
        await model.complete(ask(streamed=True))
        assert not model.requests[0].streamed

    run_virtual(main())


def test_complete_shares_the_trace_of_the_request() -> None:
    async def main() -> None:
        request = ask()
        reply = await Scripted().complete(request)
        assert reply.trace is request.trace

    run_virtual(main())


def test_a_stream_that_just_ends_is_not_an_answer() -> None:
    async def main() -> None:
        with pytest.raises(Incomplete) as caught:
            await Scripted(["Hel", "lo"]).complete(ask())
        assert caught.value.partial == "Hello"

    run_virtual(main())


class Noted(Guard):
    """Notes what its context manager is told."""

    def __init__(self, inner: LLM) -> None:
        super().__init__(inner)
        self.chunks: list[Chunk] = []
        self.end: BaseException | None = None
        self.open = 0

    @asynccontextmanager
    async def around(self, request: Request) -> AsyncIterator[Observer]:
        self.open += 1
        try:
            yield self.chunks.append
        except BaseException as error:
            self.end = error
            raise
        finally:
            self.open -= 1


class Blind(Guard):
    """Observes nothing."""

    @asynccontextmanager
    async def around(self, request: Request) -> AsyncIterator[None]:
        yield


def test_a_guard_sees_each_chunk_before_the_reader_does() -> None:
    async def main() -> None:
        guard = Noted(Scripted(says("a", "b")))
        seen: list[Chunk] = []
        async with aclosing(guard.stream(ask())) as chunks:
            async for chunk in chunks:
                seen.append(chunk)
                assert guard.chunks == seen
        assert seen == [Chunk("a"), Chunk("b"), STOP]

    run_virtual(main())


def test_a_guard_sees_the_error_from_inside() -> None:
    async def main() -> None:
        broken = UpstreamError("no", status=500)
        guard = Noted(Scripted(["a", broken]))
        with pytest.raises(UpstreamError) as caught:
            await guard.complete(ask())
        assert caught.value is broken
        assert guard.end is broken
        assert guard.open == 0

    run_virtual(main())


def test_a_guard_is_left_when_its_reader_leaves() -> None:
    async def main() -> None:
        model = Scripted()
        guard = Noted(model)
        async with aclosing(guard.stream(ask())) as chunks:
            await take(chunks, 1)
            assert (guard.open, model.running) == (1, 1)
        assert (guard.open, model.running) == (0, 0)
        assert isinstance(guard.end, GeneratorExit)

    run_virtual(main())


def test_a_guard_need_not_observe() -> None:
    async def main() -> None:
        chunks = await collect(Blind(Scripted(says("a"))).stream(ask()))
        assert chunks == [Chunk("a"), STOP]

    run_virtual(main())


def test_a_plain_layer_changes_nothing() -> None:
    async def main() -> None:
        model = Scripted(says("a", "b"))
        layer = Layer(model)
        assert await collect(layer.stream(ask())) == await collect(
            model.stream(ask())
        )
        assert layer.available
        model.up = False
        assert not layer.available

    run_virtual(main())


def test_an_onion_is_walked_from_the_outside() -> None:
    model = Scripted()
    onion = Layer(Layer(model))
    assert list(walk(onion)) == [onion, onion.inner, model]
    assert repr(onion) == "Layer(Layer(Scripted()))"


class Pair(LLM):
    """Wraps two."""

    def __init__(self, *models: LLM) -> None:
        self.models = models

    @property
    def inners(self) -> tuple[LLM, ...]:
        return self.models


class Stubborn(Scripted):
    """Fails to close."""

    async def aclose(self) -> None:
        await super().aclose()
        raise OSError("stuck")


def test_closing_closes_every_model_inside_even_after_an_error() -> None:
    async def main() -> None:
        first, second, third = Scripted(), Stubborn(), Scripted()
        with pytest.raises(OSError, match="stuck"):
            async with Pair(Layer(first), Pair(second, third)):
                pass
        assert [m.shut for m in (first, second, third)] == [1, 1, 1]

    run_virtual(main())


def test_a_model_that_answers_nothing_says_so() -> None:
    with pytest.raises(NotImplementedError):
        LLM().stream(ask())
