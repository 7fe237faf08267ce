"""One call for many prompts.

Some models answer a batch of prompts in little more time than one: the weights
are read from memory once for all of them. So requests wait a moment for
company and go together, in one call of the model's `complete_many`; each gets
its own answer, and its own error. A batch never mixes tenants or models.

When it does not help: everybody waits for the longest answer of the batch, and
nothing can be streamed: the answer comes in one chunk. Servers that batch
token by token (continuous batching: Orca, vLLM) do this better, inside; then
it pays only where the call itself is dear, as with a batch endpoint at half
the price. Clipper (NSDI 2017) gathers a model's callers in this way; `batcher`
holds the mechanism.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from optimizations.batcher import Batcher, blames_content
from optimizations.clock import now
from optimizations.errors import LLMError
from optimizations.llm import LLM, Chunk, Layer, Reply, Request


@runtime_checkable
class BatchModel(Protocol):
    """A model with a batch endpoint."""

    async def complete_many(
        self, requests: Sequence[Request]
    ) -> Sequence[Reply | LLMError]:
        """An answer or an error for each request, in their order. Raises where
        the call as a whole failed.
        """


class Batched(Layer):
    """Sends requests of one tenant to one model in batches. `inner` must have
    `complete_many`.
    """

    def __init__(
        self,
        inner: LLM,
        *,
        max_size: int = 16,
        linger_seconds: float = 0.01,
        max_running: int = 4,
        max_waiting: int = 1000,
    ) -> None:
        super().__init__(inner)
        if not isinstance(inner, BatchModel):
            raise TypeError(f"{inner!r} has no complete_many")
        self._complete_many = inner.complete_many
        self.batcher = Batcher(
            self._ask_together,
            max_size=max_size,
            linger_seconds=linger_seconds,
            max_running=max_running,
            max_waiting=max_waiting,
            key=_company,
            is_poison=blames_content,
        )

    async def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
        reply = await self.batcher.submit(_Asked(request, now()))
        for chunk in reply.chunks():
            yield chunk

    async def _ask_together(
        self, batch: Sequence[_Asked]
    ) -> Sequence[Reply | LLMError]:
        for asked in batch:
            asked.stop_waiting()
        return await self._complete_many([asked.request for asked in batch])

    def snapshot(self) -> Mapping[str, float]:
        return {
            "batches": self.batcher.batches,
            "batches_waiting": self.batcher.waiting,
            "pending": self.batcher.pending,
        }

    async def aclose(self) -> None:
        await self.batcher.aclose()
        await super().aclose()


@dataclass(slots=True)
class _Asked:
    """A request, and since when it waits for its batch to begin."""

    request: Request
    since: float | None

    def stop_waiting(self) -> None:
        """Once: a batch that was split begins again."""
        if self.since is not None:
            self.request.trace.queued_seconds += now() - self.since
            self.since = None


def _company(asked: _Asked) -> Hashable:
    return asked.request.tenant, asked.request.model
