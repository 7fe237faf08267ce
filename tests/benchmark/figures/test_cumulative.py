"""Curves of how many were answered by when."""

from __future__ import annotations

from math import inf
from random import Random
from statistics import fmean

from benchmark.figures.cumulative import curve


def test_a_curve_ends_where_the_failures_begin() -> None:
    points = curve([0.3, 0.1, inf, 0.2])
    assert points == [(0.1, 0.25), (0.2, 0.5), (0.3, 0.75)]
    assert curve([inf, inf]) == []


def test_a_thinned_curve_keeps_both_ends_and_its_shape() -> None:
    draws = Random(3)
    values = sorted(draws.random() for _ in range(5000))
    points = curve(values, 100)
    assert len(points) <= 102
    assert (points[0][0], points[-1]) == (values[0], (values[-1], 1.0))
    assert fmean(abs(s - share) for s, share in points) < 0.02
