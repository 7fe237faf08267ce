"""A record to vary, for tests of what reads records."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from optimizations.monitoring.record import Record

GOOD = Record(
    request_id="t-1",
    tenant="t",
    model="mock",
    started=0.0,
    ttft_seconds=0.2,
    e2e_seconds=1.0,
    longest_gap_seconds=0.05,
    prompt_tokens=10,
    completion_tokens=20,
    cached_tokens=4,
    estimated=False,
    nanodollars=13_000,
    outcome="answer",
    code="",
    served_by="mock",
    attempts=1,
    queued_seconds=0.0,
    at=0.0,
)

FAILED = replace(
    GOOD,
    ttft_seconds=None,
    prompt_tokens=0,
    completion_tokens=0,
    cached_tokens=0,
    nanodollars=0,
    outcome="failed",
    code="server_error",
)


def good(**changes: Any) -> Record:
    return replace(GOOD, **changes)


def failed(**changes: Any) -> Record:
    return replace(FAILED, **changes)
