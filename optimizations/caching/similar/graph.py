"""The nearest of very many vectors, nearly: by walking from one to the next.

The problem: sign bits still look at every row, and a million take
milliseconds. The idea: each vector is linked to some near ones and a few far
ones, so a search walks downhill from link to link and looks at a few hundred
however many there are (HNSW: Malkov and Yashunin, 2016). The package `usearch`
does it; it keeps one byte a number, and can forget a vector.

When it does not help: below some hundred thousand. Each insert is itself a
search and takes about as long as a thousand inserts into an array, a vector
without good links is never found, and removals leave the links poorer.
"""

from __future__ import annotations

import logging
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float32]
Rows = npt.NDArray[np.intp]

BYTES_BESIDE = 700
"""About what a vector takes here besides one byte a number."""

_log = logging.getLogger(__name__)


class Graph:
    """Rows of `width` numbers. Raises `ModuleNotFoundError` with the remedy
    where `usearch` is missing.
    """

    rows_per_step = 4  # rows that are linked in a few milliseconds
    outdated = False

    def __init__(self, width: int) -> None:
        try:
            from usearch.index import Index
        except ModuleNotFoundError as error:
            raise ModuleNotFoundError(
                "a graph of vectors needs `pip install usearch`; sign bits "
                "do without"
            ) from error
        self._index: Any = Index(
            ndim=width,
            metric="ip",
            dtype="i8",
            expansion_add=128,
            expansion_search=256,
        )
        # Rows move when one is removed; in the graph they keep their label.
        self._labels: list[int] = []
        self._row_of: dict[int, int] = {}
        self._written = 0

    def __len__(self) -> int:
        return len(self._labels)

    def learn(self, rows: Matrix) -> None:
        """Append rows."""
        for vector in rows:
            self.put(len(self), vector)

    def put(self, row: int, vector: Matrix) -> None:
        """Write a row: the next free one, or one that is there."""
        if row < len(self):
            self._drop_label(self._labels[row])
        else:
            self._labels.append(0)
        self._written += 1
        self._labels[row] = self._written
        self._row_of[self._written] = row
        self._index.add(self._written, vector, threads=1)

    def remove(self, row: int) -> None:
        """Put the last row in the place of this one."""
        self._drop_label(self._labels[row])
        last = self._labels.pop()
        if row < len(self):
            self._labels[row] = last
            self._row_of[last] = row

    def nearest(self, vector: Matrix, count: int) -> Rows:
        """About `count` near rows, in no order."""
        found = self._index.search(vector, count, threads=1).keys
        rows = [self._row_of[label] for label in found.tolist()]
        return np.array(rows, np.intp)

    def _drop_label(self, label: int) -> None:
        del self._row_of[label]
        self._index.remove(label)


@cache
def graphs_are_available() -> bool:
    """Whether `usearch` is installed; says so once where it is not."""
    try:
        Graph(8)
    except ModuleNotFoundError as error:
        _log.warning("many vectors, and no graph to search them: %s", error)
        return False
    return True
