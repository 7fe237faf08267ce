"""How figures are written."""

from __future__ import annotations

import re
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lesson.figures import counted, duration, figure, money, share


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0"),
        (2e-6, "2 µs"),
        (0.25, "250 ms"),
        (75, "75 s"),
        (999.7, "1000 s"),
        (2000, "2000 s"),
        (inf, "never"),
    ],
)
def test_a_duration_is_written_in_the_unit_that_suits(
    seconds: float, text: str
) -> None:
    assert duration(seconds) == text


@given(st.floats(1e-6, 1e7), st.sampled_from(["s", "%", "calls"]))
def test_no_figure_is_written_with_an_exponent(
    value: float, unit: str
) -> None:
    """999.9 ms once were "1e+03 ms"."""
    written = figure(value, unit)
    assert re.fullmatch(r"[\d.]+(e-0\d)? (s|ms|µs|%|calls)", written)
    assert unit != "s" or "e" not in written


@pytest.mark.parametrize(
    ("dollars", "text"),
    [
        (0.0, "$0.00"),
        (0.0000123, "$0.0000123"),
        (0.01637, "$0.0164"),
        (0.5, "$0.50"),
        (1.5, "$1.50"),
        (1200, "$1200.00"),
    ],
)
def test_money_is_in_dollars_however_little_it_is(
    dollars: float, text: str
) -> None:
    assert money(dollars) == text


def test_shares_and_counts_are_short() -> None:
    assert share(1, 8) == "12 %"
    assert figure(12.34, "%") == "12.3 %"
    assert counted(2, "answer") == "2 answers"
