"""What makes no sense is refused where it is given, by its name."""

from __future__ import annotations

from math import inf, nan

import pytest

from optimizations.arguments import at_least_one, positive, whole


@pytest.mark.parametrize("bad", [0, -1, inf, nan])
def test_no_time_and_all_time_are_refused(bad: float) -> None:
    positive(read_seconds=0.1)
    with pytest.raises(
        ValueError, match="read_seconds must be positive and finite"
    ):
        positive(write_seconds=1, read_seconds=bad)


@pytest.mark.parametrize("bad", [2.5, 2.0, inf, nan])
def test_what_is_counted_is_whole(bad: float) -> None:
    whole(width=0)
    with pytest.raises(ValueError, match="width must be a whole number"):
        whole(height=3, width=bad)


@pytest.mark.parametrize("bad", [0, -1, nan, 0.5])
def test_no_room_is_refused(bad: float) -> None:
    at_least_one(width=1, max_entries=inf)
    with pytest.raises(ValueError, match="max_entries must be at least 1"):
        at_least_one(width=5, max_entries=bad)
