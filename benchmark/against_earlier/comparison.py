"""The comparison with an earlier report, as a part of the new one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from benchmark.against_earlier.change import Change, Changes, printable
from benchmark.against_earlier.changes import compare_reports
from benchmark.against_earlier.judgement import (
    Judgement,
    gap_notes,
    judgement,
    sentences,
)
from benchmark.against_earlier.thresholds import Threshold
from benchmark.report.data import Report, finite, interval


def compared(
    before: Report,
    now: Report,
    file: str,
    thresholds: Sequence[Threshold],
) -> tuple[dict[str, Any], Judgement]:
    """Plain values for the report, and what became of the thresholds."""
    changes = compare_reports(before, now)
    verdict = judgement(changes, thresholds)
    part = {
        "with": _described(before, now, file),
        "thresholds": [str(limit) for limit in thresholds],
        "failed": verdict.failed,
        "could_not_judge": verdict.unjudged,
        "passed": verdict.passed,
        "sentences": sentences(changes, now, thresholds),
        "notes": gap_notes(changes),
        "same": sum(x.verdict == "same" for x in changes.changes),
        "changes": [
            _change(x) for x in changes.changes if x.verdict != "same"
        ],
        "gaps": _gaps(changes),
    }
    plain = finite(part)
    assert isinstance(plain, dict)
    return plain, verdict


def _described(before: Report, now: Report, file: str) -> str:
    then, this = before["versions"]["source"], now["versions"]["source"]
    source = "the same source" if then == this else f"source {printable(then)}"
    paired = before["options"]["seeds"] == now["options"]["seeds"]
    seeds = (
        "the same seeds, so simulated figures are compared seed by seed"
        if paired
        else "other seeds, so simulated figures are compared unpaired, which "
        "tells less"
    )
    return f"{file}, {printable(before['measured']['at'])}, {source}; {seeds}."


def _change(change: Change) -> dict[str, Any]:
    return {
        "suite": change.place.suite,
        "part": change.place.part,
        "strategy": change.place.strategy,
        "metric": change.place.metric,
        "unit": change.unit,
        "before": interval(change.before),
        "now": interval(change.now),
        "ratio": interval(change.comparison.ratio),
        "paired": change.paired,
        "noisy": change.noisy,
        "verdict": change.verdict,
        "word": change.word,
    }


def _gaps(changes: Changes) -> list[dict[str, str]]:
    return [
        {
            "suite": gap.place.suite,
            "part": gap.place.part,
            "strategy": gap.place.strategy,
            "metric": gap.place.metric,
            "reason": gap.reason,
        }
        for gap in changes.gaps
    ]
