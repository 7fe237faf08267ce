"""One run of the benchmark, from options to reports.

The order matters. First everything is simulated, for all suites, on all cores:
that makes the machine busy. Then each suite is measured, alone, and shown as
soon as it is. Last the run is compared with an earlier one, and the reports
are written, all of them or none.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmark.against_earlier.earlier_report import read_earlier_report
from benchmark.against_earlier.gate import check_thresholds, look_back
from benchmark.console import Bar, Screen
from benchmark.figures import gallery
from benchmark.measured.machine import cores, machine, versions
from benchmark.measured.rounds import Bench, Measured
from benchmark.options import Options
from benchmark.report.data import (
    Report,
    as_json,
    measured_part,
    report_of,
    simulated_part,
)
from benchmark.report.delivery import check_deliverable, deliver
from benchmark.report.files import make_writable, write
from benchmark.results.caveats import caveats
from benchmark.results.standings import SuiteResult, judge
from benchmark.simulated.conduct import conduct
from benchmark.simulated.fingerprints import fingerprints
from benchmark.simulated.simulate import (
    Problem,
    SeedResult,
    simulate,
    suite_of,
)
from benchmark.simulated.traced import replaying
from benchmark.simulated.workers import WorkerLost, workers
from benchmark.study import Finding, Study
from benchmark.suite import load_suite
from lab.options import COULD_NOT_JUDGE, OK, WRONG_ANSWER
from lab.parts import PartError
from lab.questions import Bank, load_bank
from lab.settings import Settings
from optimizations.errors import LLMError

Work = tuple[Callable[[Any], Any], Any]

NOT_MEASURED = (PartError, LLMError, ImportError, OSError)
"""What leaves a suite unmeasured, with a word of it, and the rest goes on."""


class RunFailed(Exception):
    """The run could not be ended; the message says why."""


def run(
    options: Options, settings: Settings, processes: int | None = None
) -> int:
    """Do all of it; returns the exit code. Raises UsageError,
    EarlierReportError and QuestionsError before the work begins, RunFailed
    where it could not be ended.
    """
    bank = load_bank(options.questions)
    make_writable(options.out)
    check_deliverable(options.out, options.compare)
    options, left_out = _with_trace(options)
    path = options.compare
    earlier = read_earlier_report(path) if path else None
    check_thresholds(options, earlier)
    screen, here = Screen(), machine()
    screen.header(here, options.seed, len(options.seeds))
    results: list[SuiteResult] = []
    with screen.progress() as bar, _no_worker_lost():
        for simulated in _simulated(options, processes, bar):
            result = measured(simulated, options, settings, bank, bar)
            results.append(result)
            with bar.paused():
                _show(screen, result)
        report = _report(options, results, here)
        report["warnings"] += left_out
        code = exit_code(results)
        judgement = look_back(options, earlier, report)
        with writing(options.out):
            names = deliver(report, options.out, bar)
    screen.warnings(report["warnings"])
    if report["comparison"]:
        screen.comparison(report["comparison"])
    screen.written(options.out, names)
    if path and not earlier:
        screen.stored(_stored(path, report, code))
    screen.check()
    return code or judgement.exit_code


@contextmanager
def writing(where: Path) -> Iterator[None]:
    """A full disk is told in a sentence that says where."""
    try:
        yield
    except OSError as error:
        place = error.filename2 or error.filename or where
        reason = error.strerror or error
        raise RunFailed(f"cannot write {place}: {reason}") from None


@contextmanager
def _no_worker_lost() -> Iterator[None]:
    try:
        yield
    except WorkerLost as error:
        raise RunFailed(f"{error}: nothing was written") from None


def _show(screen: Screen, result: SuiteResult) -> None:
    simulated = simulated_part(result, {})
    found = measured_part(result.measured, result.found("measured"))
    screen.suite(result.suite.name, simulated, found)


def _with_trace(options: Options) -> tuple[Options, list[str]]:
    """Only the suites that can replay it, and what is said of the others."""
    if not options.trace:
        return options, []
    able, left_out = replaying(options.suites, options.trace)
    return replace(options, suites=tuple(able)), left_out


def _report(
    options: Options, results: Sequence[SuiteResult], here: Mapping[str, Any]
) -> dict[str, Any]:
    return report_of(
        options=options.recorded(),
        versions=versions(),
        machine=here,
        at=f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC",
        results=results,
        figures=gallery.all_figures(results),
        workloads={
            result.suite.name: fingerprints(options.job(result.suite, 0))
            for result in results
        },
        warnings=caveats(
            results, here, quick=options.quick, traced=bool(options.trace)
        ),
    )


def _stored(path: Path, report: Report, code: int) -> str:
    """The first run with a path that leads nowhere is what later ones are
    compared with.
    """
    if code != OK:
        return f"{path} was not stored to compare with: mend this run first"
    with writing(path):
        write(path, as_json(report))
    return f"{path} is stored: the next run is compared with it"


def _do(work: Work) -> Any:
    task, job = work
    return task(job)


def _simulated(
    options: Options, processes: int | None, bar: Bar
) -> Iterator[SuiteResult]:
    """All suites, before anything is measured: that wants a quiet machine."""
    first = options.seeds[0]
    suites = [
        suite_of(options.job(load_suite(name), first))
        for name in options.suites
    ]
    jobs = [
        options.job(suite, seed) for suite in suites for seed in options.seeds
    ]
    studies = [
        options.study_job(suite, study)
        for suite in suites
        for study in suite.studies
        if study.clock == "simulated"
    ]
    results: dict[str, list[Mapping[str, SeedResult]]] = {
        suite.name: [] for suite in suites
    }
    findings: dict[str, dict[str, Finding | Problem]] = {
        suite.name: {} for suite in suites
    }
    # Together, and what takes longest first, so that no core has to wait.
    work: list[Work] = [(conduct, study) for study in studies]
    work += [(simulate, job) for job in jobs]
    bar.phase("simulating", len(work))
    with workers(processes or min(cores(), 8)) as crew:
        done = crew.map(_do, work)
        for study, found in zip(studies, done, strict=False):
            findings[study.suite][study.study] = found
            bar.step()
        for job, result in zip(jobs, done, strict=True):
            results[job.suite].append(result)
            bar.step()
    for suite in suites:
        name = suite.name
        judged = judge(suite, options.requests(suite), results[name])
        yield replace(judged, findings=findings[name])


def measured(
    result: SuiteResult,
    options: Options,
    settings: Settings,
    bank: Bank,
    bar: Bar,
) -> SuiteResult:
    """What is not there, or breaks, becomes a warning: the rest goes on."""
    bench = Bench(
        bank,
        options.seed,
        options.quick,
        settings.redis_url,
        options.peers,
        bar.step,
    )
    name = result.suite.name
    bar.phase(f"{name}: measuring", bench.rounds + 1)
    try:
        found = asyncio.run(result.suite.measure(bench))
    except NOT_MEASURED as error:
        found = Measured("", warnings=(f"{name}, not measured. {error}",))
    findings = dict(result.findings)
    for study in result.suite.studies:
        if study.clock == "measured" and study.peers <= bench.peers:
            bar.phase(f"{name}: {study.name}", bench.rounds + 1)
            findings[study.name] = _studied(study, bench)
    return replace(result, measured=found, findings=findings)


def _studied(study: Study, bench: Bench) -> Finding | Problem:
    try:
        return asyncio.run(study.run(bench))
    except NOT_MEASURED as error:
        return Problem(True, str(error))


def exit_code(results: Sequence[SuiteResult]) -> int:
    """Of the strategies: wrong weighs more than not judged."""
    if any(result.wrong for result in results):
        return WRONG_ANSWER
    return COULD_NOT_JUDGE if any(r.unjudged for r in results) else OK
