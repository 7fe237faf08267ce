"""The one contract that every layer keeps, whatever else it does.

Each row of `LAYERS` puts one layer around a scripted model, tightly enough
that a permit, slot or task which does not come back is missed. A layer without
a row fails `test_every_layer_has_a_row`: nobody can forget.
"""

from __future__ import annotations

import asyncio
import gc
import importlib
import pkgutil
from collections.abc import Callable, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from math import isfinite

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import optimizations
from optimizations.balancing.balanced import Balanced
from optimizations.balancing.circuit_breaker import Breaker
from optimizations.balancing.retry import Retry
from optimizations.caching.cache_fill import CacheFill
from optimizations.caching.cached import Cached
from optimizations.caching.shared_flight import SharedFlight
from optimizations.caching.single_flight import SingleFlight
from optimizations.caching.store import MemoryStore
from optimizations.clock import now, run_virtual
from optimizations.concurrency.batching import Batched
from optimizations.concurrency.concurrency_limit import ConcurrencyLimit
from optimizations.concurrency.rate_limiter import RateLimit
from optimizations.errors import (
    BadRequest,
    Incomplete,
    LLMError,
    UpstreamError,
)
from optimizations.llm import LLM, Chunk, Layer, Message, Request, Usage
from optimizations.monitoring.record import Monitored
from optimizations.stack import Settings, stack
from optimizations.streaming.deadline import Deadline
from optimizations.streaming.progressive import Paced
from optimizations.streaming.timeouts import Timeouts
from tests.caching.leases import MemoryLeases
from tests.helpers import (
    STOP,
    Scripted,
    Step,
    ask,
    collect,
    echo,
    other_tasks,
    outcome,
    read,
    says,
    take,
    turns,
)


@dataclass(frozen=True)
class Row:
    """How one layer is made, and what of the contract it words otherwise."""

    make: Callable[[LLM], LLM]
    recuts: bool = False  # the same answer, in other pieces
    whole: bool = False  # in one piece; nothing of one that fails


DAY_SECONDS = 86_400


def cached(inner: LLM) -> LLM:
    """Both halves of a cache."""
    store = MemoryStore()
    return Cached(CacheFill(inner, store), store)


def shared_flight(inner: LLM) -> LLM:
    """The holder of the lease asks, whoever else comes finds the answer."""
    store = MemoryStore()
    return SharedFlight(CacheFill(inner, store), store, MemoryLeases())


LAYERS: dict[str, Row] = {
    "Layer": Row(Layer),
    "Balanced": Row(lambda inner: Balanced([inner])),
    "Batched": Row(lambda inner: Batched(inner, max_running=1), whole=True),
    "Breaker": Row(Breaker),
    "CacheFill": Row(lambda inner: CacheFill(inner, MemoryStore())),
    "Cached": Row(cached),
    "ConcurrencyLimit": Row(
        lambda inner: ConcurrencyLimit(inner, limit=1, max_wait_seconds=600)
    ),
    "Deadline": Row(lambda inner: Deadline(inner, DAY_SECONDS)),
    "Monitored": Row(Monitored),
    "Paced": Row(Paced, recuts=True),
    "RateLimit": Row(lambda inner: RateLimit(inner, requests_per_minute=60)),
    "Retry": Row(Retry),
    "SharedFlight": Row(shared_flight),
    "SingleFlight": Row(SingleFlight),
    "Timeouts": Row(Timeouts),
    "stack": Row(
        lambda inner: stack([inner], Settings(deadline_seconds=DAY_SECONDS))
    ),
}

PROVIDERS = {"MockModel", "HTTPModel"}  # they wrap nothing
ABSTRACT = {"Guard"}  # for subclasses; tested in test_llm

every_layer = pytest.mark.parametrize(
    "row", list(LAYERS.values()), ids=list(LAYERS)
)


def test_every_layer_has_a_row() -> None:
    for module in pkgutil.walk_packages(
        optimizations.__path__, "optimizations."
    ):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    found = {
        kind.__name__
        for kind in subclasses(LLM)
        if kind.__module__.startswith("optimizations.")
    }
    assert found == set(LAYERS) & found | PROVIDERS | ABSTRACT


def subclasses(kind: type[LLM]) -> Iterator[type[LLM]]:
    """All of them, at any depth."""
    for sub in kind.__subclasses__():
        yield sub
        yield from subclasses(sub)


