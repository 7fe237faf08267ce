"""With how many digits a figure is shown."""

from __future__ import annotations

from math import inf, log10, nan

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from benchmark.intervals.digits import (
    duration_shown,
    interval_shown,
    shown,
)
from benchmark.intervals.estimates import Estimate


@pytest.mark.parametrize(
    ("value", "half_width", "text"),
    [
        (1.23456, 0.04, "1.23"),
        (1.23456, 0.4, "1.2"),
        (1234.5, 60, "1230"),
        (0.0012345, nan, "0.00123"),
        (25.0, 0.0, "25"),
        (0.0, 0.1, "0"),
        (1.2, 30, "1.2"),
        (0.9, 0.7, "0.90"),
        (inf, nan, "never"),
        (nan, nan, "–"),
    ],
)
def test_no_more_digits_than_the_interval_allows(
    value: float, half_width: float, text: str
) -> None:
    assert shown(value, value - half_width, value + half_width) == text


@pytest.mark.parametrize(
    ("ends", "text"),
    [
        ((0.38, 0.352, 0.413), "0.38 (0.35–0.41)"),
        ((1.0, 0.996, 1.004), "1.000 (0.996–1.004)"),
        ((0.48, 0.32, 3.06), "0.48 (0.32–3.1)"),  # was 0 (0–3)
        ((0.2, 0.0, 0.3), "0.20 (0–0.30)"),
        ((0.5, 0.5, 0.5), "0.5"),
        ((0.5, 0.4999999, 0.5000001), "0.500"),
        ((0.5, nan, nan), "0.5 (no interval)"),
        ((2.5, 1.5, inf), "2.5 (1.5–never)"),
        ((inf, 2.0, inf), "never (2.00–never)"),
        ((inf, nan, nan), "never"),
        ((inf, inf, inf), "never"),
        ((nan, nan, nan), "–"),
    ],
)
def test_a_ratio_and_its_interval(
    ends: tuple[float, float, float], text: str
) -> None:
    assert interval_shown(Estimate(*ends)) == text


positive = st.floats(1e-6, 1e6)


@given(st.tuples(positive, positive, positive))
@example((0.48, 0.32, 3.06))
@example((1.2, 0.0001, 30.0))
@settings(max_examples=500, derandomize=True, deadline=None)
def test_what_is_printed_is_possible(
    numbers: tuple[float, float, float],
) -> None:
    """Nothing that is there prints as 0, each end has two digits at least,
    and the value lies between them: decimals came from half the width, so
    0.48 (0.32 to 3.06) was printed as 0 (0–3).
    """
    low, value, high = sorted(numbers)
    ends = Estimate(value, low, high)
    told, _, rest = interval_shown(ends).partition(" (")
    lower, _, upper = rest.rstrip(")").partition("–")
    printed = [float(text) for text in (lower or told, told, upper or told)]
    assert printed == sorted(printed)
    assert min(printed) > 0
    for text, exact in zip(printed, (low, value, high), strict=True):
        assert text == pytest.approx(exact, rel=0.051)
    assert float(str(ends)) == pytest.approx(value, rel=0.051)


@given(positive, st.floats(1e-9, 1e9))
@settings(max_examples=200, derandomize=True, deadline=None)
def test_no_more_decimals_than_the_nearer_end_is_worth(
    value: float, arm: float
) -> None:
    text = str(Estimate(value, value - arm, value + 10 * arm))
    decimals = len(text.partition(".")[2])
    assert float(text) > 0
    assert decimals <= max(3, 2 - log10(value) // 1)
    if arm > value:
        assert len(text.lstrip("0.").replace(".", "").rstrip("0")) <= 2


def test_seconds_are_shown_in_the_unit_that_suits() -> None:
    assert duration_shown(Estimate(0.0254, 0.0246, 0.0262)) == "25.4 ms"
    assert duration_shown(Estimate(0.0254, 0.023, 0.028)) == "25 ms"
    assert duration_shown(Estimate(1.73, 1.725, 1.735)) == "1.730 s"
    assert duration_shown(Estimate(0.0, 0.0, 0.0)) == "0 ms"
    assert duration_shown(Estimate(inf, nan, nan)) == "never"
