"""What a comparison says: a sentence for each strategy, and a judgement of
each threshold.

A threshold is passed only where the whole interval lies beyond it, by some
strategy. Where a figure that it speaks of could not be compared, it is not
met either: that is said, and has an exit code of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from benchmark.against_earlier.change import (
    MEASURED_PART,
    SIMULATED_PART,
    Change,
    Changes,
    Gap,
)
from benchmark.against_earlier.thresholds import Threshold
from benchmark.intervals.digits import interval_shown
from benchmark.report.data import Report
from benchmark.results.verdicts import lacking
from lab.options import COULD_NOT_JUDGE, OK, WRONG_ANSWER


@dataclass(frozen=True, slots=True)
class Judgement:
    """What became of the thresholds, a sentence each."""

    failed: tuple[str, ...] = ()
    unjudged: tuple[str, ...] = ()
    passed: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """A confirmed regression weighs more than what is not known."""
        if self.failed:
            return WRONG_ANSWER
        return COULD_NOT_JUDGE if self.unjudged else OK


def judgement(changes: Changes, thresholds: Sequence[Threshold]) -> Judgement:
    """Without a threshold nothing fails; but where nothing simulated could be
    compared, that is no comparison.
    """
    if not thresholds:
        exact = [x for x in changes.changes if x.place.part == SIMULATED_PART]
        gaps = [x for x in changes.gaps if x.place.part == SIMULATED_PART]
        return Judgement(unjudged=() if exact else tuple(_reasons(gaps)))
    failed = [
        f"{limit}: {change.worse}: {_sized(change)} ({change.place.suite}, "
        f"{change.place.strategy})"
        for limit in thresholds
        for change in changes.changes
        if change.place.name == limit.metric
        and not change.noisy
        and change.worse_by(limit.percent)
    ]
    unjudged = [line for x in thresholds for line in _unjudged(changes, x)]
    passed = [
        str(limit)
        for limit in thresholds
        if not any(x.startswith(f"{limit}: ") for x in (*failed, *unjudged))
    ]
    return Judgement(tuple(failed), tuple(unjudged), tuple(passed))


def _unjudged(changes: Changes, limit: Threshold) -> Iterator[str]:
    gaps = [gap for gap in changes.gaps if gap.place.name == limit.metric]
    found = [x for x in changes.changes if x.place.name == limit.metric]
    for reason in _reasons(gaps):
        yield f"{limit}: {reason}"
    noisy = [f"{x.place.suite}, {x.place.strategy}" for x in found if x.noisy]
    if noisy:
        yield f"{limit}: too noisy to judge {'; '.join(noisy)}"
    vague = [
        f"{x.place.suite}, {x.place.strategy}"
        for x in found
        if not (x.noisy or x.judgeable or x.worse_by(limit.percent))
    ]
    if vague:
        yield (
            f"{limit}: no interval to judge {'; '.join(vague)} by, for too "
            "few seeds or rounds, or some without end"
        )
    if not gaps and not found:
        yield f"{limit}: nothing has it in both reports"


def _reasons(gaps: Iterable[Gap]) -> Iterator[str]:
    """One line a reason: the suites that it is the reason for, and what."""
    suites: dict[str, dict[str, None]] = {}
    for gap in gaps:
        part = MEASURED_PART if gap.place.part == MEASURED_PART else ""
        suite = f"{gap.place.suite} {part}".strip()
        suites.setdefault(gap.reason, {})[suite] = None
    for reason, names in suites.items():
        yield f"{', '.join(names)}: {reason}"


def gap_notes(changes: Changes) -> list[str]:
    """What could not be compared at all: of each part a line a reason."""
    compared = {(x.place.suite, x.place.part) for x in changes.changes}
    whole = (
        gap
        for gap in changes.gaps
        if gap.gone or (gap.place.suite, gap.place.part) not in compared
    )
    return [f"not compared, {reason}" for reason in _reasons(whole)]


def sentences(
    changes: Changes, now: Report, limits: Sequence[Threshold]
) -> dict[str, dict[str, str]]:
    """By part, then by strategy: what differs, of the metrics that the suite
    is judged by and those that a threshold names.
    """
    wanted = {limit.metric for limit in limits}
    lines: dict[str, dict[str, list[Change]]] = {
        SIMULATED_PART: {},
        MEASURED_PART: {},
    }
    for change in changes.changes:
        place = change.place
        judged = now["simulated"][place.suite]["judged"]
        if (
            place.part == MEASURED_PART
            or place.metric in judged
            or place.name in wanted
        ):
            where = f"{place.suite}, {place.strategy}"
            lines[place.part].setdefault(where, []).append(change)
    return {part: _sentences(of) for part, of in lines.items()}


def _sentences(changes: Mapping[str, Sequence[Change]]) -> dict[str, str]:
    """What is the same stands together at the end, and so does what this
    machine cannot tell: no number of seeds would.
    """
    told: dict[str, str] = {}
    same, unsure = 0, []
    for where, found in changes.items():
        measured = found[0].place.part == MEASURED_PART
        differing = [x for x in found if x.verdict != "same"]
        if measured:
            unsure += [x for x in differing if x.verdict == "cannot tell"]
            differing = [x for x in differing if x not in unsure]
        if differing:
            told[where] = "; ".join(_told(change) for change in differing)
        elif all(x.verdict == "same" for x in found):
            same += 1
    if unsure:
        noisy = sum(change.noisy for change in unsure)
        told["cannot tell"] = f"{len(unsure)} figures, {noisy} of them noisy"
    if same:
        told["the same as before"] = f"{same} {_STRATEGIES[same == 1]}"
    return told


_STRATEGIES = ("strategies", "strategy")


def _told(change: Change) -> str:
    """`slower: p99 1.10 (1.08–1.12) of before`."""
    text = f"{change.word}: {_sized(change)}"
    if change.place.part == MEASURED_PART:
        return text
    return f"{text}{lacking(change.comparison)}"


def _sized(change: Change) -> str:
    ratio, metric = change.comparison.ratio, change.place.metric
    if ratio.sized:
        return f"{metric} {interval_shown(ratio)} of before"
    # nothing, or without end: no ratio says that
    return f"{metric} {change.now} against {change.before} {change.unit}"
