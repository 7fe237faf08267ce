"""A store that finds the answer to the same question in other words.

The problem: people ask the same thing in a hundred ways, and an exact cache
knows one. The idea: an embedder turns questions into vectors, and near in
space is near in meaning. The nearest question kept in the same partition, if
its cosine reaches the threshold and the second check does not object, lends
its answer.

A hit here can be *wrong*, which no exact cache ever is. So measure both rates
on your own questions before switching it on: how many paraphrases are found,
and how many other questions get an answer that is not theirs. Set the
threshold by the second. Similarity blurs numbers, names and "not", hence the
partitions (`near.py`) and the check (`checks.py`).

When it does not help: where every wrong answer costs more than a model call
(medicine, money), and where questions hardly ever repeat: each miss has paid
for an embedding.

A stream is not touched: `Cached` replays the answer. GPTCache made the idea
known; vCache (2025) learns a threshold for each entry.
"""

from __future__ import annotations

import numpy as np

from optimizations.caching.checks import Check, disagreement
from optimizations.caching.embedding import Embedder
from optimizations.caching.lru import LRUCache
from optimizations.caching.near import Index, NearStore, Place
from optimizations.caching.vectors import Vector, VectorIndex, with_spare

_KNOWN_VECTORS = 1000  # of questions looked up, and perhaps soon to be kept
_KNOWN_BYTES = 1024 * 1024


class SemanticStore(NearStore[Vector]):
    """Answers to questions whose meaning is near; `threshold` is a cosine,
    more than 0 and at most 1, by default the embedder's own. `max_bytes` holds
    the vectors too; those of the latest questions take up to 1 MiB beside it.
    """

    def __init__(
        self,
        embedder: Embedder,
        *,
        threshold: float | None = None,
        name: str = "semantic",
        second_check: Check | None = disagreement,
        max_entries: int = 10_000,
        max_bytes: int = 64 * 1024 * 1024,
        max_question_chars: int = 2000,
    ) -> None:
        if threshold is None:
            threshold = embedder.threshold
        if not 0 < threshold <= 1:
            raise ValueError("threshold must be more than 0 and at most 1")
        super().__init__(
            name=name,
            threshold=threshold,
            second_check=second_check,
            max_entries=max_entries,
            max_bytes=max_bytes,
            max_question_chars=max_question_chars,
        )
        self._embedder = embedder
        self._vectors: LRUCache[str, Vector] = LRUCache(
            _KNOWN_VECTORS,
            max_bytes=_KNOWN_BYTES,
            size_of=lambda vector: vector.nbytes,
        )

    def _form(self, question: str) -> Vector | None:
        """The question's vector, None where it has nothing to go by. Asked
        twice within a miss, by `find` and by `keep`, and embedded once.
        """
        vector = self._vectors.get(question)
        if vector is None:
            vector = self._embed(question)
            self._vectors[question] = vector
        return vector if vector.any() else None

    def _embed(self, question: str) -> Vector:
        """Raises `ValueError` where the embedder returns anything else than
        one finite row of its own width and of length 1 or 0.
        """
        row = np.asarray(self._embedder.embed([question]), np.float32)
        if row.shape != (1, self._embedder.width):
            raise ValueError(f"{row.shape} is not one vector")
        length = float(np.linalg.norm(row))
        if not (length == 0 or abs(length - 1) < 0.01):  # nor for NaN
            raise ValueError(f"the vector's length is {length}")
        vector: Vector = row[0]
        return vector

    def _form_bytes(self, form: Vector) -> int:
        return with_spare(form)

    def _new_index(self) -> Index[Vector]:
        return VectorIndex[Place](self._embedder.width)
