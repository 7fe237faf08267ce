"""What a reader should know before quoting a figure, and what to do about it:
one block at the end, rather than warnings all over the results.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from benchmark.intervals.digits import duration_shown
from benchmark.intervals.estimates import FEWEST
from benchmark.results.metrics import P95, P95_AS_SENT, SAMPLES_FOR_P99
from benchmark.results.standings import Standing, SuiteResult
from benchmark.simulated.simulate import Problem


def caveats(
    results: Iterable[SuiteResult],
    machine: Mapping[str, str | int | float],
    *,
    quick: bool,
    traced: bool = False,
) -> list[str]:
    """Each suite's own, then what several share. A full run is not told to
    leave out --quick, nor is one whose trace has no more.
    """
    results = list(results)
    lines = [line for result in results for line in _of(result)]
    if short := [r for r in results if r.samples_lacking]:
        names = ", ".join(f"{r.suite.name} ({r.requests:,})" for r in short)
        advice = ". Run without --quick" if quick and not traced else ""
        lines.append(
            f"{names}: no p99, which takes {SAMPLES_FOR_P99:,} requests a "
            f"seed{advice}"
        )
    if few := [r.suite.name for r in results if r.seeds < FEWEST]:
        lines.append(
            f"{', '.join(few)}: fewer than {FEWEST} seeds cannot tell where "
            "something fails, or costs nothing"
        )
    return [*lines, *_noise(results, machine, quick)]


def _of(result: SuiteResult) -> Iterator[str]:
    name = result.suite.name
    for standing in result.standings:
        where = f"{name}, {standing.strategy.key}"
        if standing.problem and standing.problem.missing:
            yield f"{where}: left out. {standing.problem.message}"
        if standing.judged:
            yield from (f"{where}: {text}" for text in _misleading(standing))
    yield from (f"{name}: {text}" for text in result.suite.warnings)
    for study, found in result.findings.items():
        if isinstance(found, Problem):
            yield f"{name}, {study}: left out. {found.message}"
        else:
            yield from (f"{name}, {study}: {t}" for t in found.warnings)
    yield from result.measured.warnings
    if result.measured.invalid:
        yield f"{name}, measured: invalid. {result.measured.invalid}"


def _misleading(standing: Standing) -> Iterator[str]:
    """That a closed loop sends late is what it is there to show."""
    sent, due = standing.figure(P95_AS_SENT), standing.figure(P95)
    if standing.sent_late and not standing.strategy.scheduled and sent and due:
        yield (
            f"sent late. Its p95 is {duration_shown(sent)} from when it was "
            f"sent, {duration_shown(due)} from when it was due. Quote the "
            "latter"
        )
    if standing.still_growing:
        yield (
            "its queue still grew at the end, so its tail depends on how long "
            "the run was. Read it as: never"
        )


def _noise(
    results: Iterable[SuiteResult],
    machine: Mapping[str, str | int | float],
    quick: bool,
) -> Iterator[str]:
    noisy = [
        f"{r.suite.name} ({count} of {len(r.measured.series)})"
        for r in results
        if (count := sum(series.noisy for series in r.measured.series))
    ]
    if noisy:
        yield (
            f"measured figures that were noisy: {', '.join(noisy)}. Close "
            f"what else runs here, and run again{' without --quick' * quick}"
        )
    load, cores = float(machine["load"]), int(machine["cores"])
    if load > cores:
        yield (
            f"this machine was busy before the run began: load {load:g} on "
            f"{cores} cores. Simulated figures do not mind; measured ones "
            "do, so run again when it rests"
        )