# --- what passes unchanged ---------------------------------------------------

RICH: list[Step] = [
    Chunk(extra={"role": "assistant"}),
    0.01,
    "Hel",
    0.01,
    Chunk("lo", extra={"reasoning": "short"}),
    Chunk(" there", finish_reason="length"),
    Chunk(usage=Usage(7, 3, cached_tokens=2)),
]


def gist(chunks: list[Chunk]) -> tuple[object, ...]:
    """What the pieces of an answer say together."""
    return (
        "".join(chunk.text for chunk in chunks),
        [c.finish_reason for c in chunks if c.finish_reason],
        [c.usage for c in chunks if c.usage],
        {key: value for c in chunks for key, value in c.extra.items()},
    )


@every_layer
def test_chunks_pass_unchanged(row: Row) -> None:
    async def main() -> None:
        async with row.make(Scripted(RICH)) as layer:
            got = await collect(layer.stream(ask()))
            want = await collect(Scripted(RICH).stream(ask()))
            assert (
                gist(got)[: 3 if row.whole else 4]
                == gist(want)[: 3 if row.whole else 4]
            )
            assert row.recuts or row.whole or got == want

    run_virtual(main())


@every_layer
@pytest.mark.parametrize("choices", [1, 3])
def test_answers_pass_unchanged_the_first_time_and_the_second(
    row: Row, choices: int
) -> None:
    async def main() -> None:
        async with row.make(Scripted()) as layer:
            for n in range(2):
                request = ask(n=n, options={"n": choices})
                want = await Scripted().complete(request)
                got = await layer.complete(request)
                assert got.choices == want.choices
                assert got.usage == want.usage
                assert got.trace is request.trace

    run_virtual(main())


@every_layer
def test_the_model_is_asked_what_was_asked(row: Row) -> None:
    async def main() -> None:
        model = Scripted()
        request = ask(
            "Why?",
            tenant="shop",
            messages=(Message("system", "brief"), Message("user", "Why?")),
            options={"top_p": 0.5},
            temperature=0.7,
            max_tokens=9,
        )
        async with row.make(model) as layer:
            await collect(layer.stream(request))
        (asked,) = model.requests
        for field in (
            "messages",
            "model",
            "tenant",
            "request_id",
            "options",
            "temperature",
            "max_tokens",
        ):
            assert getattr(asked, field) == getattr(request, field)
        assert request.trace.served_by == "script"
        assert request.trace.attempts == 1

    run_virtual(main())


