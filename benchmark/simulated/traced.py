"""A suite whose customers come from a trace, instead of being made up.

What a trace has is when each request came and how many tokens it had; it has
no words. So a suite about *who is asked* can replay it, one about *what is
asked* can not, and is left out. With a trace the traffic is the same in each
seed: seeds are then of the provider's chance alone. That is why they are few:
the trace itself is the sample, a long one, and more seeds say nothing of
another hour. Still they are as many as a sign test needs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from benchmark import SUITES
from benchmark.intervals.estimates import FEWEST
from benchmark.suite import Suite, load_suite
from lab.options import UsageError
from lab.printable import printable
from lab.replay import replay
from lab.traces import TraceError, TraceRequest, read_trace
from lab.traffic import Arrival

QUICK_REQUESTS = 1000  # of the trace; without --quick, all
SEEDS = FEWEST


def trace_requests(path: str, *, quick: bool) -> int:
    """So many requests of it are replayed. Raises UsageError."""
    total = len(_trace(path))
    return min(total, QUICK_REQUESTS) if quick else total


def replaying(names: Sequence[str], path: str) -> tuple[list[str], list[str]]:
    """Which suites replay the trace, and what is to be said of the others.
    Raises UsageError where none does, or the trace can't be read.
    """
    _trace(path)
    able = [name for name in names if load_suite(name).traced]
    others = [name for name in names if name not in able]
    if not able:
        can = [name for name in SUITES if load_suite(name).traced]
        raise UsageError(
            f"--trace: {', '.join(others)} can't replay one; "
            f"{', '.join(can)} can"
        )
    if not others:
        return able, []
    return able, [
        f"{', '.join(others)}: left out, a trace can't be replayed there"
    ]


def traced(suite: Suite, path: str, time_scale: float, requests: int) -> Suite:
    """This suite with the trace's first `requests` requests."""
    total = len(_trace(path))
    part = "" if requests == total else f"the first {requests:,} of "
    return replace(
        suite,
        strategies=suite.traced,
        workload=lambda trial: _arrivals(path, time_scale, trial.requests),
        setting=f"Trace: {printable(Path(path).name)}, {part}{total:,} "
        f"requests, time scale {time_scale:g}. {suite.traced_setting}. The "
        "seeds differ in the provider's chance alone, so the intervals say "
        "nothing of another hour",
        situations={},
    )


def _arrivals(path: str, time_scale: float, count: int) -> list[Arrival]:
    return replay(_trace(path)[:count], time_scale=time_scale, streamed=False)


@lru_cache(maxsize=1)
def _trace(path: str) -> list[TraceRequest]:
    try:
        return read_trace(path)
    except TraceError as error:
        raise UsageError(str(error)) from None
