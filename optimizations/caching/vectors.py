"""The nearest of many vectors, found exactly.

The problem: which stored question means the same as this one? Questions become
vectors of length 1 (`embedding.py`), and then the cosine of the angle between
two of them is their dot product. So one matrix times one vector compares with
all of them at once, at the speed at which memory can be read.

The rows lie close together at the front of one array. When it is full it
grows by an eighth, and it shrinks when a fifth is empty, so an insert copies
nothing most of the time, and what is spare is never more than a quarter of
what is used. Where a row is removed, the last one takes its place: there are
never holes to search or to skip.

When it does not help: reading all rows takes longer the more there are. With
millions, an approximate index (HNSW: faiss, usearch) answers faster, is slow
to build, and sometimes misses the nearest.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt

K = TypeVar("K", bound=Hashable)
Vector = npt.NDArray[np.float32]


class VectorIndex(Generic[K]):
    """Keys and their vectors, each of `width` float32 numbers and length 1."""

    def __init__(self, width: int) -> None:
        if width < 1:
            raise ValueError("width must be at least 1")
        self.width = width
        self._rows = np.zeros((0, width), np.float32)
        self._keys: list[K] = []
        self._row_of: dict[K, int] = {}

    def __len__(self) -> int:
        return len(self._row_of)

    def __contains__(self, key: object) -> bool:
        return key in self._row_of

    @property
    def nbytes(self) -> int:
        """Bytes of the vectors, spare rows included: at most `with_spare`
        for each.
        """
        return self._rows.nbytes

    def add(self, key: K, vector: Vector) -> None:
        """Insert, or replace what is under `key`. Raises `ValueError` for a
        vector of another width, or with numbers that are not finite.
        """
        if vector.shape != (self.width,) or not np.isfinite(vector).all():
            raise ValueError(f"a vector is {self.width} finite numbers")
        if key not in self._row_of:
            if len(self) == len(self._rows):
                self._resize(len(self) + len(self) // 8 + 1)
            self._row_of[key] = len(self._keys)
            self._keys.append(key)
        self._rows[self._row_of[key]] = vector

    def remove(self, key: K) -> None:
        """Forget a key. Raises `KeyError` where it is unknown."""
        row, last = self._row_of.pop(key), self._keys.pop()
        if last != key:
            self._rows[row] = self._rows[len(self._keys)]
            self._keys[row] = last
            self._row_of[last] = row
        if 4 * len(self._rows) > 5 * len(self):
            self._resize(len(self) + len(self) // 8)

    def nearest(self, vector: Vector, k: int = 1) -> list[tuple[K, float]]:
        """The `k` keys with the highest cosine, the nearest first."""
        k = min(k, len(self))
        if k < 1:
            return []
        scores = self._rows[: len(self)] @ vector
        top = np.argpartition(scores, -k)[-k:]
        best = top[np.argsort(-scores[top], kind="stable")].tolist()
        return [(self._keys[row], float(scores[row])) for row in best]

    def _resize(self, rows: int) -> None:
        fresh = np.zeros((rows, self.width), np.float32)
        fresh[: len(self)] = self._rows[: len(self)]
        self._rows = fresh


def with_spare(vector: Vector) -> int:
    """What a vector may take in an index, its share of spare rows included,
    in bytes.
    """
    return vector.nbytes * 5 // 4
