"""The nearest vector is found through any insertions and removals, by whatever
finder the size asks for.
"""

from __future__ import annotations

import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimizations.caching.similar.graph import Graph, graphs_are_available
from optimizations.caching.similar.sign_bits import SignBits
from optimizations.caching.similar.vectors import (
    Vector,
    VectorIndex,
    bytes_each,
)

WIDTH = 8


def unit(seed: int, width: int = WIDTH) -> Vector:
    row = np.random.default_rng(seed).normal(size=width).astype(np.float32)
    vector: Vector = row / np.linalg.norm(row)
    return vector


def test_the_nearest_comes_first() -> None:
    index: VectorIndex[str] = VectorIndex(2)
    index.add("east", np.array([1, 0], np.float32))
    index.add("north", np.array([0, 1], np.float32))
    index.add("west", np.array([-1, 0], np.float32))
    query = np.array([0.8, 0.6], np.float32)
    found = index.nearest(query, k=3)
    assert [key for key, _ in found] == ["east", "north", "west"]
    assert [score for _, score in found] == pytest.approx([0.8, 0.6, -0.8])
    assert index.nearest(query) == found[:1]
    assert len(index.nearest(query, k=99)) == 3
    assert index.nearest(query, k=3, at_least=0.7) == found[:1]
    assert index.nearest(query, k=3, at_least=0.9) == []


def test_an_empty_index_finds_nothing() -> None:
    index: VectorIndex[str] = VectorIndex(WIDTH)
    assert index.nearest(unit(1)) == []
    index.add("a", unit(1))
    index.remove("a")
    assert index.nearest(unit(1)) == []
    with pytest.raises(KeyError):
        index.remove("a")


def test_a_removed_row_is_not_found_even_by_what_points_away() -> None:
    index: VectorIndex[str] = VectorIndex(2)
    index.add("gone", np.array([0, 1], np.float32))
    index.add("opposite", np.array([-1, 0], np.float32))
    index.remove("gone")
    query = np.array([1, 0], np.float32)
    assert index.nearest(query, k=2) == [("opposite", -1.0)]


def test_its_memory_follows_what_is_in_it() -> None:
    index: VectorIndex[int] = VectorIndex(WIDTH)
    assert index.nbytes == 0
    each = bytes_each(unit(0))
    for key in range(1000):
        index.add(key, unit(key))
        assert index.nbytes <= len(index) * each
    for key in range(990):
        index.remove(key)
        assert index.nbytes <= len(index) * each
    assert index.nearest(unit(995))[0][0] == 995


def test_an_insert_copies_nothing_most_of_the_time() -> None:
    index: VectorIndex[int] = VectorIndex(WIDTH)
    sizes = []
    for key in range(1000):
        index.add(key, unit(key))
        sizes.append(index.nbytes)
    assert len(set(sizes)) < 60


@pytest.mark.parametrize(
    "bad",
    [
        np.zeros(WIDTH + 1, np.float32),
        np.zeros((1, WIDTH), np.float32),
        np.full(WIDTH, np.nan, np.float32),
        np.full(WIDTH, np.inf, np.float32),
    ],
)
def test_what_is_no_vector_of_this_index_is_refused(bad: Vector) -> None:
    index: VectorIndex[str] = VectorIndex(WIDTH)
    with pytest.raises(ValueError, match="finite numbers"):
        index.add("a", bad)
    assert len(index) == 0


def test_bounds_below_one_are_refused() -> None:
    for bad in ({"width": 0}, {"bits_above": 0}, {"graph_above": 0}):
        with pytest.raises(ValueError, match="at least 1"):
            VectorIndex(**({"width": WIDTH} | bad))


def test_a_finder_comes_with_the_size_and_goes_with_it() -> None:
    pytest.importorskip("usearch")
    index: VectorIndex[int] = VectorIndex(64, bits_above=40, graph_above=100)
    seen: list[type | None] = [None]
    for key in range(300):
        index.add(key, unit(key, 64))
        seen += [index.finder] * (index.finder is not seen[-1])
        assert index.nearest(unit(key, 64))[0][0] == key
    assert seen == [None, SignBits, Graph]
    for key in range(300):
        index.remove(key)
        seen += [index.finder] * (index.finder is not seen[-1])
        if key < 299:
            assert index.nearest(unit(299, 64))[0][0] == 299
    assert seen == [None, SignBits, Graph, SignBits, None]


def test_no_insert_waits_for_a_finder_to_learn_everything() -> None:
    index: VectorIndex[int] = VectorIndex(64, bits_above=3000)
    for key in range(3001):
        index.add(key, unit(key, 64))
    assert index.finder is None
    for key in range(3001, 3004):
        index.add(key, unit(key, 64))
    assert index.finder is SignBits


def test_without_the_package_bits_go_on(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "usearch", None)  # as if not there
    monkeypatch.setitem(sys.modules, "usearch.index", None)
    graphs_are_available.cache_clear()
    try:
        index: VectorIndex[int] = VectorIndex(8, bits_above=4, graph_above=8)
        for key in range(50):
            index.add(key, unit(key))
        assert index.finder is SignBits
        assert index.nearest(unit(33))[0][0] == 33
        assert caplog.text.count("pip install usearch") == 1
    finally:
        graphs_are_available.cache_clear()


STEPS = st.lists(st.tuples(st.booleans(), st.integers(0, 30)), max_size=120)
SIZES = st.sampled_from([(1000, 1000), (8, 1000), (4, 12)])


@settings(max_examples=60, deadline=None, derandomize=True)
@given(STEPS, SIZES)
def test_it_finds_what_comparing_with_each_finds(
    steps: list[tuple[bool, int]], sizes: tuple[int, int]
) -> None:
    """At these sizes every finder names all rows, so nothing may be lost."""
    index: VectorIndex[int] = VectorIndex(
        WIDTH, bits_above=sizes[0], graph_above=sizes[1]
    )
    model: dict[int, Vector] = {}
    for number, (adds, key) in enumerate(steps):
        if adds:
            model[key] = unit(1000 * number + key)
            index.add(key, model[key])
        elif key in model:
            del model[key]
            index.remove(key)
        assert len(index) == len(model)
    query = unit(77)
    scores = {key: float(row @ query) for key, row in model.items()}
    best = sorted(scores, key=lambda key: -scores[key])[:3]
    found = index.nearest(query, k=3)
    assert [key for key, _ in found] == best
    assert [s for _, s in found] == pytest.approx(
        [scores[key] for key in best], abs=1e-5
    )
