"""The nearest of many vectors, found exactly.

The problem: which stored question means the same as this one? Questions become
vectors of length 1 (`embedding.py`), and then the cosine of the angle between
two of them is their dot product. So one matrix times one vector compares with
all of them at once, at the speed at which memory can be read.

The rows lie in one array that doubles when it is full and halves when three
quarters are empty, so an insert copies nothing most of the time. A removed row
goes on a free list and is used again.

When it does not help: up to some ten thousand rows exact search takes well
under a millisecond, and the embedding costs more. With millions, an
approximate index (HNSW: faiss, usearch) answers faster, is slow to build, and
sometimes misses the nearest.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt

K = TypeVar("K", bound=Hashable)
Vector = npt.NDArray[np.float32]

_FEWEST_ROWS = 4


class VectorIndex(Generic[K]):
    """Keys and their vectors, each of `width` float32 numbers and length 1."""

    def __init__(self, width: int) -> None:
        if width < 1:
            raise ValueError("width must be at least 1")
        self.width = width
        self._rows = np.zeros((_FEWEST_ROWS, width), np.float32)
        self._keys: list[K | None] = [None] * _FEWEST_ROWS
        self._row_of: dict[K, int] = {}
        self._free = list(reversed(range(_FEWEST_ROWS)))

    def __len__(self) -> int:
        return len(self._row_of)

    def __contains__(self, key: object) -> bool:
        return key in self._row_of

    @property
    def nbytes(self) -> int:
        """Bytes of the vectors, spare rows included."""
        return self._rows.nbytes

    def add(self, key: K, vector: Vector) -> None:
        """Insert, or replace what is under `key`. Raises `ValueError` for a
        vector of another width, or with numbers that are not finite.
        """
        if vector.shape != (self.width,) or not np.isfinite(vector).all():
            raise ValueError(f"a vector is {self.width} finite numbers")
        if key not in self._row_of:
            if not self._free:
                self._resize(2 * len(self._keys))
            row = self._row_of[key] = self._free.pop()
            self._keys[row] = key
        self._rows[self._row_of[key]] = vector

    def remove(self, key: K) -> None:
        """Forget a key. Raises `KeyError` where it is unknown."""
        row = self._row_of.pop(key)
        self._rows[row] = 0.0  # a zero row is at cosine 0 of everything
        self._keys[row] = None
        self._free.append(row)
        if len(self._keys) > max(4 * len(self), _FEWEST_ROWS):
            self._resize(len(self._keys) // 2)

    def nearest(self, vector: Vector, k: int = 1) -> list[tuple[K, float]]:
        """The `k` keys with the highest cosine, the nearest first."""
        k = min(k, len(self))
        if k < 1:
            return []
        scores = self._rows @ vector
        scores[self._free] = -np.inf
        if k == 1:
            best = [int(scores.argmax())]
        else:
            top = np.argpartition(-scores, k - 1)[:k]
            best = top[np.argsort(-scores[top], kind="stable")].tolist()
        return [
            (key, float(scores[row]))
            for row in best
            if (key := self._keys[row]) is not None
        ]

    def _resize(self, rows: int) -> None:
        """Copy what is in use into an array of `rows` rows, close together."""
        used = list(self._row_of.items())
        fresh = np.zeros((rows, self.width), np.float32)
        fresh[: len(used)] = self._rows[[row for _, row in used]]
        self._rows = fresh
        self._row_of = {key: row for row, (key, _) in enumerate(used)}
        self._keys = [key for key, _ in used]
        self._keys += [None] * (rows - len(used))
        self._free = list(reversed(range(len(used), rows)))
