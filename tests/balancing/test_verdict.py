"""What an error says about the replica."""

from __future__ import annotations

import asyncio

import pytest

from optimizations.balancing.verdict import Outcome, judge
from optimizations.errors import (
    BadRequest,
    CircuitOpen,
    ConnectionFailed,
    DeadlineExceeded,
    Incomplete,
    Overloaded,
    TimedOut,
    UpstreamError,
)


@pytest.mark.parametrize(
    "error",
    [
        TimedOut("first token", 10),
        ConnectionFailed("gone"),
        Incomplete("half"),
        UpstreamError("broken", status=500),
        UpstreamError("overloaded", status=529),
        UpstreamError("this replica has a wrong key", status=401),
    ],
)
def test_what_the_replica_broke_is_its_failure(error: Exception) -> None:
    assert judge(error) is Outcome.FAILURE


@pytest.mark.parametrize(
    "error",
    [
        asyncio.CancelledError(),
        GeneratorExit(),
        BadRequest("too long"),
        UpstreamError("no such model", status=404),
        DeadlineExceeded(),
        Overloaded("full"),
        CircuitOpen("open"),
        RuntimeError("a bug of ours"),
    ],
)
def test_what_the_caller_or_we_did_says_nothing(error: BaseException) -> None:
    assert judge(error) is Outcome.NEITHER


def test_a_429_comes_from_a_replica_that_is_alive() -> None:
    assert judge(UpstreamError("slow down", status=429)) is Outcome.THROTTLED
