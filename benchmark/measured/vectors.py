"""Vectors to measure a search with: random ones, and near ones to ask for.

Random directions are what a search has it hardest with: nothing lies in
clusters, so no short cut finds more than it should.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from optimizations.caching.similar.vectors import VectorIndex

Rows = npt.NDArray[np.float32]

WIDTH, NEAR = 256, 0.9  # of a vector; cosine of what is asked to what is there
PIECE = 50_000  # rows that are drawn at a time


def random_rows(size: int, seed: int) -> Rows:
    """So many, each of length 1."""
    draws = np.random.default_rng(seed)
    return _unit(draws.standard_normal((size, WIDTH), np.float32))


def near_rows(rows: Rows, seed: int, count: int = 100) -> Rows:
    """Each near to one of `rows`."""
    draws = np.random.default_rng(seed)
    chosen = rows[draws.integers(len(rows), size=count)]
    stray = random_rows(count, seed + 1)
    return _unit(NEAR * chosen + np.float32((1 - NEAR**2) ** 0.5) * stray)


def index_of(rows: Rows) -> VectorIndex[int]:
    """Ours, each row under its number."""
    index: VectorIndex[int] = VectorIndex(WIDTH)
    _append(index, rows)
    return index


def grown_index(size: int, seed: int) -> tuple[VectorIndex[int], Rows]:
    """Ours with so many rows, without a graph, which would take minutes to
    link; and what to ask it for. Never are all rows there twice: a million
    take a gigabyte.
    """
    index: VectorIndex[int] = VectorIndex(WIDTH, graph_above=size)
    while len(index) < size:
        rows = random_rows(min(PIECE, size - len(index)), seed + len(index))
        _append(index, rows)
    return index, near_rows(rows, seed)


def _append(index: VectorIndex[int], rows: Rows) -> None:
    for number, row in enumerate(rows, len(index)):
        index.add(number, row)


def _unit(rows: Rows) -> Rows:
    unit: Rows = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit
