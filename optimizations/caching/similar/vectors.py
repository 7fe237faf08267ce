"""The nearest of many vectors, at every size.

The problem: which stored question means the same as this one? Questions become
vectors of length 1 (`embedding.py`), and then the cosine of the angle between
two of them is their dot product. So one matrix times one vector compares with
all of them at once, at the speed at which memory can be read.

For a few thousand that is all, and it is exact. For more, a *finder* says
which rows are worth comparing: `sign_bits.py`, and for very many `graph.py`,
where `usearch` is installed. A finder learns the rows by and by, some with
each write, and is asked once it knows them all; so no insert waits for it.
Whoever finds a row, its score is always the true cosine.

The rows lie close together at the front of one array. When it is full it
grows by an eighth, and it shrinks when a fifth is empty, so most inserts need
no room; those that do hand the array to `realloc`, which moves pages rather
than bytes where the system can. Where a row is removed, the last one takes its
place: there are never holes to search or to skip.

When it does not help: for vectors that outlive the process, or that several
processes share. That is a database's work.
"""

from __future__ import annotations

from collections.abc import Hashable
from math import inf
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt

from optimizations.arguments import at_least_one
from optimizations.caching.similar.graph import (
    BYTES_BESIDE,
    Graph,
    graphs_are_available,
)
from optimizations.caching.similar.sign_bits import SignBits

K = TypeVar("K", bound=Hashable)
Vector = npt.NDArray[np.float32]
Finder = SignBits | Graph

BITS_ABOVE = 2048
GRAPH_ABOVE = 250_000
_COMPARED = 96  # rows that are compared exactly; more find more, slower
_MOST_SPARE = 8192  # rows
_SAMPLE = 4096  # rows whose mean stands for that of all


class VectorIndex(Generic[K]):
    """Keys and their vectors, each of `width` float32 numbers and length 1.

    Bits and graph come when there are more than `bits_above` and `graph_above`
    vectors, and go when less than half of that is left.
    """

    def __init__(
        self,
        width: int,
        *,
        bits_above: int = BITS_ABOVE,
        graph_above: int = GRAPH_ABOVE,
    ) -> None:
        at_least_one(
            width=width, bits_above=bits_above, graph_above=graph_above
        )
        self.width = width
        self._bits_above = bits_above
        self._graph_above = graph_above
        self._rows = np.zeros((0, width), np.float32)
        self._keys: list[K] = []
        self._row_of: dict[K, int] = {}
        self._finder: Finder | None = None  # knows every row
        self._learner: Finder | None = None  # does not yet

    def __len__(self) -> int:
        return len(self._keys)

    def __contains__(self, key: object) -> bool:
        return key in self._row_of

    @property
    def nbytes(self) -> int:
        """Bytes of the vectors, with what is spare."""
        return self._rows.nbytes

    @property
    def finder(self) -> type[Finder] | None:
        """What says which rows to compare; None where all are."""
        return None if self._finder is None else type(self._finder)

    def add(self, key: K, vector: Vector) -> None:
        """Insert, or replace what is under `key`. Raises `ValueError` for a
        vector of another width, or with numbers that are not finite.
        """
        if vector.shape != (self.width,) or not np.isfinite(vector).all():
            raise ValueError(f"a vector is {self.width} finite numbers")
        row = self._row_of.setdefault(key, len(self))
        if row == len(self):
            self._keys.append(key)
            self._fit()
        self._rows[row] = vector
        for finder in (self._finder, self._learner):
            if finder is not None and row <= len(finder):
                finder.put(row, vector)
        self._teach()

    def remove(self, key: K) -> None:
        """Forget a key. Raises `KeyError` where it is unknown."""
        row, last = self._row_of.pop(key), self._keys.pop()
        if row < len(self):
            self._rows[row] = self._rows[len(self)]
            self._keys[row] = last
            self._row_of[last] = row
        for finder in (self._finder, self._learner):
            if finder is None or row >= len(finder):
                continue
            if len(finder) > len(self):  # it knows the last row too
                finder.remove(row)
            else:
                finder.put(row, self._rows[row])
        self._fit()
        self._teach()

    def nearest(
        self, vector: Vector, k: int = 1, at_least: float = -inf
    ) -> list[tuple[K, float]]:
        """The `k` keys with the highest cosine, of those where it is
        `at_least` that, the nearest first.
        """
        if not len(self) or k < 1:
            return []
        # Not `@`: BLAS would start threads, and on a busy machine each of
        # them waits for its turn.
        if self._finder is None:
            rows, scores = None, np.vecdot(self._rows[: len(self)], vector)
        else:
            rows = self._finder.nearest(vector, max(k, _COMPARED))
            scores = np.vecdot(self._rows[rows], vector)
        near = np.flatnonzero(scores >= at_least)  # nor NaN
        if not len(near):
            return []
        top = near[np.argsort(-scores[near], kind="stable")[:k]]
        found = top if rows is None else rows[top]
        keys = [self._keys[row] for row in found.tolist()]
        return list(zip(keys, scores[top].tolist(), strict=True))

    def _teach(self) -> None:
        """Show the finder that is wanted next some of the rows."""
        wanted = self._wanted()
        if wanted is None:
            self._finder = self._learner = None
            return
        learner, finder = self._learner, self._finder
        if type(learner) is not wanted:
            learner = self._learner = None
        if learner is None:
            if type(finder) is wanted and not finder.outdated:
                return
            learner = self._learner = self._new(wanted)
        start = len(learner)
        learner.learn(self._rows[start : len(self)][: learner.rows_per_step])
        if len(learner) == len(self):
            self._finder, self._learner = learner, None

    def _wanted(self) -> type[Finder] | None:
        """The finder for this size. One that is there may stay longer."""
        size, current = len(self), self.finder
        if (
            size > self._graph_above
            or (current is Graph and 2 * size > self._graph_above)
        ) and graphs_are_available():
            return Graph
        if size > self._bits_above or (
            current and 2 * size > self._bits_above
        ):
            return SignBits
        return None

    def _new(self, wanted: type[Finder]) -> Finder:
        if wanted is Graph:
            return Graph(self.width)
        step = 1 + len(self) // _SAMPLE
        return SignBits(self._rows[: len(self) : step])

    def _fit(self) -> None:
        """Never more than a quarter of what is used is spare."""
        room, used = len(self._rows), len(self)
        if used > room or 4 * room > 5 * used:
            rows = used + min(used // 8, _MOST_SPARE)
            # Nothing outside this class holds a view of the array.
            self._rows.resize((rows, self.width), refcheck=False)


def bytes_each(vector: Vector, *, graph: bool = False) -> int:
    """What a vector may take in an index, in bytes: with its bits, its share
    of what is spare, and where it may come to that, its place in a graph.
    """
    bits = 2 * 8 * -(-len(vector) // 64)  # those in use, and the next
    linked = len(vector) + BYTES_BESIDE
    return (vector.nbytes + bits) * 5 // 4 + graph * linked
