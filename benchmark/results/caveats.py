"""What a reader should know before quoting a figure, and what to do about it:
one block at the end, rather than warnings all over the results.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from benchmark.metrics import P95, P95_AS_SENT
from benchmark.results import SuiteResult
from benchmark.statistics import SAMPLES_FOR_P99


def caveats(
    results: Iterable[SuiteResult], machine: Mapping[str, str | int | float]
) -> list[str]:
    """Each suite's own, then what several share."""
    results = list(results)
    lines = [line for result in results for line in _of(result)]
    if short := [r.suite.name for r in results if r.samples_lacking]:
        lines.append(
            f"{', '.join(short)}: no p99, which takes {SAMPLES_FOR_P99:,} "
            "requests a seed. Run without --quick"
        )
    return [*lines, *_noise(results, machine)]


def _of(result: SuiteResult) -> Iterator[str]:
    name = result.suite.name
    for standing in result.standings:
        where = f"{name}, {standing.strategy.key}"
        if standing.problem and standing.problem.missing:
            yield f"{where}: left out. {standing.problem.message}"
        if standing.judged and standing.sent_late:
            yield (
                f"{where}: sent late. Its p95 is "
                f"{standing.figure(P95_AS_SENT)} s from when it was sent, "
                f"{standing.figure(P95)} s from when it was due. Quote the "
                "latter"
            )
        if standing.judged and standing.still_growing:
            yield (
                f"{where}: its queue still grew at the end, so its tail "
                "depends on how long the run was. Read it as: never"
            )
    yield from result.measured.warnings
    if result.measured.invalid:
        yield f"{name}, measured: invalid. {result.measured.invalid}"


def _noise(
    results: Iterable[SuiteResult], machine: Mapping[str, str | int | float]
) -> Iterator[str]:
    noisy = [
        f"{r.suite.name} ({count} of {len(r.measured.series)})"
        for r in results
        if (count := sum(series.noisy for series in r.measured.series))
    ]
    if noisy:
        yield (
            f"measured figures that were noisy: {', '.join(noisy)}. Close "
            "what else runs here, and run again without --quick"
        )
    load, cores = float(machine["load"]), int(machine["cores"])
    if load > cores:
        yield (
            f"this machine was busy before the run began: load {load:g} on "
            f"{cores} cores. Simulated figures do not mind; measured ones "
            "do, so run again when it rests"
        )
