"""`--fail-on p99:10%`: from which change on a run counts as worse.

Noise is no regression, and a gate that cries wolf is switched off. So a
change counts only where its *whole* interval lies beyond the threshold, and
what could not be compared is neither good nor bad: it has an exit code of its
own.

A metric's name is that of the report (`p99`, `bill`, `first word p50`); in
front of what was measured stands "measured": the two are never mixed.
"""

from __future__ import annotations

import argparse
import math
import re
from dataclasses import dataclass

_FORM = re.compile(r"(?P<metric>[^:]*[^:\s])\s*:\s*(?P<percent>[0-9.]+)\s*%")
MEASURED = "measured "
MOST_PERCENT = 1_000_000.0
LONGEST = 60  # characters


@dataclass(frozen=True, slots=True)
class Threshold:
    """By how many percent a metric may get worse."""

    metric: str
    percent: float

    def __str__(self) -> str:
        return f"{self.metric}:{self.percent:g}%"

    @property
    def measured(self) -> bool:
        """Whether it speaks of this machine, not of the virtual clock."""
        return self.metric.startswith(MEASURED)


def threshold(text: str) -> Threshold:
    """Raises `argparse.ArgumentTypeError`, which says what it should be.

    >>> threshold("p99:10%")
    Threshold(metric='p99', percent=10.0)
    """
    found = _FORM.fullmatch(text.strip())
    percent = _number(found["percent"]) if found else math.nan
    plain = text.isprintable() and len(text) <= LONGEST
    if not (found and plain and 0 <= percent <= MOST_PERCENT):
        raise argparse.ArgumentTypeError(
            f"{text[:LONGEST]!r} is not METRIC:PERCENT%, such as p99:10%"
        )
    return Threshold(" ".join(found["metric"].split()), percent)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:  # 1.2.3
        return math.nan
