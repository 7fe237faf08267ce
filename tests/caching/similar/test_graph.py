"""A walk from vector to vector arrives, also after many came and went."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from optimizations.caching.similar.graph import Graph
from tests.caching.similar.test_sign_bits import Matrix, texts_like


def recall(graph: Graph, rows: Matrix, queries: Matrix) -> float:
    found = [
        np.vecdot(rows, query).argmax() in graph.nearest(query, 32)
        for query in queries
    ]
    return float(np.mean(found))


def test_the_nearest_is_found_and_rows_keep_their_numbers() -> None:
    pytest.importorskip("usearch")
    rows, queries = texts_like(2000, 64), texts_like(200, 64, seed=2)
    graph = Graph(64)
    graph.learn(rows)
    assert len(graph) == 2000
    assert recall(graph, rows, queries) >= 0.99
    fresh = texts_like(1000, 64, seed=3)
    for row in range(1000):
        graph.remove(row)
        rows[row] = rows[-1]
        graph.put(len(graph), fresh[row])
        rows[-1] = fresh[row]
    assert len(graph) == 2000
    assert recall(graph, rows, queries) >= 0.98


def test_a_row_written_anew_is_found_by_what_it_is_now() -> None:
    pytest.importorskip("usearch")
    rows = texts_like(50, 64)
    graph = Graph(64)
    graph.learn(rows[:49])
    graph.put(7, rows[49])
    assert graph.nearest(rows[49], 1).tolist() == [7]
    assert graph.nearest(rows[7], 1).tolist() != [7]
    assert len(graph) == 49


def test_a_missing_package_is_named_with_its_remedy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "usearch", None)  # as if not there
    monkeypatch.setitem(sys.modules, "usearch.index", None)
    with pytest.raises(ModuleNotFoundError, match="pip install usearch"):
        Graph(8)
