"""One run of the benchmark, in order: simulate each suite, measure it, show
it; compare it with an earlier run, and deliver the reports.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmark.baseline import read_baseline
from benchmark.caveats import caveats
from benchmark.console import Bar, Screen
from benchmark.delivery import deliver
from benchmark.figures import gallery
from benchmark.files import make_writable, write
from benchmark.fingerprints import fingerprints
from benchmark.judgement import Judgement
from benchmark.machine import cores, machine, versions
from benchmark.report import Report, as_text, report_of
from benchmark.results import SuiteResult, judge
from benchmark.rounds import Bench, Measured
from benchmark.simulate import Job, Outcome, suite_of
from benchmark.suite import Suite, load_suite
from benchmark.thresholds import Threshold
from benchmark.traced import SEEDS as TRACE_SEEDS
from benchmark.traced import replaying, trace_requests
from benchmark.versus import compared
from benchmark.workers import workers
from lab.options import COULD_NOT_JUDGE, OK, WRONG_ANSWER, UsageError
from lab.parts import PartError
from lab.questions import Bank, load_bank
from lab.settings import Settings
from optimizations.errors import LLMError

QUICK_SEEDS, FULL_SEEDS = 5, 20
SEEDS_APART = 1000  # so that --seed 1 and --seed 2 have no seed in common


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line said."""

    suites: tuple[str, ...]
    seed: int = 1
    quick: bool = False
    questions: str | None = None
    trace: str | None = None
    time_scale: float = 1.0
    out: Path = Path("reports")
    compare: Path | None = None
    fail_on: tuple[Threshold, ...] = ()

    @property
    def seeds(self) -> range:
        """Of each suite."""
        first = self.seed * SEEDS_APART
        quick, full = TRACE_SEEDS if self.trace else (QUICK_SEEDS, FULL_SEEDS)
        return range(first, first + (quick if self.quick else full))

    def requests(self, suite: Suite) -> int:
        """So many a seed."""
        if self.trace:
            return trace_requests(self.trace, quick=self.quick)
        return suite.quick_requests if self.quick else suite.requests

    def job(self, suite: Suite, seed: int) -> Job:
        """One seed of a suite."""
        return Job(
            suite.name,
            seed,
            self.requests(suite),
            self.questions,
            self.trace,
            self.time_scale,
            self.quick,
        )

    def recorded(self) -> dict[str, Any]:
        """What decides about the figures, for the report."""
        return {
            "suites": self.suites,
            "seed": self.seed,
            "seeds": list(self.seeds),
            "quick": self.quick,
            "questions": self.questions,
            "trace": self.trace,
            "time_scale": self.time_scale,
        }


def run(
    options: Options, settings: Settings, processes: int | None = None
) -> int:
    """Do all of it; returns the exit code. Raises UsageError, BaselineError
    and QuestionsError before the work begins.
    """
    bank = load_bank(options.questions)
    make_writable(options.out)
    options, left_out = _with_trace(options)
    _check_thresholds(options)
    earlier = read_baseline(options.compare) if options.compare else None
    screen, here = Screen(), machine()
    screen.header(here, options.seed, len(options.seeds))
    results: list[SuiteResult] = []
    with screen.progress() as bar:
        for simulated in _simulated(options, processes, bar):
            result = measured(simulated, options, settings, bank, bar)
            results.append(result)
            with bar.paused():
                screen.suite(result)
        report = _report(options, results, here)
        report["warnings"] += left_out
        code = exit_code(results)
        judgement = Judgement()
        if earlier:
            report["comparison"], judgement = compared(
                earlier, report, str(options.compare), options.fail_on
            )
        names = deliver(report, options.out, bar)
    screen.warnings(report["warnings"])
    if earlier:
        screen.comparison(report["comparison"])
    screen.written(options.out, names)
    if options.compare and not earlier:
        screen.stored(_stored(options.compare, report, code))
    return code or judgement.exit_code


def _with_trace(options: Options) -> tuple[Options, list[str]]:
    """Only the suites that can replay it, and what is said of the others."""
    if not options.trace:
        return options, []
    able, left_out = replaying(options.suites, options.trace)
    return replace(options, suites=tuple(able)), left_out


def _check_thresholds(options: Options) -> None:
    """A metric that no suite has is found out now, not after the work."""
    suites = [load_suite(name) for name in options.suites]
    known = {
        metric.name
        for suite in suites
        for metric in (suite.headline, *suite.columns, *suite.judged)
    }
    for limit in options.fail_on:
        if not limit.measured and limit.metric not in known:
            raise UsageError(
                f"--fail-on {limit}: the metrics are "
                f"{', '.join(sorted(known))}, and measured ones, such as "
                "'measured hit'"
            )


def _report(
    options: Options, results: list[SuiteResult], here: Mapping[str, Any]
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
        warnings=caveats(results, here),
    )


def _stored(path: Path, report: Report, code: int) -> str:
    """The first run with a path that leads nowhere is what later ones are
    compared with.
    """
    if code != OK:
        return f"{path} was not stored to compare with: mend this run first"
    write(path, as_text(report))
    return f"{path} is stored: the next run is compared with it"


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
    outcomes: dict[str, list[Mapping[str, Outcome]]] = {
        suite.name: [] for suite in suites
    }
    bar.phase("simulating", len(jobs))
    with workers(processes or min(cores(), 8)) as crew:
        for job, outcome in zip(jobs, crew.run(jobs), strict=True):
            outcomes[job.suite].append(outcome)
            bar.step()
    for suite in suites:
        yield judge(suite, options.requests(suite), outcomes[suite.name])


def measured(
    result: SuiteResult,
    options: Options,
    settings: Settings,
    bank: Bank,
    bar: Bar,
) -> SuiteResult:
    """What is not there, or breaks, becomes a warning: the rest goes on."""
    bench = Bench(
        bank, options.seed, options.quick, settings.redis_url, bar.step
    )
    name = result.suite.name
    bar.phase(f"{name}: measuring", bench.rounds + 1)
    try:
        found = asyncio.run(result.suite.measure(bench))
    except (PartError, LLMError, ImportError, OSError) as error:
        found = Measured("", warnings=(f"{name}, not measured. {error}",))
    return replace(result, measured=found)


def exit_code(results: list[SuiteResult]) -> int:
    if any(result.wrong for result in results):
        return WRONG_ANSWER
    return COULD_NOT_JUDGE if any(r.unjudged for r in results) else OK
