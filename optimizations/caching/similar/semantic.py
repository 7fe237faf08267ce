"""A store that finds the answer to the same question in other words.

The problem: people ask the same thing in a hundred ways, and an exact cache
knows one. The idea: an embedder turns questions into vectors, and near in
space is near in meaning. The nearest question kept in the same partition, if
its cosine reaches the threshold and the second check does not object, lends
its answer.

A hit here can be *wrong*, which no exact cache ever is. So measure both rates
on your own questions before switching it on: how many paraphrases are found,
and how many other questions get an answer that is not theirs. `threshold.py`
fits the threshold to the second. Similarity blurs numbers, names and "not",
hence the partitions (`near.py`) and the check (`checks.py`).

An embedder that fails, takes longer than `embed_seconds`, or returns anything
but one finite vector of its own width is counted, and the search is a miss.
That is less time than `Cached` and `CacheFill` give a store: for an endpoint
that takes longer, raise their `store_seconds` too.

When it does not help: where every wrong answer costs more than a model call
(medicine, money), and where questions hardly ever repeat: each miss has paid
for an embedding.

A stream is not touched: `Cached` replays the answer. GPTCache made the idea
known; vCache (2025) learns a threshold for each entry.
"""

from __future__ import annotations

import numpy as np

from optimizations.arguments import at_least_one, positive
from optimizations.caching.memory.lru import LRUCache
from optimizations.caching.similar.checks import Check, disagreement
from optimizations.caching.similar.embedding import Embedder
from optimizations.caching.similar.near import DAY_SECONDS, NearStore
from optimizations.caching.similar.partitions import Index, Place
from optimizations.caching.similar.vectors import (
    GRAPH_ABOVE,
    Vector,
    VectorIndex,
    bytes_each,
)
from optimizations.caching.time_limit import within

_KNOWN_VECTORS = 1000  # of questions looked up, and perhaps soon to be kept
_KNOWN_BYTES = 1024 * 1024


class SemanticStore(NearStore[Vector]):
    """Answers to questions whose meaning is near; `threshold` is a cosine,
    more than 0 and at most 1, by default the embedder's own. `max_bytes` holds
    the vectors too; those of the latest questions take up to 1 MiB beside it.

    Closing it closes the embedder.
    """

    same = 1.0

    def __init__(
        self,
        embedder: Embedder,
        *,
        threshold: float | None = None,
        name: str = "semantic",
        second_check: Check | None = disagreement,
        ttl_seconds: float = DAY_SECONDS,
        embed_seconds: float = 0.2,
        max_entries: int = 10_000,
        max_bytes: int = 64 * 1024 * 1024,
        max_question_chars: int = 2000,
        graph_above: int = GRAPH_ABOVE,
    ) -> None:
        if threshold is None:
            threshold = embedder.threshold
        if not 0 < threshold <= 1:
            raise ValueError("threshold must be more than 0 and at most 1")
        positive(embed_seconds=embed_seconds)
        at_least_one(graph_above=graph_above)
        super().__init__(
            name=name,
            threshold=threshold,
            second_check=second_check,
            ttl_seconds=ttl_seconds,
            max_entries=max_entries,
            max_bytes=max_bytes,
            max_question_chars=max_question_chars,
        )
        self._embedder = embedder
        self._embed_seconds = embed_seconds
        self._graph_above = graph_above
        self._graph_possible = max_entries > graph_above
        self._vectors: LRUCache[str, Vector] = LRUCache(
            _KNOWN_VECTORS,
            max_bytes=_KNOWN_BYTES,
            size_of=lambda vector: vector.nbytes,
        )

    async def aclose(self) -> None:
        await self._embedder.aclose()

    async def _form(self, question: str) -> Vector | None:
        """The question's vector, None where it has nothing to go by. Asked
        twice within a miss, by `find` and by `keep`, and embedded once.
        """
        vector = self._vectors.get(question)
        if vector is None:
            vector = await self._embed(question)
            self._vectors[question] = vector
        return vector if vector.any() else None

    async def _embed(self, question: str) -> Vector:
        """Raises `TimeoutError`, what the embedder raises, and `ValueError`
        where it returns anything else than one finite row of its own width
        and of length 1 or 0.
        """
        work = self._embedder.embed([question])
        if self._embedder.waits:
            work = within(self._embed_seconds, work)
        row = np.array(await work, np.float32)  # a copy: theirs may change
        if row.shape != (1, self._embedder.width):
            raise ValueError(f"{row.shape} is not one vector")
        vector: Vector = row[0]
        square = float(np.vecdot(vector, vector))
        if not (square == 0 or 0.98 < square < 1.02):  # nor NaN
            raise ValueError(f"the vector's length is {square**0.5}")
        return vector

    def _form_bytes(self, form: Vector) -> int:
        return bytes_each(form, graph=self._graph_possible)

    def _new_index(self) -> Index[Vector]:
        return VectorIndex[Place](
            self._embedder.width, graph_above=self._graph_above
        )
