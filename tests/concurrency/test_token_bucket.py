"""A bucket that knows only when it would be empty."""

from __future__ import annotations

from math import inf, nan

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimizations.concurrency.token_bucket import Budget, TokenBucket


def test_it_starts_full_and_refills_at_its_rate() -> None:
    bucket = TokenBucket(per_second=2, burst=10)
    assert bucket.level(0) == 10
    bucket.take(10, at=0)
    assert [bucket.level(at) for at in (0, 1, 4, 5, 100)] == [0, 2, 8, 10, 10]


def test_it_says_when_there_will_be_enough() -> None:
    bucket = TokenBucket(per_second=2, burst=10)
    bucket.take(10, at=0)
    assert bucket.ready_at(6) == 3


def test_a_debt_is_paid_before_anything_else() -> None:
    bucket = TokenBucket(per_second=2, burst=10)
    bucket.take(16, at=0)
    assert bucket.level(0) == -6
    assert bucket.ready_at(1) == 3.5


def test_an_untouched_bucket_gives_no_more_than_its_burst() -> None:
    """A limiter that counts up while idle lets a whole night through."""
    bucket = TokenBucket(per_second=2, burst=10)
    bucket.take(1, at=0)
    bucket.take(10, at=100_000)
    assert bucket.level(100_000) == 0


def test_giving_back_never_fills_it_above_its_burst() -> None:
    bucket = TokenBucket(per_second=2, burst=10)
    bucket.take(-50, at=0)
    assert bucket.level(0) == 10
    bucket.take(10, at=0)
    assert bucket.level(0) == 0


def test_more_than_a_burst_takes_several_goes() -> None:
    bucket = TokenBucket(per_second=2, burst=10)
    assert bucket.earliest(10, at=50) == 50
    assert bucket.earliest(14, at=50) == 52


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    st.lists(st.tuples(st.integers(0, 50), st.integers(-20, 30)), max_size=40)
)
def test_it_agrees_with_the_textbook(steps: list[tuple[int, int]]) -> None:
    bucket, level, clock = TokenBucket(4, 16), 16.0, 0.0
    for tenths, amount in steps:
        clock += tenths / 10
        level = min(level + 4 * tenths / 10, 16)
        assert bucket.level(clock) == pytest.approx(level, abs=1e-9)
        bucket.take(amount, clock)
        level = min(level - amount, 16)


def test_a_budget_is_as_ready_as_its_emptiest_bucket() -> None:
    budget = Budget(TokenBucket(1, 5), TokenBucket(10, 100))
    budget.take((5, 100), at=0)
    assert budget.ready_at((1, 50)) == 5
    assert budget.ready_at((3, 1)) == 3
    assert budget.levels(1) == [1, 10]
    assert budget.ready_at((5, 100)) == 10
    assert budget.ready_at((5, 101)) == inf


@pytest.mark.parametrize("value", [0, -1, nan, inf])
def test_nonsense_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="positive and finite"):
        TokenBucket(value, 1)
    with pytest.raises(ValueError, match="positive and finite"):
        TokenBucket(1, value)
