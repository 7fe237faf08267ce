"""What a constructor may be given.

The problem: a time limit of 0, infinity or NaN is accepted, and shows hours
later, as a request that hangs. So each is refused where it is given, in words
that name it. NaN is neither below nor above anything, so the comparison says
what is wanted, never what is not.
"""

from __future__ import annotations

from math import inf


def positive(**given: float) -> None:
    """Raises `ValueError` for what is no time to wait: 0, less, inf, NaN."""
    for name, seconds in given.items():
        if not 0 < seconds < inf:
            raise ValueError(
                f"{name} must be positive and finite, not {seconds}"
            )


def at_least_one(**given: float) -> None:
    """Raises `ValueError` for what is no count of things to have."""
    for name, count in given.items():
        if not count >= 1:
            raise ValueError(f"{name} must be at least 1, not {count}")


def whole(**given: float) -> None:
    """Raises `ValueError` for what is no whole number, as inf and 2.5."""
    for name, count in given.items():
        if not isinstance(count, int):
            raise ValueError(f"{name} must be a whole number, not {count}")
