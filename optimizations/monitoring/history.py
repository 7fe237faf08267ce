"""History: what earlier runs measured, in one file that only grows at its end.

A figure alone says little; whether it got worse since last week says much. So
each run appends one line of JSON, in a single write to a file opened for
appending: two runs that end together do not mix their lines, and a crash
damages one line at most. Reading skips damaged lines and counts them, so that
a bad line costs one run and never the history.

When it does not help: runs on different machines are different series; put the
machine in the label. A trend needs a few earlier runs, and says nothing about
noise: judge by the spread of the values, which are kept.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf, isfinite, isnan
from pathlib import Path
from statistics import median
from typing import Any

_MARKS = "▁▂▃▄▅▆▇█"
_LATEST = 2**37  # in the year 6325; what a calendar can still write
_LARGEST = 1e15  # of all that anybody measures
_DAMAGE = (
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    OverflowError,
    RecursionError,
)


@dataclass(frozen=True, slots=True)
class Run:
    """The figures of one run. A figure may be infinite, never NaN."""

    at: float  # wall clock, seconds since 1970
    label: str  # what ran and where; only equal labels are compared
    figures: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Trend:
    """How one figure went, oldest first; the last value is the newest run."""

    figure: str
    values: tuple[float, ...]

    @property
    def latest(self) -> float:
        """Of the newest run."""
        return self.values[-1]

    @property
    def median_before(self) -> float | None:
        """Of the earlier runs; None where there are none."""
        return median(self.values[:-1]) if len(self.values) > 1 else None

    @property
    def change_percent(self) -> float | None:
        """Of the latest against the earlier median; None where that cannot be
        said.
        """
        before = self.median_before
        if before is None or before == 0 or not isfinite(before):
            return None
        return 100 * (self.latest - before) / before


class History:
    """One file of runs. Reads the newest `max_runs`; `damaged` counts the
    lines that the last reading had to skip.
    """

    def __init__(self, path: Path | str, *, max_runs: int = 10_000) -> None:
        if max_runs < 1:
            raise ValueError(f"max_runs must be at least 1, not {max_runs}")
        self.path = Path(path)
        self.damaged = 0
        self._max_runs = max_runs

    def append(self, run: Run) -> None:
        """Add a run, in one write. Raises OSError where the disk is full."""
        line = json.dumps(_encode(run), allow_nan=False).encode() + b"\n"
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with open(self.path, "a+b", buffering=0) as file:
            if file.seek(0, 2) > 0:
                file.seek(-1, 2)
                if file.read(1) != b"\n":  # a crash left half a line behind
                    line = b"\n" + line
            if file.write(line) != len(line):
                raise OSError(f"only part of a run was written: {self.path}")

    def runs(self, label: str | None = None) -> list[Run]:
        """Oldest first; all labels, or one."""
        self.damaged = 0
        kept: deque[Run] = deque(maxlen=self._max_runs)
        if not self.path.exists():
            return []
        with open(self.path, "rb") as file:
            for line in file:
                if not line.strip():
                    continue
                run = _decode(line)
                if run is None:
                    self.damaged += 1
                elif label is None or run.label == label:
                    kept.append(run)
        return list(kept)

    def trend(self, label: str, figure: str, last: int = 20) -> Trend | None:
        """The figure over the newest `last` runs that have it; None where no
        run has.
        """
        values = [
            run.figures[figure]
            for run in self.runs(label)
            if figure in run.figures
        ][-last:]
        return Trend(figure, tuple(values)) if values else None


def sparkline(values: Sequence[float], marks: str = _MARKS) -> str:
    """The values as a row of marks, lowest to highest. What is infinite gets
    the highest.

    >>> sparkline([1, 2, 3, 4, 5, 6, 7, 8])
    '▁▂▃▄▅▆▇█'
    >>> sparkline([3, 1, 9], marks="0123456789")
    '209'
    """
    finite = [value for value in values if isfinite(value)]
    low, high = min(finite, default=0.0), max(finite, default=0.0)
    span = (high - low) or 1.0
    return "".join(
        marks[-1]
        if value == inf
        else marks[round((value - low) / span * (len(marks) - 1))]
        for value in values
    )


def _encode(run: Run) -> dict[str, Any]:
    """JSON has no infinity: it is written as a string."""
    if any(isnan(value) for value in run.figures.values()):
        raise ValueError("a figure must be a number, not NaN")
    figures = {
        name: value if isfinite(value) else str(value)
        for name, value in run.figures.items()
    }
    return {"at": run.at, "label": run.label, "figures": figures}


def _decode(line: bytes) -> Run | None:
    """None for what no run of ours can have written, whoever did."""
    try:
        read = json.loads(line)
        figures = {
            str(name): float(value) for name, value in read["figures"].items()
        }
        run = Run(float(read["at"]), str(read["label"]), figures)
    except _DAMAGE:
        return None
    sane = 0 <= run.at < _LATEST and not any(
        isnan(value) or value == -inf or _LARGEST < abs(value) < inf
        for value in run.figures.values()
    )
    return run if sane else None
