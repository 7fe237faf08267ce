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
    for number, row in enumerate(rows):
        index.add(number, row)
    return index


def _unit(rows: Rows) -> Rows:
    unit: Rows = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit
