"""The interface: what every model and layer gets from it for nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace

import pytest

from optimizations.clock import now, run_virtual
from optimizations.errors import BadRequest, Incomplete, UpstreamError
from optimizations.llm import (
    LLM,
    Chunk,
    Draft,
    Guard,
    Layer,
    Message,
    Observer,
    Request,
    Usage,
    walk,
)
from tests.helpers import (
    STOP,
    Scripted,
    ask,
    collect,
    pause,
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


def test_an_answer_is_whole_when_every_choice_has_ended() -> None:
    draft = Draft(ask(options={"n": 2}))
    draft.add(Chunk("a", 0, "stop"))
    assert not draft.finished
    draft.add(Chunk("b", 1))
    draft.add(Chunk("", 1, "length"))
    assert draft.finished
    texts = [(c.text, c.finish_reason) for c in draft.reply().choices]
    assert texts == [("a", "stop"), ("b", "length")]


@pytest.mark.parametrize("index", [-1, 1, 7])
def test_a_choice_nobody_asked_for_does_not_finish_the_answer(
    index: int,
) -> None:
    """It counted as one of the choices asked for, and the reply then looked
    for a reason that was not there.
    """
    draft = Draft(ask())
    draft.add(Chunk("whose?", index, "stop"))
    assert not draft.finished
    assert draft.partial == ""
    with pytest.raises(Incomplete):
        draft.reply()


def test_the_last_usage_counts() -> None:
    draft = Draft(ask())
    draft.add(Chunk("a", usage=Usage(9, 1)))
    draft.add(Chunk("b", finish_reason="stop"))
    draft.add(Chunk(usage=Usage(9, 2)))
    assert draft.reply().usage == Usage(9, 2)


def test_an_empty_answer_is_an_answer() -> None:
    draft = Draft(ask())
    draft.add(Chunk(finish_reason="content_filter"))
    assert draft.reply().text == ""


@pytest.mark.parametrize("wanted", [0, -1, "2", 1.5, True])
def test_a_number_of_choices_that_is_none_is_a_bad_request(
    wanted: object,
) -> None:
    """With n = -1, no text at all was a whole answer."""
    with pytest.raises(BadRequest):
        Draft(ask(options={"n": wanted}))


def test_one_choice_is_wanted_unless_more_are() -> None:
    assert ask().choices == 1
    assert ask(options={"n": None}).choices == 1
    assert ask(options={"n": 3}).choices == 3


def test_the_question_is_the_last_thing_the_user_said() -> None:
    turns = (
        Message("system", "be brief"),
        Message("user", "first"),
        Message("user", "second"),
        Message("assistant", "third"),
    )
    assert ask(messages=turns).question == "second"
    assert ask(messages=turns[:1]).question == ""


def test_a_request_can_be_a_key() -> None:
    """`extra` made a message unhashable, and so every request."""
    turn = Message("user", "hi", extra={"name": "Ada"})
    request = ask(messages=(turn,), options={"top_p": 0.5})
    assert {request: 1}[replace(request)] == 1


def test_two_requests_are_equal_whatever_became_of_them() -> None:
    one, other = ask(), ask()
    one.trace.attempts = 3
    assert one == other


def test_a_request_of_one_question_is_quickly_made() -> None:
    request = Request.ask("Hi", tenant="t", request_id="r", max_tokens=3)
    assert (request.question, request.max_tokens) == ("Hi", 3)


class Noted(Guard):
    """Notes what its context manager is told."""

    def __init__(self, inner: LLM) -> None:
        super().__init__(inner)
        self.seconds: list[float] = []
        self.end: BaseException | None = None
        self.open = 0

    @asynccontextmanager
    async def around(self, request: Request) -> AsyncIterator[Observer]:
        self.open += 1
        try:
            yield lambda chunk, seconds: self.seconds.append(seconds)
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


def test_a_guard_times_the_model_and_not_the_reader() -> None:
    async def main() -> None:
        guard = Noted(Scripted([0.5, "a", 0.25, "b", STOP]))
        async with aclosing(guard.stream(ask())) as chunks:
            async for _ in chunks:
                await pause(10)
        assert guard.seconds == pytest.approx([0.5, 0.25, 0.0])
        assert now() == pytest.approx(30.75)

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
