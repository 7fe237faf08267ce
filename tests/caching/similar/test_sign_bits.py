"""Bits name the rows that are near, whatever comes and goes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from optimizations.caching.similar.sign_bits import SignBits

Matrix = npt.NDArray[np.float32]


def texts_like(count: int, width: int = 256, seed: int = 1) -> Matrix:
    """Rows that all lean the same way and vary more in some directions than
    in others, as those of texts do.
    """
    draws = np.random.default_rng(seed)
    spread = np.linspace(1, 0.1, width)
    lean = np.random.default_rng(0).normal(size=width)
    rows = spread * (draws.normal(size=(count, width)) + 0.7 * lean)
    unit: Matrix = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit.astype(np.float32)


def signed(rows: Matrix) -> SignBits:
    bits = SignBits(rows)
    bits.learn(rows)
    return bits


@pytest.mark.parametrize("width", [1, 7, 64, 65, 256, 1000])
def test_a_row_is_nearest_to_itself(width: int) -> None:
    rows = texts_like(200, width)
    bits = signed(rows)
    for row in range(0, 200, 20):
        agreeing = (rows > rows.mean(axis=0)) == (
            rows[row] > rows.mean(axis=0)
        )
        most = np.flatnonzero(agreeing.all(axis=1))
        if len(most) <= 8:
            assert row in bits.nearest(rows[row], 4)


def test_the_nearest_of_many_is_among_the_few() -> None:
    """Over several blocks of rows."""
    rows = texts_like(20_000)
    bits = signed(rows)
    noise = texts_like(200, seed=2)
    for number in range(200):
        query = 0.9 * rows[100 * number] + 0.4 * noise[number]
        named = bits.nearest(query, 128)
        assert 128 <= len(named) <= 256
        assert np.vecdot(rows, query).argmax() in named


def test_where_all_agree_it_still_names_a_few() -> None:
    rows = np.tile(texts_like(1), (5000, 1))
    assert len(signed(rows).nearest(rows[0], 10)) == 10


def test_fewer_rows_than_asked_for_are_all_named() -> None:
    rows = texts_like(5)
    assert sorted(signed(rows).nearest(rows[0], 10)) == [0, 1, 2, 3, 4]
    assert len(SignBits(rows).nearest(rows[0], 10)) == 0


def test_the_last_row_takes_the_place_of_one_removed() -> None:
    rows = texts_like(100)
    bits = signed(rows)
    bits.remove(7)
    assert len(bits) == 99
    assert 7 in bits.nearest(rows[99], 1)
    bits.put(99, rows[7])
    bits.put(0, rows[42])
    assert 99 in bits.nearest(rows[7], 1)
    assert {0, 42} <= set(bits.nearest(rows[42], 2).tolist())


def test_its_memory_follows_what_is_in_it() -> None:
    rows = texts_like(1000)
    bits = SignBits(rows)
    for row in range(1000):
        bits.put(row, rows[row])
        assert bits.nbytes <= 32 * len(bits) * 5 / 4
    for _ in range(990):
        bits.remove(0)
        assert bits.nbytes <= 32 * len(bits) * 5 / 4


def test_it_is_outdated_when_more_came_than_it_began_with() -> None:
    rows = texts_like(100)
    bits = signed(rows[:50])
    for row in range(50, 100):
        bits.put(row, rows[row])
    assert not bits.outdated
    bits.put(3, rows[3])
    assert bits.outdated
