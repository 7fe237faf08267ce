"""One call of the model for many requests."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from optimizations.clock import now, run_virtual
from optimizations.concurrency.batching import Batched
from optimizations.errors import BadRequest, LLMError, UpstreamError
from optimizations.llm import Choice, Layer, Reply, Request, Usage
from optimizations.mock import PROFILES, Fault, MockModel
from tests.helpers import Scripted, ask, collect, other_tasks, read, turns

STEADY = replace(PROFILES["hosted"], jitter=0.0)


class Oven(Scripted):
    """A batch model that says what it was asked, and remembers with whom."""

    def __init__(self, error: LLMError | None = None) -> None:
        super().__init__()
        self.error = error
        self.batches: list[list[Request]] = []

    async def complete_many(
        self, requests: Sequence[Request]
    ) -> list[Reply | LLMError]:
        """Fails as a whole where somebody asks for it."""
        self.batches.append(list(requests))
        await asyncio.sleep(1)
        if self.error and any(r.question == "poison" for r in requests):
            raise self.error
        return [
            Reply(
                tuple(Choice(r.question, "stop") for _ in range(r.choices)),
                Usage(1, 2),
                r.trace,
            )
            for r in requests
        ]


def test_each_gets_its_own_answer_from_one_call() -> None:
    async def main() -> None:
        model = MockModel(STEADY)
        requests = [ask(f"question {n}", n) for n in range(8)]
        async with Batched(model, max_size=8) as layer:
            texts = await asyncio.gather(*(read(layer, r) for r in requests))
        alone = MockModel(STEADY)
        assert texts == [await read(alone, request) for request in requests]
        assert model.calls == 1
        assert model.peak == 1

    run_virtual(main())


def test_a_batch_is_quicker_than_its_requests_one_by_one() -> None:
    async def main() -> None:
        requests = [ask(f"question {n}", n) for n in range(8)]
        async with Batched(MockModel(STEADY), max_size=8) as layer:
            began = now()
            await asyncio.gather(*(read(layer, r) for r in requests))
            together = now() - began
        began, alone = now(), MockModel(STEADY)
        slowest = 0.0
        for request in requests:
            started = now()
            await read(alone, request)
            slowest = max(slowest, now() - started)
        assert together < (now() - began) / 3
        assert together > slowest  # everybody waits for the longest answer

    run_virtual(main())


def test_a_batch_never_mixes_tenants_or_models() -> None:
    async def main() -> None:
        model = Oven()
        async with Batched(model) as layer:
            await asyncio.gather(
                *(
                    read(layer, ask(n=n, tenant=tenant, model=name))
                    for n in range(3)
                    for tenant in "ab"
                    for name in ("small", "large")
                )
            )
        assert len(model.batches) == 4
        for batch in model.batches:
            assert len({(r.tenant, r.model) for r in batch}) == 1

    run_virtual(main())


def test_a_poisoned_request_fails_alone() -> None:
    async def main() -> None:
        model = Oven(BadRequest("a forbidden word"))
        texts = ["a", "poison", "b", "c"]
        async with Batched(model) as layer:
            ends = await asyncio.gather(
                *(read(layer, ask(t, n)) for n, t in enumerate(texts)),
                return_exceptions=True,
            )
        assert isinstance(ends.pop(1), BadRequest)
        assert ends == ["a", "b", "c"]

    run_virtual(main())


def test_a_provider_that_is_down_is_called_once_for_the_batch() -> None:
    async def main() -> None:
        model = Oven(UpstreamError("down", status=503))
        async with Batched(model) as layer:
            ends = await asyncio.gather(
                *(read(layer, ask("poison", n)) for n in range(8)),
                return_exceptions=True,
            )
        assert all(isinstance(end, UpstreamError) for end in ends)
        assert len(model.batches) == 1

    run_virtual(main())


def test_an_answer_comes_in_one_chunk_for_each_choice() -> None:
    async def main() -> None:
        async with Batched(Oven()) as layer:
            chunks = await collect(layer.stream(ask("a", options={"n": 2})))
        assert [(c.index, c.text, c.usage is None) for c in chunks] == [
            (0, "a", True),
            (1, "a", False),
        ]

    run_virtual(main())


def test_waiting_for_company_is_written_into_the_trace_once() -> None:
    async def main() -> None:
        model = Oven(BadRequest("no"))
        first, second = ask("poison", 1), ask("b", 2)
        async with Batched(model, linger_seconds=0.5) as layer:
            await asyncio.gather(
                read(layer, first), read(layer, second), return_exceptions=True
            )
        assert len(model.batches) == 3
        assert second.trace.queued_seconds == 0.5

    run_virtual(main())


def test_who_leaves_alone_frees_the_model_at_once() -> None:
    async def main() -> None:
        model = MockModel(STEADY)
        async with Batched(model) as layer:
            caller = asyncio.create_task(read(layer, ask()))
            await asyncio.sleep(0.5)
            assert model.running == 1
            caller.cancel()
            await asyncio.wait([caller])
            await turns(2)
            assert model.running == 0
            assert model.ledger.wasted_tokens > 0
            assert not other_tasks()

    run_virtual(main())


def test_closing_the_layer_ends_its_batches() -> None:
    async def main() -> None:
        model = MockModel(STEADY, faults=[Fault("silent", seconds=600)])
        async with Batched(model) as layer:
            caller = asyncio.create_task(read(layer, ask()))
            await asyncio.sleep(0.5)
        with pytest.raises(LLMError, match="cancelled"):
            await caller
        assert model.running == 0
        assert not other_tasks()

    run_virtual(main())


def test_a_model_without_a_batch_endpoint_is_refused() -> None:
    with pytest.raises(TypeError, match="complete_many"):
        Batched(Layer(Scripted()))
