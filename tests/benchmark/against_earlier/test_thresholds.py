"""`--fail-on METRIC:PERCENT%`, read."""

from __future__ import annotations

import argparse

import pytest

from benchmark.against_earlier.thresholds import Threshold, threshold


@pytest.mark.parametrize(
    ("text", "metric", "percent"),
    [
        ("p99:10%", "p99", 10),
        ("first word p50:2.5%", "first word p50", 2.5),
        ("measured hit:50%", "measured hit", 50),
        (" bill : 0 % ", "bill", 0),
    ],
)
def test_a_metric_and_a_percentage(
    text: str, metric: str, percent: float
) -> None:
    assert threshold(text) == Threshold(metric, percent)


@pytest.mark.parametrize(
    "text",
    [
        *("", "p99", "p99:", ":10%", " :10%", "p99:10", "p99:%", "10%"),
        *("p99:-1%", "p99:nan%", "p99:inf%", "p99:1e9%", "p99:1.2.3%"),
        *("p99:99999999%", "p99:ten%", "p99:10%%", "p99:10%,p95:5%", "p:q:1%"),
        *("p99:١٠%", "p99:1_0%"),
    ],
)
def test_anything_else_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="such as p99:10%"):
        threshold(text)


def test_a_measured_metric_says_so_in_its_name() -> None:
    assert threshold("measured hit:5%").measured
    assert not threshold("p99:5%").measured
    assert str(threshold("p99 :  5.50 %")) == "p99:5.5%"
