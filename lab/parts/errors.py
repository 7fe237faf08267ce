"""What a real part can do wrong, each in one sentence that may be shown.

A part that is missing or broken is no reason to stop: the program says what
is the matter and goes on with the rest.
"""

from __future__ import annotations


class PartError(Exception):
    """A real part is not there or does not work: catch this one."""


class PartMissing(PartError):
    """A part is not on this machine."""

    def __init__(self, part: str, how_to_get_it: str) -> None:
        super().__init__(f"{part} is not on this machine: {how_to_get_it}.")


class PartFailed(PartError):
    """A part is there but did not start, or does not answer."""

    def __init__(self, part: str, problem: str, output: str = "") -> None:
        last = f"; its last lines: {output}" if output else "."
        super().__init__(f"{part} {problem}{last}")
