"""Figures as the lesson writes them: as few digits as say it, and a unit."""

from __future__ import annotations

from math import floor, inf, log10


def duration(seconds: float) -> str:
    """Three digits, in the unit that suits.

    >>> duration(0.00123), duration(1.234), duration(inf)
    ('1.23 ms', '1.23 s', 'never')
    """
    if seconds == inf:
        return "never"
    if seconds >= 1:
        return f"{_three_digits(seconds)} s"
    if seconds >= 0.001:
        return f"{_three_digits(seconds * 1000)} ms"
    return f"{_three_digits(seconds * 1e6)} µs" if seconds else "0"


def share(part: float, whole: float) -> str:
    """A part of a whole in percent; "none" of nothing.

    >>> share(1, 3), share(0, 0)
    ('33 %', 'none')
    """
    return f"{part / whole:.0%}".replace("%", " %") if whole else "none"


def times(count: int) -> str:
    """How often, in words.

    >>> times(0), times(1), times(2), times(3)
    ('not at all', 'once', 'twice', '3 times')
    """
    words = {0: "not at all", 1: "once", 2: "twice"}
    return words.get(count, f"{count} times")


def money(dollars: float) -> str:
    """Dollars and cents; below ten cents, three digits that count.

    >>> money(0.001637), money(12.3), money(0)
    ('$0.00164', '$12.30', '$0.00')
    """
    decimals = 2 - floor(log10(dollars)) if 0 < dollars < 0.1 else 2
    return f"${dollars:.{decimals}f}"


def counted(count: int, noun: str) -> str:
    """So many of them.

    >>> counted(1, "slow answer"), counted(0, "slow answer")
    ('1 slow answer', '0 slow answers')
    """
    return f"{count} {noun}" + ("" if count == 1 else "s")


def figure(value: float, unit: str) -> str:
    """A measured or predicted figure, with its unit.

    >>> figure(0.42, "s"), figure(55, "%"), figure(3, "calls")
    ('420 ms', '55 %', '3 calls')
    """
    if unit == "s":
        return duration(value)
    return f"{_three_digits(value)} {unit}"


def _three_digits(value: float) -> str:
    """More only before the point: 999.9 is 1000, not 1e+03."""
    return f"{value:.3g}" if value < 999.5 else f"{value:.0f}"