@every_layer
@pytest.mark.parametrize("before", [0, 2])
@pytest.mark.parametrize(
    "error",
    [
        UpstreamError("no", status=418, code="teapot", retry_after=3.0),
        BadRequest("no such thing"),
        Incomplete("so far"),
        ZeroDivisionError("a bug"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_passes_unchanged_after_what_came_before(
    row: Row, error: Exception, before: int
) -> None:
    async def main() -> None:
        model = Scripted([*["a", "b"][:before], 0.01, error])
        async with row.make(model) as layer:
            chunks, caught = await outcome(layer.stream(ask()))
            assert type(caught) is type(error)
            assert vars(caught) == vars(error)
            assert caught.args == error.args
            text = "".join(chunk.text for chunk in chunks)
            assert text == "ab"[: 0 if row.whole else before]
            assert model.running == 0

    run_virtual(main())


@every_layer
@pytest.mark.parametrize("choices", [0, -1, "two"])
def test_a_request_that_makes_no_sense_is_a_bad_request(
    row: Row, choices: object
) -> None:
    async def main() -> None:
        model = Scripted()
        async with row.make(model) as layer:
            tasks = await warmed(layer, model, INSTANTS)
            model.scripts = []
            request = ask("none", n=1, options={"n": choices})
            _, error = await outcome(layer.stream(request))
            assert type(error) is BadRequest
            await assert_nothing_is_left(layer, model, tasks)

    run_virtual(main())


@every_layer
def test_it_is_available_as_what_it_wraps_is(row: Row) -> None:
    async def main() -> None:
        model = Scripted()
        async with row.make(model) as layer:
            assert layer.available
            model.up = False
            assert not layer.available

    run_virtual(main())


# --- what is left behind -----------------------------------------------------

TURNS: list[Step] = [0.0, "a", 0.0, "b", 0.0, "c", 0.0, STOP, 0.0]
INSTANTS: list[Step] = [1.0, "a", 1.0, "b", 1.0, "c", 1.0, STOP, 1.0]


async def assert_nothing_is_left(
    layer: LLM, model: Scripted, tasks: set[asyncio.Task[object]]
) -> None:
    """No stream, no task that was not there before, and no permit: with a
    limit of one the next request would wait for ever.
    """
    assert model.running == 0
    assert other_tasks() <= tasks
    model.scripts = []
    async with asyncio.timeout(600):
        assert (await read(layer, ask("next", n=99))).endswith("next")
    assert model.running == 0
    assert other_tasks() <= tasks


async def warmed(
    layer: LLM, model: Scripted, script: list[Step]
) -> set[asyncio.Task[object]]:
    """Answer one request: the tasks that the layer keeps for good."""
    await read(layer, ask("first", n=0))
    model.scripts = [script]
    return other_tasks()


def three() -> list[Request]:
    """Requests of which some wait for others, where something is shared."""
    return [ask("same", n=1), ask("same", n=2), ask("other", n=3)]


async def ask_thrice(layer: LLM, how: str) -> list[asyncio.Task[object]]:
    """All three at once."""
    return [
        asyncio.create_task(
            layer.complete(request)
            if how == "complete"
            else collect(layer.stream(request))
        )
        for request in three()
    ]


@every_layer
@pytest.mark.parametrize("how", ["complete", "stream"])
def test_calls_cancelled_at_any_turn_leave_nothing_behind(
    row: Row, how: str
) -> None:
    async def main() -> None:
        for step in range(25):
            for whom in ([0], [1], [2], [2, 1, 0]):
                model = Scripted()
                async with row.make(model) as layer:
                    tasks = await warmed(layer, model, TURNS)
                    calls = await ask_thrice(layer, how)
                    await turns(step)
                    for number in whom:
                        calls[number].cancel()
                    await asyncio.wait(calls)
                    await assert_nothing_is_left(layer, model, tasks)

    run_virtual(main())


@every_layer
@pytest.mark.parametrize("how", ["complete", "stream"])
def test_calls_cancelled_at_any_instant_leave_nothing_behind(
    row: Row, how: str
) -> None:
    async def main() -> None:
        for step in range(20):
            for whom in ([0], [1], [2], [0, 1, 2]):
                model = Scripted()
                async with row.make(model) as layer:
                    tasks = await warmed(layer, model, INSTANTS)
                    calls = await ask_thrice(layer, how)
                    await asyncio.sleep(step / 2)
                    for number in whom:
                        calls[number].cancel()
                    await asyncio.wait(calls)
                    await assert_nothing_is_left(layer, model, tasks)

    run_virtual(main())


@every_layer
def test_a_cancelled_call_gives_everything_back_at_once(row: Row) -> None:
    """By the time the call has ended, not some turns later."""

    async def main() -> None:
        model = Scripted()
        async with row.make(model) as layer:
            tasks = await warmed(layer, model, INSTANTS)
            call = asyncio.create_task(layer.complete(ask()))
            await asyncio.sleep(1.5)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
            assert model.running == 0
            assert other_tasks() <= tasks

    run_virtual(main())


@every_layer
@pytest.mark.parametrize("count", [1, 2, 3])
def test_an_abandoned_stream_leaves_nothing_behind(
    row: Row, count: int
) -> None:
    async def main() -> None:
        model = Scripted()
        async with row.make(model) as layer:
            tasks = await warmed(layer, model, INSTANTS)
            async with aclosing(layer.stream(ask())) as chunks:
                await take(chunks, 1 if row.recuts or row.whole else count)
            await assert_nothing_is_left(layer, model, tasks)

    run_virtual(main())


@every_layer
def test_a_stream_that_nobody_read_leaves_nothing_behind(row: Row) -> None:
    async def main() -> None:
        model = Scripted()
        async with row.make(model) as layer:
            tasks = await warmed(layer, model, INSTANTS)
            async with aclosing(layer.stream(ask())):
                pass
            assert model.calls == 1
            await assert_nothing_is_left(layer, model, tasks)

    run_virtual(main())


@every_layer
@pytest.mark.parametrize("before", [0, 2])
def test_a_failed_call_leaves_nothing_behind(row: Row, before: int) -> None:
    async def main() -> None:
        model = Scripted()
        async with row.make(model) as layer:
            error = UpstreamError("no", status=400)
            tasks = await warmed(layer, model, [*"ab"[:before], 0.1, error])
            calls = await ask_thrice(layer, "stream")
            await asyncio.wait(calls)
            assert [call.exception() for call in calls] == [error] * 3
            await assert_nothing_is_left(layer, model, tasks)

    run_virtual(main())


@every_layer
def test_no_error_is_lost_on_the_way(row: Row) -> None:
    """Each reaches a caller; none is left for the loop to report."""

    async def main() -> None:
        lost: list[object] = []
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: lost.append(context))
        model = Scripted()
        async with row.make(model) as layer:
            error = UpstreamError("no", status=400)
            await warmed(layer, model, ["a", 1.0, error])
            for patience in (0.5, 600):
                calls = await ask_thrice(layer, "stream")
                await asyncio.wait(calls, timeout=patience)
                for call in calls:
                    call.cancel()
                await asyncio.gather(*calls, return_exceptions=True)
        del calls, layer
        gc.collect()
        assert lost == []

    run_virtual(main())


@every_layer
def test_closing_the_layer_closes_what_it_wraps_and_ends_its_tasks(
    row: Row,
) -> None:
    async def main() -> None:
        model = Scripted()
        async with row.make(model) as layer:
            await read(layer, ask())
        assert model.shut == 1
        assert other_tasks() == set()

    run_virtual(main())


@every_layer
def test_closing_while_calls_run_leaves_none_of_them_waiting(
    row: Row,
) -> None:
    async def main() -> None:
        model = Scripted()
        layer = row.make(model)
        await warmed(layer, model, INSTANTS)
        calls = await ask_thrice(layer, "stream")
        await asyncio.sleep(1.5)
        await layer.aclose()
        done, waiting = await asyncio.wait(calls, timeout=600)
        assert waiting == set()
        for call in done:
            assert isinstance(call.exception(), LLMError | None)
        assert model.running == 0
        assert other_tasks() == set()

    run_virtual(main())


@every_layer
def test_closing_a_layer_nobody_used_is_fine(row: Row) -> None:
    async def main() -> None:
        model = Scripted()
        await row.make(model).aclose()
        assert model.shut == 1
        assert other_tasks() == set()

    run_virtual(main())


# --- what is an answer -------------------------------------------------------


@every_layer
def test_an_unfinished_stream_is_not_taken_for_an_answer(row: Row) -> None:
    async def main() -> None:
        model = Scripted(["a", 0.1, "b"], says("whole"))
        async with row.make(model) as layer:
            with pytest.raises(Incomplete) as caught:
                await layer.complete(ask(n=1))
            assert caught.value.partial == "ab"
            assert (await layer.complete(ask(n=2))).text == "whole"
            assert model.calls == 2

    run_virtual(main())


@every_layer
def test_half_of_the_choices_is_not_an_answer_either(row: Row) -> None:
    async def main() -> None:
        model = Scripted([Chunk("a", 0, "stop"), Chunk("b", 1)], says("x"))
        async with row.make(model) as layer:
            with pytest.raises(Incomplete):
                await layer.complete(ask(n=1, options={"n": 2}))

    run_virtual(main())


@every_layer
def test_an_answer_cut_by_a_second_cancel_is_over_soon(row: Row) -> None:
    """The first cancel begins the cleaning up, the second interrupts it."""

    async def main() -> None:
        model = Scripted()
        async with row.make(model) as layer:
            tasks = await warmed(layer, model, INSTANTS)
            call = asyncio.create_task(layer.complete(ask()))
            await asyncio.sleep(1.5)
            call.cancel()
            await turns(1)
            call.cancel()
            await asyncio.wait([call])
            await turns(20)
            await assert_nothing_is_left(layer, model, tasks)

    run_virtual(main())


@every_layer
def test_an_abandoned_answer_is_not_given_to_the_next(row: Row) -> None:
    async def main() -> None:
        model = Scripted(INSTANTS, says("whole"))
        async with row.make(model) as layer:
            async with aclosing(layer.stream(ask(n=1))) as chunks:
                await take(chunks, 1)
            assert await read(layer, ask(n=2)) == "whole"

    run_virtual(main())


# --- who meets whom ----------------------------------------------------------


def slow_echo(request: Request) -> list[Step]:
    """An echo whose every piece takes a while, each request another."""
    gap = 0.1 + len(request.question) % 7 / 10
    return [part for step in echo(request) for part in (gap, step)]


@every_layer
def test_requests_at_the_same_time_do_not_mix(row: Row) -> None:
    async def main() -> None:
        model = Scripted(play=slow_echo)
        requests = [
            ask("same question" if n % 3 else f"question {n}", n, f"t{n % 4}")
            for n in range(24)
        ]
        async with row.make(model) as layer:
            texts = await asyncio.gather(*(read(layer, r) for r in requests))
        assert texts == [f"{r.tenant} asked: {r.question}" for r in requests]
        assert model.running == 0

    run_virtual(main())


@every_layer
@pytest.mark.parametrize("together", [True, False])
def test_two_tenants_never_meet(row: Row, together: bool) -> None:
    async def main() -> None:
        model = Scripted(play=slow_echo)
        both = [ask("same", n=1, tenant=tenant) for tenant in ("a", "b")]
        async with row.make(model) as layer:
            if together:
                texts = await asyncio.gather(*(read(layer, r) for r in both))
            else:
                texts = [await read(layer, r) for r in both]
        assert texts == ["a asked: same", "b asked: same"]
        assert [r.tenant for r in model.requests] == ["a", "b"]

    run_virtual(main())


@every_layer
def test_another_way_to_ask_gets_another_answer(row: Row) -> None:
    """Whatever changes the answer keeps two requests apart."""

    async def main() -> None:
        model = Scripted()
        ways = [
            ask("same", n=1),
            ask("same", n=2, model="other"),
            ask("same", n=3, temperature=1.0),
            ask("same", n=4, max_tokens=5),
            ask("same", n=5, options={"top_p": 0.1}),
        ]
        async with row.make(model) as layer:
            for request in ways:
                await read(layer, request)
        assert model.calls == len(ways)

    run_virtual(main())


# --- time, and numbers -------------------------------------------------------


@every_layer
def test_a_slow_reader_is_neither_cancelled_nor_timed(row: Row) -> None:
    async def main() -> None:
        model = Scripted(INSTANTS)
        text = ""
        async with row.make(model) as layer:
            async with aclosing(layer.stream(ask())) as chunks:
                async for chunk in chunks:
                    text += chunk.text
                    await asyncio.sleep(3600)
            assert text == "abc"
            assert now() >= 3600

    run_virtual(main())


@every_layer
def test_its_numbers_are_numbers(row: Row) -> None:
    async def main() -> None:
        model = Scripted(INSTANTS)
        async with row.make(model) as layer:
            call = asyncio.create_task(layer.complete(ask()))
            for _ in range(8):
                for name, value in layer.snapshot().items():
                    assert name.isidentifier()
                    assert isfinite(value)
                await asyncio.sleep(1)
            await call

    run_virtual(main())


# --- any order ---------------------------------------------------------------

STACKABLE = sorted(set(LAYERS) - {"Batched", "stack"})  # need their place


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    st.lists(st.sampled_from(STACKABLE), min_size=2, max_size=5),
    st.sampled_from([0, 0.5, 1.5, 2.5, 3.5, 4.5]),
)
def test_layers_keep_the_contract_in_any_order(
    names: list[str], seconds: float
) -> None:
    async def main() -> None:
        model = Scripted()
        layer: LLM = model
        for name in names:
            layer = LAYERS[name].make(layer)
        async with layer:
            tasks = await warmed(layer, model, INSTANTS)
            calls = [asyncio.create_task(read(layer, r)) for r in three()]
            await asyncio.sleep(seconds)
            calls[0].cancel()
            await asyncio.wait(calls)
            assert [await call for call in calls[1:]] == ["abc", "abc"]
            await assert_nothing_is_left(layer, model, tasks)
            async with aclosing(layer.stream(ask("more", n=4))) as chunks:
                await take(chunks, 1)
            await assert_nothing_is_left(layer, model, tasks)
        assert other_tasks() == set()

    run_virtual(main())
