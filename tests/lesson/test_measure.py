"""How figures are taken and written."""

from __future__ import annotations

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lesson.measure import duration, figure, money, percentile, share, timed
from optimizations.clock import run_virtual
from optimizations.errors import ConnectionFailed
from tests.helpers import STOP, Scripted, ask


@given(st.lists(st.floats(0, 1e6), min_size=1), st.floats(0.01, 1))
def test_a_percentile_is_a_sample_that_enough_others_do_not_exceed(
    samples: list[float], wanted: float
) -> None:
    value = percentile(samples, wanted)
    assert value in samples
    covered = sum(sample <= value for sample in samples)
    assert covered >= wanted * len(samples) - 1e-9


def test_failures_stay_in_a_percentile() -> None:
    assert percentile([1.0, inf, 2.0, 3.0], 0.5) == 2.0
    assert percentile([1.0, inf], 0.99) == inf
    assert percentile([], 0.5) == inf


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0"),
        (2e-6, "2 µs"),
        (0.25, "250 ms"),
        (75, "75 s"),
        (2000, "2000 s"),
    ],
)
def test_a_duration_is_written_in_the_unit_that_suits(
    seconds: float, text: str
) -> None:
    assert duration(seconds) == text


def test_shares_and_money_are_short() -> None:
    assert share(1, 8) == "12 %"
    assert money(1.5) == "$1.50"
    assert figure(12.34, "%") == "12.3 %"


def test_an_answer_is_timed_to_its_first_text_and_to_its_end() -> None:
    async def main() -> None:
        model = Scripted([1.0, "Hel", 0.5, "lo", STOP])
        told: list[str] = []
        timing = await timed(model, ask(), told.append)
        assert (timing.first_text, timing.total) == (1.0, 1.5)
        assert timing.text == "".join(told) == "Hello"
        assert timing.answered

    run_virtual(main())


def test_an_error_in_the_middle_is_a_result_with_what_came() -> None:
    async def main() -> None:
        model = Scripted(["Hel", ConnectionFailed("gone")])
        timing = await timed(model, ask())
        assert not timing.answered
        assert timing.text == "Hel"
        assert isinstance(timing.error, ConnectionFailed)

    run_virtual(main())
