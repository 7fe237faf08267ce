"""What caches may do, as a header and back."""

from __future__ import annotations

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimizations.llm import CacheControl
from optimizations.wire import read_cache_control, write_cache_control


@given(
    st.booleans(),
    st.booleans(),
    st.one_of(st.just(inf), st.integers(0, 10**9)),
)
def test_what_is_written_is_read_again(
    no_store: bool, no_cache: bool, age: float
) -> None:
    control = CacheControl(no_store, no_cache, age)
    assert read_cache_control(write_cache_control(control)) == control


@pytest.mark.parametrize(
    "header", ["", "public", "s-maxage=1, stale-if-error=5", ", ,=", "é"]
)
def test_what_is_not_ours_is_passed_over(header: str) -> None:
    assert read_cache_control(header) == CacheControl()


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("max-age=60", 60),
        ('Max-Age = "60"', 60),
        ("max-age=60, max-age=5", 60),
        ("max-age=-1", 0),
        ("max-age=", 0),
        ("max-age=nan", 0),
        ("max-age=²", 0),
    ],
)
def test_an_age_that_is_no_number_allows_none(
    header: str, seconds: float
) -> None:
    assert read_cache_control(header).max_age_seconds == seconds


def test_an_age_of_any_length_is_read_at_once() -> None:
    long = read_cache_control("max-age=" + "9" * 10_000)
    assert 1e11 < long.max_age_seconds < inf


@given(st.text(max_size=200))
def test_no_header_is_an_error(header: str) -> None:
    read_cache_control(header)
